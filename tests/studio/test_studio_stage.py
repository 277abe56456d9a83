"""The stage: what pointers and keys do to layers, and that the server then composites what is shown."""

import math

import pytest
from drawn_designs import PANEL, RING, SQUARE
from editor_pages import LEVELS, EditorPage, are_alike, most_different
from own_requests import nodes
from playwright.sync_api import expect


def test_a_click_selects_what_is_visible_there_not_what_has_its_box_there(editor: EditorPage) -> None:
    middle = (RING[0] + 50, RING[1] + 50)
    editor.click_at(RING[0] + 10, RING[1] + 50)
    assert editor.selected() == ["Ring"]
    editor.click_at(*middle)
    assert editor.selected() == ["Background"]
    editor.click_at(220, 215)
    assert editor.selected() == ["Label"]
    with editor.edits():
        editor.button("Hide Label").click()
    editor.click_at(220, 215)
    assert editor.selected() == ["Panel"]
    editor.click_at(-20, -20)
    assert editor.selected() == []


def test_shift_click_adds_and_takes_away(editor: EditorPage) -> None:
    editor.click_at(320, 60)
    editor.click_at(50, 110, "Shift")
    assert editor.selected() == ["Square", "Ring"]
    editor.click_at(320, 60, "Shift")
    assert editor.selected() == ["Ring"]


@pytest.mark.parametrize("zoom", [1, 2.4414])
def test_a_drag_moves_by_the_pixels_of_the_canvas(editor: EditorPage, zoom: float) -> None:
    if zoom > 1:
        for _ in range(4):
            editor.page.keyboard.press("Control+=")
    assert editor.scale() == pytest.approx(zoom, rel=1e-3)
    with editor.edits():
        editor.drag_on_canvas((320, 60), (293, 97), "Alt")  # without snapping
    assert editor.node("Square")["bbox"] == [SQUARE[0] - 27, SQUARE[1] + 37, 40, 40]
    assert most_different(editor.shown(), editor.preview()) <= LEVELS


def test_shift_keeps_a_drag_on_one_axis(editor: EditorPage) -> None:
    with editor.edits():
        editor.drag_on_canvas((320, 60), (275, 83), "Shift", "Alt")
    assert editor.node("Square")["bbox"][:2] == [SQUARE[0] - 45, SQUARE[1]]


def test_edges_snap_to_other_layers_and_a_line_is_shown(editor: EditorPage) -> None:
    start, end = editor.at(320, 60), editor.at(320 - (SQUARE[0] - PANEL[0]) + 4, 100)
    editor.drag(start, end, drops=False)
    expect(editor.page.locator("line.guide")).not_to_have_count(0)
    with editor.edits():
        editor.page.mouse.up()
    assert editor.node("Square")["bbox"][0] == PANEL[0]
    expect(editor.page.locator("line.guide")).to_have_count(0)


def test_escape_ends_a_drag_without_an_edit(editor: EditorPage) -> None:
    editor.drag(editor.at(320, 60), editor.at(200, 160), drops=False)
    moved = editor.page.locator("img.layer[alt=Square]").bounding_box()
    editor.page.keyboard.press("Escape")
    back = editor.page.locator("img.layer[alt=Square]").bounding_box()
    editor.page.mouse.up()
    assert moved != back
    assert editor.selected() == ["Square"]
    assert editor.stack()["revision"] == 1


def test_a_click_that_trembles_is_no_drag(editor: EditorPage) -> None:
    editor.drag_on_canvas((320, 60), (321, 61))
    assert editor.selected() == ["Square"]
    assert editor.stack()["revision"] == 1


def test_the_background_is_not_dragged_by_mistake(editor: EditorPage) -> None:
    editor.drag_on_canvas((20, 20), (60, 60))
    assert editor.selected() == ["Background"]
    assert editor.stack()["revision"] == 1


def test_a_group_is_dragged_as_one(editor: EditorPage) -> None:
    editor.select("Card")
    with editor.edits():
        editor.drag_on_canvas((300, 240), (287, 213), "Alt")
    found = nodes(editor.stack())
    assert [found[name]["bbox"][:2] for name in ("Panel", "Label")] == [[167, 153], [187, 173]]


def test_arrows_nudge_and_repeated_nudges_are_few_revisions(editor: EditorPage) -> None:
    editor.select("Ring")
    for key in ["ArrowRight"] * 7 + ["Shift+ArrowDown", "ArrowUp"]:
        editor.page.keyboard.press(key)
    stack = editor.requests.wait_for(
        editor.stack_id, lambda stack: nodes(stack)["Ring"]["bbox"][:2] == [RING[0] + 7, RING[1] + 9]
    )
    assert stack["revision"] < 10


@pytest.mark.parametrize(
    ("handle", "by", "box"),
    [
        ("se", (20, 20), [300, 40, 60, 60]),
        ("nw", (10, 10), [310, 50, 30, 30]),
        ("e", (30, 0), None),  # too narrow for handles in the middle of sides
    ],
)
def test_corners_resize_with_the_ratio(
    editor: EditorPage, handle: str, by: tuple[int, int], box: list[float] | None
) -> None:
    editor.select("Square")
    if box is None:
        expect(editor.page.locator(f"[data-handle={handle}]")).to_have_count(0)
        return
    start = editor.handle(handle)
    with editor.edits():
        editor.drag(start, (start[0] + by[0], start[1] + by[1]))
    assert editor.node("Square")["bbox"] == pytest.approx(box)
    assert are_alike(editor.shown(), editor.preview())


@pytest.mark.parametrize(
    ("handle", "by", "box"),
    [("e", (40, 9), [180, 180, 200, 80]), ("n", (5, 30), [180, 210, 160, 50]), ("w", (-60, 0), [120, 180, 220, 80])],
)
def test_sides_resize_one_way(editor: EditorPage, handle: str, by: tuple[int, int], box: list[float]) -> None:
    editor.select("Panel")
    start = editor.handle(handle)
    with editor.edits():
        editor.drag(start, (start[0] + by[0], start[1] + by[1]))
    assert editor.node("Panel")["bbox"] == pytest.approx(box)
    assert are_alike(editor.shown(), editor.preview())


def test_a_group_is_resized_and_turned_as_one(editor: EditorPage) -> None:
    editor.select("Card")
    start = editor.handle("nw")
    with editor.edits():
        editor.drag(start, (start[0] - 80, start[1] - 40))
    found = nodes(editor.stack())
    assert found["Panel"]["bbox"] == pytest.approx([100, 140, 240, 120])
    assert found["Label"]["bbox"] == pytest.approx([130, 170, 90, 30])
    turn(editor, 30, "Shift")
    assert are_alike(editor.shown(), editor.preview())


def test_the_knob_rotates_and_shift_rotates_by_steps(editor: EditorPage) -> None:
    editor.select("Panel")
    turn(editor, 47, "Shift")
    a, b, *_ = editor.node("Panel")["transform"]
    assert (a, b) == pytest.approx((0.7071, 0.7071), abs=1e-3)
    assert are_alike(editor.shown(), editor.preview())


@pytest.mark.parametrize("command", ["Flip horizontally", "Flip vertically", "Rotate 90° left", "Rotate 90° right"])
def test_flips_and_quarter_turns_are_exact(editor: EditorPage, command: str) -> None:
    before = editor.preview()
    for name in ("Label", "Card"):
        editor.select(name)
        with editor.edits():
            editor.button(command).click()
    assert most_different(editor.shown(), editor.preview()) <= LEVELS
    assert most_different(editor.preview(), before) > 100


def test_the_wheel_pans_and_zooms_where_the_pointer_is(editor: EditorPage) -> None:
    place = editor.at(320, 60)
    editor.page.mouse.move(*place)
    editor.page.keyboard.down("Control")
    editor.page.mouse.wheel(0, -200)
    editor.page.keyboard.up("Control")
    expect(editor.page.locator(".zoom")).to_have_text("165 %")
    assert editor.at(320, 60) == pytest.approx(place, abs=1)
    editor.page.mouse.wheel(30, 50)
    assert editor.at(320, 60) == pytest.approx((place[0] - 30, place[1] - 50), abs=1)
    editor.page.keyboard.press("Control+0")
    expect(editor.page.locator(".zoom")).to_have_text("100 %")


@pytest.mark.parametrize("how", ["space", "hand", "middle button"])
def test_panning(editor: EditorPage, how: str) -> None:
    before = editor.at(0, 0)
    if how == "hand":
        editor.page.keyboard.press("h")
    if how == "space":
        editor.page.locator(".stage").focus()
        editor.page.keyboard.down(" ")
    button = "middle" if how == "middle button" else "left"
    x, y = editor.at(320, 60)
    editor.page.mouse.move(x, y)
    editor.page.mouse.down(button=button)
    editor.page.mouse.move(x + 35, y - 20)
    editor.page.mouse.up(button=button)
    editor.page.keyboard.up(" ")
    assert editor.at(0, 0) == pytest.approx((before[0] + 35, before[1] - 20), abs=1)
    assert editor.stack()["revision"] == 1


def test_the_backslash_shows_the_original_while_it_is_held(editor: EditorPage) -> None:
    with editor.edits():
        editor.drag_on_canvas((320, 60), (250, 100), "Alt")
    original = editor.page.get_by_alt_text("Show the original while pressed")
    expect(original).to_have_count(0)
    editor.page.keyboard.down("\\")
    expect(original).to_be_visible()
    editor.page.wait_for_function("() => document.querySelector('img.original').complete")
    box = editor.page.locator(".canvas").bounding_box()
    assert box is not None
    editor.page.keyboard.up("\\")
    expect(original).to_have_count(0)


def test_the_difference_is_nought_until_something_is_changed(editor: EditorPage) -> None:
    editor.page.keyboard.press("d")
    told = editor.page.locator(".difference")
    expect(told).to_contain_text("exactly: the largest difference is 0")
    editor.page.keyboard.press("d")
    expect(told).to_have_count(0)
    editor.select("Square")
    with editor.edits():
        editor.page.keyboard.press("Delete")
    editor.page.keyboard.press("d")
    expect(told).to_contain_text("of 255 levels, in 1.3 % of the pixels")


def turn(editor: EditorPage, degrees: float, *modifiers: str) -> None:
    """Drags the knob that rotates what is selected."""
    knob = editor.handle("rotate")
    frame = editor.page.locator("rect.selected").bounding_box()
    assert frame is not None
    x, y = frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2
    radius = y - knob[1]
    angle = math.radians(degrees)
    with editor.edits():
        editor.drag(knob, (x + radius * math.sin(angle), y - radius * math.cos(angle)), *modifiers)
