"""The list of layers: what can be done in it with the mouse and with keys, and what it says aloud."""

import pytest
from drawn_designs import NAMES
from editor_pages import LEVELS, EditorPage, are_alike, most_different
from own_requests import node_names, nodes
from playwright.sync_api import expect
from watched_pages import Watched


def test_ten_layers_of_a_poster_are_listed_and_look_as_the_server_composites_them(poster: EditorPage) -> None:
    poster.page.set_viewport_size({"width": 1500, "height": 1200})
    assert len(poster.names()) == 10
    before = poster.preview()
    assert most_different(poster.shown(), before) <= LEVELS
    with poster.edits():
        poster.button("Hide Headline: SUMMER FAIR").click()
    after = poster.preview()
    assert most_different(after, before) > 100
    assert most_different(poster.shown(), after) <= LEVELS


def test_what_is_shown_is_what_the_server_composites(editor: EditorPage) -> None:
    with editor.edits():
        editor.button("Hide Label").click()
    with editor.edits():
        editor.select("Ring")
        editor.page.get_by_label("Opacity").fill("40")
    with editor.edits():
        editor.page.get_by_label("Blend mode").select_option("multiply")
    with editor.edits():
        editor.select("Square")
        editor.page.get_by_label("Blend mode").select_option("screen")
    assert (editor.node("Ring")["opacity"], editor.node("Square")["blend"]) == (102, "screen")
    assert most_different(editor.shown(), editor.preview()) <= LEVELS


def test_all_blend_modes_look_as_on_the_server(editor: EditorPage) -> None:
    modes = editor.page.get_by_label("Blend mode")
    editor.select("Ring")
    for mode in modes.locator("option").all_text_contents()[1:]:
        editor.select("Ring")
        with editor.edits():
            modes.select_option(mode)
        assert (most_different(editor.shown(), editor.preview()) <= LEVELS, mode) == (True, mode)


def test_the_eye_hides_a_group_with_its_members(editor: EditorPage) -> None:
    with editor.edits():
        editor.button("Hide Card").click()
    for name in ("Panel", "Label"):
        expect(editor.page.locator(f"img.layer[alt={name}]")).to_be_hidden()
    with editor.edits():
        editor.button("Show Card").click()
    expect(editor.page.locator("img.layer[alt=Panel]")).to_be_visible()


def test_alt_click_on_the_eye_shows_one_layer_alone(editor: EditorPage) -> None:
    editor.button("Hide Ring").click(modifiers=["Alt"])
    expect(editor.page.locator("img.layer[alt=Background]")).to_be_hidden()
    expect(editor.page.locator("img.layer[alt=Ring]")).to_be_visible()
    editor.button("Hide Ring").click(modifiers=["Alt"])
    expect(editor.page.locator("img.layer[alt=Background]")).to_be_visible()
    assert editor.stack()["revision"] == 1  # it is a way of looking, not an edit


def test_a_layer_that_is_alone_is_shown_even_if_it_is_hidden(editor: EditorPage) -> None:
    with editor.edits():
        editor.button("Hide Ring").click()
    editor.button("Show Ring").click(modifiers=["Alt"])
    expect(editor.page.locator("img.layer[alt=Ring]")).to_be_visible()
    editor.page.keyboard.press("Escape")
    expect(editor.page.locator("img.layer[alt=Ring]")).to_be_hidden()


def test_a_locked_layer_is_not_dragged_or_changed(editor: EditorPage) -> None:
    with editor.edits():
        editor.button("Lock Square").click()
    editor.select("Square")
    editor.drag_on_canvas((320, 60), (250, 100))
    editor.page.keyboard.press("ArrowLeft")
    editor.page.keyboard.press("Delete")
    expect(editor.page.get_by_text("The layer is locked.")).to_be_visible()
    for label in ("X", "Y", "Width", "Height"):
        expect(editor.page.get_by_label(label, exact=True)).to_be_disabled()
    for label in ("Opacity", "Blend mode"):
        expect(editor.page.get_by_label(label)).to_be_disabled()
    with editor.edits():
        editor.button("Unlock Square").click()
    assert editor.node("Square")["bbox"] == [300, 40, 40, 40]


def test_members_of_a_locked_group_are_locked(editor: EditorPage) -> None:
    with editor.edits():
        editor.button("Lock Card").click()
    editor.drag_on_canvas((300, 240), (250, 100))
    assert editor.selected() == ["Panel"]
    expect(editor.page.get_by_text("The layer is locked.")).to_be_visible()
    assert editor.node("Panel")["bbox"] == [180, 180, 160, 80]


@pytest.mark.parametrize("how", ["F2", "double click"])
def test_renaming(editor: EditorPage, how: str) -> None:
    if how == "F2":
        editor.select("Ring")
        editor.page.keyboard.press("F2")
    else:
        editor.name_of("Ring").dblclick()
    name = editor.page.get_by_label("Name of the layer")
    expect(name).to_be_focused()
    with editor.edits():
        name.fill("Wheel & <b>tyre</b>")
        name.press("Enter")
    expect(editor.page.locator(".layer-name .name").nth(4)).to_have_text("Wheel & <b>tyre</b>")
    assert "Wheel & <b>tyre</b>" in nodes(editor.stack())


def test_escape_keeps_the_name(editor: EditorPage) -> None:
    editor.select("Ring")
    editor.page.keyboard.press("F2")
    editor.page.get_by_label("Name of the layer").fill("Wheel")
    editor.page.keyboard.press("Escape")
    expect(editor.name_of("Ring")).to_be_focused()
    assert editor.selected() == ["Ring"]
    assert editor.stack()["revision"] == 1


def test_rows_are_dragged_up_down_and_into_groups(editor: EditorPage) -> None:
    with editor.edits():
        drag_row(editor, "Ring", "Card", 0.1)
    editor.expect_names(["Ring", "Card", "Label", "Panel", "Square", "Background"])
    editor.announced("Ring moved to 1 of 4")
    with editor.edits():
        drag_row(editor, "Ring", "Background", 0.2)
    with editor.edits():
        drag_row(editor, "Square", "Card", 0.5)
    editor.expect_names(["Card", "Square", "Label", "Panel", "Ring", "Background"])
    assert node_names(editor.stack()) == editor.names()
    assert [node["name"] for node in editor.node("Card")["layers"]] == ["Panel", "Label", "Square"]


def test_escape_ends_the_drag_of_a_row(editor: EditorPage) -> None:
    drag_row(editor, "Ring", "Card", 0.1, drops=False)
    editor.page.keyboard.press("Escape")
    editor.page.mouse.up()
    editor.expect_names(NAMES)
    assert editor.stack()["revision"] == 1


def test_layers_are_reordered_by_keys_and_the_place_is_told(editor: EditorPage) -> None:
    editor.select("Ring")
    with editor.edits():
        editor.page.keyboard.press("Control+BracketRight")
    editor.announced("Ring moved to 2 of 4")
    with editor.edits():
        editor.page.keyboard.press("Control+Shift+BracketLeft")
    editor.announced("Ring moved to 4 of 4")
    editor.expect_names(["Card", "Label", "Panel", "Square", "Background", "Ring"])
    assert node_names(editor.stack()) == editor.names()


def test_grouping_and_ungrouping(editor: EditorPage) -> None:
    editor.select("Square")
    editor.name_of("Ring").click(modifiers=["Control"])
    with editor.edits():
        editor.page.keyboard.press("Control+g")
    group = editor.stack()["layers"][1]
    assert group["type"] == "group"
    assert [node["name"] for node in group["layers"]] == ["Ring", "Square"]
    assert editor.selected() == [group["name"]]
    with editor.edits():
        editor.page.keyboard.press("Control+Shift+g")
    editor.expect_names(NAMES)
    assert editor.selected() == ["Square", "Ring"]


def test_a_closed_group_lists_no_members(editor: EditorPage) -> None:
    editor.button("Close group Card").click()
    editor.expect_names(["Card", "Square", "Ring", "Background"])
    editor.button("Open group Card").click()
    editor.expect_names(NAMES)


@pytest.mark.parametrize(
    ("keys", "left"),
    [
        ("Control+Shift+e", ["Card", "Label", "Panel", None, "Background"]),
        ("Control+j", ["Card", "Label", "Panel", "Square copy", "Square", "Ring copy", "Ring", "Background"]),
        ("Delete", ["Card", "Label", "Panel", "Background"]),
        ("Control+Shift+h", NAMES),
    ],
)
def test_several_layers_at_once(editor: EditorPage, keys: str, left: list[str | None]) -> None:
    before = editor.preview()
    editor.select("Square")
    editor.name_of("Ring").click(modifiers=["Shift"])
    assert editor.selected() == ["Square", "Ring"]
    expect(editor.page.locator(".properties-panel")).to_contain_text("2 layers selected")
    with editor.edits():
        editor.page.keyboard.press(keys)
    expect(editor.page.locator(".layer-name")).to_have_count(len(left))
    there = node_names(editor.stack())
    assert [name for name, wanted in zip(there, left, strict=True) if wanted] == [name for name in left if name]
    if keys == "Control+Shift+e":
        assert most_different(editor.preview(), before) == 0


def test_merge_down_and_flatten(editor: EditorPage) -> None:
    before = editor.preview()
    editor.select("Label")
    with editor.edits():
        editor.page.keyboard.press("Control+e")
    editor.expect_names(["Card", "Panel", "Square", "Ring", "Background"])
    editor.select("Card")
    with editor.edits():
        editor.button("Flatten").click()
    editor.expect_names(["Card", "Square", "Ring", "Background"])
    assert editor.node("Card")["type"] == "layer"
    assert most_different(editor.preview(), before) == 0


def test_numbers_move_and_resize(editor: EditorPage) -> None:
    editor.select("Square")
    for label, value in (("X", "10"), ("Y", "20"), ("Width", "80"), ("Height", "30")):
        field = editor.page.get_by_label(label, exact=True)
        with editor.edits():
            field.fill(value)
            field.press("Enter")
    field.press("Escape")
    assert editor.node("Square")["bbox"] == [10, 20, 80, 30]
    assert are_alike(editor.shown(), editor.preview())


@pytest.mark.parametrize(("label", "value"), [("Width", "0"), ("Height", "-5"), ("X", "")])
def test_numbers_that_cannot_be_are_not_taken(editor: EditorPage, label: str, value: str) -> None:
    editor.select("Square")
    field = editor.page.get_by_label(label, exact=True)
    was = field.input_value()
    field.fill(value)
    field.press("Tab")
    expect(field).to_have_value(was)
    assert editor.stack()["revision"] == 1


def test_a_number_beyond_what_the_server_takes_is_told(editor: EditorPage, watched: Watched) -> None:
    watched.allowed.append("422")
    editor.select("Square")
    field = editor.page.get_by_label("X", exact=True)
    field.fill("99999999")
    field.press("Enter")
    expect(editor.page.get_by_role("alert")).to_contain_text("right")
    expect(field).to_have_value("300")


def drag_row(editor: EditorPage, name: str, target: str, share: float, *, drops: bool = True) -> None:
    """To a share of the height of another row."""
    start, end = editor.name_of(name).bounding_box(), editor.row(target).bounding_box()
    assert start is not None
    assert end is not None
    editor.drag(
        (start["x"] + 60, start["y"] + start["height"] / 2),
        (end["x"] + 80, end["y"] + end["height"] * share),
        drops=drops,
    )
