"""OpenRaster files of other programs: each shows what the specification says, or is refused by name."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lamina.core.composite import composite
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import MAX_GROUP_DEPTH, BlendMode, LayerStack, Pixels
from lamina.imaging.formats.merged import difference_from_merged
from lamina.imaging.formats.ora_tree import parse_stack_xml
from lamina.imaging.png import encode_png
from lamina.imaging.read_errors import InvalidContentError
from lamina.imaging.saving import load

FILES = Path(__file__).parent / "foreign_ora"
KRITA = Path(__file__).parent / "krita_ora"  # drawn and exported by scripts in Krita 5.1.5

GREY, RED = (128, 128, 128), (200, 40, 40)

# What is seen at (15, 15). In each file the ground is grey, and what is about a layer is about one of 40 x 40 pixels.
SEEN: dict[str, tuple[int, int, int]] = {
    "backslash_src": GREY,
    "deep_layer": (117, 117, 117),
    "deep_rgba_layer": (121, 97, 74),
    "dot_src": GREY,
    "grey_layer": (88, 88, 88),
    "multiply_in_auto_stack": (100, 20, 20),
    "multiply_in_half_stack": (164, 84, 84),
    "multiply_in_isolated_stack": RED,
    "no_mimetype": GREY,
    "palette_layer": RED,
    "plus": (255, 168, 168),
    "root_opacity": GREY,
    "src_atop": RED,
    "stack_with_mode": (100, 20, 20),
    "stack_with_offset": RED,
    "utf16": GREY,
}
REFUSED = {
    "layer_without_src": "the layer 'empty' has no attribute src",
    "missing_layer": "the image of the layer 'r', 'data/none.png', is not in the file",
    "no_w": "lacks the size of the canvas: the attribute 'w' is missing",
    "opacity_2": "the opacity of the layer 'r' is '2'",
    "opacity_comma": "the opacity of the layer 'r' is '0,5'",
    "opacity_nan": "the opacity of the layer 'r' is 'nan'",
    "svg_layer": "The layer 'r' is an SVG drawing",
    "text_element": "The element 'text'",
}


def test_every_file_has_its_right_value() -> None:
    assert sorted([*SEEN, *REFUSED, "empty_stack"]) == sorted(path.stem for path in FILES.glob("*.ora"))


@pytest.mark.parametrize("name", SEEN)
def test_a_file_shows_what_the_specification_says(name: str) -> None:
    shown = composite(load(FILES / f"{name}.ora"))
    assert shown[15, 15].tolist() == [*SEEN[name], 255]
    assert shown[59, 59].tolist() == [*GREY, 255]


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_cannot_be_shown_is_refused_by_name(name: str) -> None:
    with pytest.raises(LaminaError) as caught:
        load(FILES / f"{name}.ora")
    assert REFUSED[name] in caught.value.message
    assert caught.value.hint


def test_a_file_without_layers_is_an_empty_stack_and_says_so() -> None:
    stack = load(FILES / "empty_stack.ora")
    assert (len(stack), stack.notes) == (0, ("The file contains no layers.",))
    assert not composite(stack).any()


def test_what_counts_for_nothing_is_noted() -> None:
    assert "The group 'g' has an offset, which OpenRaster ignores." in load(FILES / "stack_with_offset.ora").notes
    notes = load(FILES / "root_opacity.ora").notes
    assert [note.split(",")[0] for note in notes] == [
        "The root stack has opacity '0.5'",
        "The root stack has visibility 'hidden'",
    ]


def test_the_difference_from_the_merged_picture_is_told_with_its_size() -> None:
    (note,) = load(FILES / "deep_layer.ora").notes
    assert note == (
        "The layers differ from the merged image in the file in 44.44% of the pixels, by at most 11 of 255 levels "
        "and 3.7 on average."
    )
    assert load(FILES / "dot_src.ora").notes == ()


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        (
            "groups",
            ["bg", "half", "mul", "e", "f", "e2", "f2", "add", "hue", "col", "soft", "dodge", "burn"],
        ),
        ("masks", ["faint", "a", "a2", "a3", "i", "lum", "hx", "locked", "Object", "emptylayer"]),
    ],
)
def test_files_of_krita_look_as_in_krita(name: str, layers: list[str]) -> None:
    stack = load(KRITA / f"{name}.ora")
    assert [layer.name for layer in stack] == layers
    with zipfile.ZipFile(KRITA / f"{name}.ora") as archive, Image.open(archive.open("mergedimage.png")) as merged:
        difference = difference_from_merged(composite(stack), np.asarray(merged.convert("RGBA")))
    assert (difference.share, difference.largest) == (0, pytest.approx(2, abs=2))
    assert not [note for note in stack.notes if "merged image" in note]


def test_groups_of_krita_that_pass_through_stay_groups() -> None:
    stack = load(KRITA / "groups.ora")
    assert [names for names in _tree(stack) if len(names) > 1] == [
        ("pass", "e"),
        ("pass", "f"),
        ("passhalf", "e2"),
        ("passhalf", "f2"),
    ]


def test_layers_that_krita_added_up_in_linear_light_are_told() -> None:
    note = load(KRITA / "linear_light.ora").notes[-1]
    assert note.startswith("The layers differ from the merged image in the file in 31.02% of the pixels, by at most ")


# --- Files made here ---


def _patch(colour: tuple[int, ...], side: int = 4) -> Pixels:
    return np.full((side, side, 4), colour if len(colour) == 4 else (*colour, 255), np.uint8)


PICTURES = {
    "grey": _patch((100, 100, 100), 8),
    "red": _patch((200, 0, 0)),
    "green": _patch((0, 200, 0)),
    "faint": _patch((0, 0, 200, 128)),
}


def _ora(folder: Path, stack: str, pictures: dict[str, Pixels | bytes] | None = None) -> Path:
    """An 8 x 8 file. `stack`: the members of the root stack."""
    path = folder / "a.ora"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("stack.xml", f'<image w="8" h="8"><stack>{stack}</stack></image>')
        for name, picture in (PICTURES | (pictures or {})).items():
            data = picture if isinstance(picture, bytes) else encode_png(picture)
            archive.writestr(f"{name}.png", data)
    return path


def _pixel(stack: LayerStack, x: int = 1, y: int = 1) -> list[int]:
    return composite(stack)[y, x].tolist()


def _layer(name: str, **attributes: object) -> str:
    """`op`: the composite-op."""
    named = {"composite-op" if key == "op" else key: value for key, value in attributes.items()}
    written = "".join(f' {key}="{value}"' for key, value in named.items())
    return f'<layer name="{name}" src="{name}.png"{written}/>'


GROUND = _layer("grey")


def _tree(stack: LayerStack) -> list[tuple[str, ...]]:
    """The names of each layer's groups, and its own."""
    return [(*(group.name for group in layer.groups), layer.name) for layer in stack]


def test_an_isolated_group_of_normal_layers_passes_through(tmp_path: Path) -> None:
    stack = load(_ora(tmp_path, f'<stack name="g">{_layer("faint")}{_layer("red")}</stack>{GROUND}'))
    assert _tree(stack) == [("grey",), ("g", "red"), ("g", "faint")]
    assert stack.notes == ()


def test_overlapping_layers_in_a_faint_group_are_rendered_into_one(tmp_path: Path) -> None:
    group = f'<stack name="g" opacity="0.5">{_layer("green")}{_layer("red", x=2)}</stack>'
    stack = load(_ora(tmp_path, group + GROUND))
    assert [(layer.name, layer.box, layer.opacity) for layer in stack][1:] == [("g", (0, 0, 6, 4), 128)]
    assert _pixel(stack, 2) == [50, 150, 50, 255]  # no red shines through the green
    assert stack.notes == ("The group 'g' was rendered into one layer (2 layers).",)


def test_layers_that_lie_apart_in_a_group_with_a_mode_stay_layers(tmp_path: Path) -> None:
    group = f'<stack composite-op="svg:multiply" opacity="0.5">{_layer("green")}{_layer("red", x=4)}</stack>'
    stack = load(_ora(tmp_path, group + GROUND))
    assert [(layer.name, layer.blend, layer.opacity) for layer in stack][1:] == [
        ("red", BlendMode.MULTIPLY, 128),
        ("green", BlendMode.MULTIPLY, 128),
    ]
    assert _pixel(stack) == [50, 89, 50, 255]


def test_a_mode_in_an_isolated_group_sees_the_group_alone(tmp_path: Path) -> None:
    group = f'<stack name="g">{_layer("green", op="svg:screen")}{_layer("red", x=2)}</stack>'
    stack = load(_ora(tmp_path, group + GROUND))
    assert _pixel(stack, 1) == [0, 200, 0, 255]
    assert _pixel(stack, 3) == [200, 200, 0, 255]
    assert len(stack) == 2


def test_groups_in_groups(tmp_path: Path) -> None:
    inner = f'<stack name="in" opacity="0.5" isolation="auto">{_layer("red")}</stack>'
    stack = load(_ora(tmp_path, f'<stack name="out" opacity="0.5">{inner}</stack>{GROUND}'))
    assert [layer.opacity for layer in stack][1:] == [64]
    assert _tree(stack)[1:] == [("out", "in", "red")]


def test_switches_of_groups_stay_theirs(tmp_path: Path) -> None:
    inner = f'<stack name="in" visibility="hidden">{_layer("red")}{_layer("faint", visibility="hidden")}</stack>'
    stack = load(_ora(tmp_path, f'<stack name="out" edit-locked="true">{inner}{_layer("green")}</stack>{GROUND}'))
    assert _tree(stack)[1:] == [("out", "green"), ("out", "in", "faint"), ("out", "in", "red")]
    assert [(layer.is_hidden, layer.is_locked) for layer in stack][1:] == [(False, False), (True, False), (False,) * 2]
    assert [(group.is_hidden, group.is_locked) for group in stack[2].groups] == [(False, True), (True, False)]


def test_a_layer_that_takes_what_is_below_its_groups_leaves_them(tmp_path: Path) -> None:
    """The result has layers from outside the groups, and the hidden layers in them would be interrupted by it."""
    above, hidden = _layer("green", x=4), _layer("red", visibility="hidden")
    cut = f'<stack name="in" isolation="auto">{_layer("faint", op="svg:dst-out", x=2)}{hidden}</stack>'
    stack = load(_ora(tmp_path, f'<stack name="out" isolation="auto" edit-locked="true">{above}{cut}</stack>{GROUND}'))
    assert _tree(stack) == [("red",), ("grey",), ("out", "green")]
    assert [(layer.is_hidden, layer.is_locked) for layer in stack] == [(True, True), (False, False), (False, False)]


@pytest.mark.parametrize("inside", [_layer("red"), _layer("red") + _layer("green", x=2)])
def test_a_group_with_an_operator_becomes_a_layer_beside_its_hidden_ones(inside: str, tmp_path: Path) -> None:
    hidden = f'<stack name="in">{_layer("faint", visibility="hidden")}</stack>'
    group = f'<stack name="g" edit-locked="true" composite-op="svg:plus">{hidden}{inside}</stack>'
    stack = load(_ora(tmp_path, f'<stack name="out">{group}</stack>{GROUND}'))
    assert [len(names) for names in _tree(stack)] == [1, 2, 3]
    assert _tree(stack)[2] == ("out", "in", "faint")
    assert [layer.is_locked for layer in stack] == [False, True, True]


def test_groups_deeper_than_a_stack_allows_give_their_switches_to_what_is_in_them(tmp_path: Path) -> None:
    deep = f'<stack visibility="hidden">{_layer("red")}</stack>'
    for number in range(MAX_GROUP_DEPTH):
        deep = f'<stack name="{number}">{deep}{_layer("green", op="svg:plus")}</stack>'
    stack = load(_ora(tmp_path, deep + GROUND))
    assert max(len(layer.groups) for layer in stack) == MAX_GROUP_DEPTH
    assert [layer.is_visible for layer in stack if layer.name == "red"] == [False]


def test_what_is_hidden_in_a_rendered_group_stays_hidden_beside_it(tmp_path: Path) -> None:
    hidden = _layer("faint", visibility="hidden")
    group = f'<stack name="g" opacity="0.5">{_layer("green")}{hidden}{_layer("red")}</stack>'
    stack = load(_ora(tmp_path, group + GROUND))
    assert [(layer.name, layer.is_hidden) for layer in stack] == [("grey", False), ("g", False), ("faint", True)]


UNCLEAR = f"""<stack name="g" isolation="auto" opacity="0.5">{_layer("red", op="svg:multiply")}</stack>{GROUND}"""
PASSED, ISOLATED = (89, 50, 50), (150, 50, 50)  # by today's specification and by version 0.0.5


def _merged(colour: tuple[int, int, int]) -> dict[str, Pixels | bytes]:
    picture = PICTURES["grey"].copy()
    picture[:4, :4] = (*colour, 255)
    return {"mergedimage": picture}


@pytest.mark.parametrize("seen", [PASSED, ISOLATED])
def test_the_merged_picture_tells_how_a_group_is_meant(seen: tuple[int, int, int], tmp_path: Path) -> None:
    stack = load(_ora(tmp_path, UNCLEAR, _merged(seen)))
    assert np.abs(np.subtract(_pixel(stack), [*seen, 255])).max() <= 1
    assert stack.notes == ()


@pytest.mark.parametrize("merged", [{}, _merged((100, 100, 100))])
def test_a_group_that_may_be_meant_in_two_ways_is_refused(merged: dict[str, Pixels | bytes], tmp_path: Path) -> None:
    with pytest.raises(LaminaError, match="The group 'g' is in pass-through mode and has an opacity"):
        load(_ora(tmp_path, UNCLEAR, merged))


def test_a_group_that_looks_the_same_in_both_ways_is_read(tmp_path: Path) -> None:
    group = f'<stack isolation="auto" opacity="0.5">{_layer("red")}{_layer("green", x=4)}</stack>'
    stack = load(_ora(tmp_path, group + GROUND))
    assert [(layer.name, layer.opacity) for layer in stack] == [("grey", 255), ("green", 128), ("red", 128)]


@pytest.mark.parametrize(
    ("operator", "seen"),
    [
        ("plus", [100, 100, 200, 255]),
        ("dst-out", [100, 100, 100, 127]),
        ("dst-in", [100, 100, 100, 128]),
        ("src-atop", [50, 50, 150, 255]),
        ("dst-atop", [100, 100, 100, 128]),
        ("color", [90, 90, 178, 255]),
        ("hue", [100, 100, 100, 255]),
        ("saturation", [100, 100, 100, 255]),
        ("luminosity", [61, 61, 61, 255]),
    ],
)
def test_operators_of_the_specification(operator: str, seen: list[int], tmp_path: Path) -> None:
    stack = load(_ora(tmp_path, _layer("faint", op=f"svg:{operator}") + GROUND))
    assert np.abs(np.subtract(_pixel(stack), seen)).max() <= 1
    assert f"has the blend mode {operator}" in stack.notes[0]


def test_an_operator_that_takes_alpha_away_merges_what_is_below_it(tmp_path: Path) -> None:
    stack = load(_ora(tmp_path, _layer("red") + _layer("faint", op="svg:dst-out", x=2) + GROUND))
    assert [layer.name for layer in stack] == ["grey", "red"]
    assert _pixel(stack, 5) == [100, 100, 100, 127]
    assert stack.notes == (
        "The layer 'faint' has the blend mode dst-out; it was rendered into one layer with "
        "the layers below it (1 layer).",
    )


def test_a_mask_cuts_its_group_alone(tmp_path: Path) -> None:
    group = f'<stack name="g">{_layer("faint", op="svg:dst-in")}{_layer("red", x=2)}</stack>'
    stack = load(_ora(tmp_path, group + GROUND))
    assert _pixel(stack, 1) == [100, 100, 100, 255]
    assert _pixel(stack, 3) == [150, 50, 50, 255]
    assert _pixel(stack, 5) == [100, 100, 100, 255]


def test_hidden_things_that_lamina_does_not_know_are_noted_and_not_refused(tmp_path: Path) -> None:
    hidden = (
        f'<stack visibility="hidden"><text name="t">x</text>{_layer("red", op="krita:burn2")}'
        '<layer name="v" src="v.png"/></stack>'
    )
    stack = load(_ora(tmp_path, hidden + GROUND, {"v": b"<svg/>"}))
    assert [(layer.name, layer.is_visible) for layer in stack] == [("grey", True), ("red", False)]
    assert [note[:40] for note in stack.notes] == [
        "The hidden layer 'red' had the blend mod",
        "The element 'text' is not supported and ",
        "The hidden layer 'v' was omitted: The la",
    ]


def test_attributes_of_other_programs_are_noted_once(tmp_path: Path) -> None:
    stack = load(_ora(tmp_path, _layer("red", glow=7) + _layer("green", glow=8, selected="true") + GROUND))
    assert stack.notes == ("The attribute 'glow' of a layer (2 times in the file) is not supported and was omitted.",)


@pytest.mark.parametrize(
    "members",
    [
        '<filter type="applications:krita:blur"/>',
        '<layer name="red" src="red.png"><filters/></layer>',
        '<layer name="red" src="red.png" composite-op="krita:linear_burn"/>',
        '<stack composite-op="svg:src-out"><layer src="red.png"/></stack>',
    ],
)
def test_what_is_not_on_the_list_is_refused(members: str, tmp_path: Path) -> None:
    with pytest.raises(LaminaError) as caught:
        load(_ora(tmp_path, members + GROUND))
    assert caught.value.code is ErrorCode.INPUT_NOT_A_STACK


def test_layers_without_a_name_get_one_by_their_kind(tmp_path: Path) -> None:
    stack = load(_ora(tmp_path, '<layer src="red.png" name=" "/><layer src="grey.png"/>'))
    assert [layer.name for layer in stack] == ["Background", "Object"]


def test_empty_groups_are_left_out_and_noted(tmp_path: Path) -> None:
    stack = load(_ora(tmp_path, f'<stack name="g"/><stack name="h" isolation="auto"/>{GROUND}'))
    assert len(stack) == 1
    assert stack.notes == (
        "The group 'h' is empty and was omitted.",
        "The group 'g' is empty and was omitted.",
    )


def test_a_layer_beside_the_canvas_stays_and_shows_nothing(tmp_path: Path) -> None:
    beside = _layer("red", x=90) + _layer("green", x=-90, op="svg:plus")
    stack = load(_ora(tmp_path, f'<stack opacity="0.5">{beside}</stack>{beside}{GROUND}'))
    assert len(stack) == 5
    assert (composite(stack) == PICTURES["grey"]).all()


def _jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), (200, 40, 40)).save(file, "JPEG", quality=100)
    return file.getvalue()


def test_layers_in_another_format_of_pictures_are_read(tmp_path: Path) -> None:
    stack = load(_ora(tmp_path, '<layer src="j.png"/>' + GROUND, {"j": _jpeg()}))
    assert np.abs(np.subtract(_pixel(stack), [200, 40, 40, 255])).max() <= 2


def test_rendering_many_groups_is_bounded(tmp_path: Path) -> None:
    group = f'<stack opacity="0.5">{_layer("red")}{_layer("grey")}</stack>'
    for _ in range(30):
        group = f'<stack opacity="0.99">{group}{_layer("grey")}</stack>'
    with pytest.raises(LaminaError) as caught:
        load(_ora(tmp_path, group), max_megapixels=0.0001)
    assert caught.value.code is ErrorCode.INPUT_TOO_LARGE


def test_groups_nested_too_deep_and_layers_without_names_are_told() -> None:
    deep = b"<image w='1' h='1'>" + b"<stack>" * 400 + b"</stack>" * 400 + b"</image>"
    with pytest.raises(InvalidContentError, match="250 nested groups"):
        parse_stack_xml(deep)
    nameless = b"<image w='1' h='1'><stack><layer src='a.png' composite-op='odd'/></stack></image>"
    with pytest.raises(LaminaError, match="The layer without a name has the blend mode 'odd'"):
        parse_stack_xml(nameless)
