"""What python-pptx reads back from our PowerPoint files."""

import io
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_stacks import full_stack, line, noise
from drawn_texts import STYLE, text_layer, text_line
from PIL import Image
from pptx import Presentation
from pptx.enum.shapes import MSO_SHAPE_TYPE
from pptx.enum.text import MSO_AUTO_SIZE

from installed_fonts import bundled
from lamina.core.layer_tree import grouped
from lamina.core.layers import Group, Layer, LayerKind, LayerStack, TextLine, have_same_pixels
from lamina.core.text_styles import ColourGradient, TextAlignment, TextOutline, TextShadow, TypefaceClass
from lamina.imaging.export_options import ExportOptions
from lamina.imaging.saving import save

EMU_A_PIXEL = 9525
EDITABLE = ExportOptions(editable_text=True)


def _slide(path: Path) -> tuple[Any, list[Any]]:
    """The presentation and the shapes of its slide, those in groups too, but not the groups."""
    presentation = Presentation(str(path))
    return presentation, list(_without_groups(presentation.slides[0].shapes))


def _without_groups(shapes: Any) -> Iterator[Any]:
    for shape in shapes:
        if shape.shape_type is MSO_SHAPE_TYPE.GROUP and not shape._element.xpath("./p:nvGrpSpPr/p:cNvPr/@descr"):
            yield from _without_groups(shape.shapes)
        else:
            yield shape


def test_groups_are_grouped_shapes_around_their_members(tmp_path: Path) -> None:
    inner, outer = Group("Inner", is_hidden=True), Group("Karte\n卡", LayerKind.PANEL)
    layers = (Layer("A", LayerKind.OBJECT, noise(20, 30), 10, 40), Layer("B", LayerKind.OBJECT, noise(9, 9), 60, 5))
    stack = LayerStack(200, 200, grouped((layers[0], *grouped(layers[1:], inner)), outer))
    (card,) = Presentation(str(save(stack, tmp_path / "a.pptx"))).slides[0].shapes
    picture, hidden = card.shapes
    assert [shape.name for shape in (card, picture, hidden, *hidden.shapes)] == ["Karte 卡", "A", "Inner", "B"]
    for group, box in ((card, (10, 5, 59, 55)), (hidden, (60, 5, 9, 9))):
        place = group._element.grpSpPr.xfrm
        around = (group.left, group.top, group.width, group.height)
        assert around == (place.chOff.x, place.chOff.y, place.chExt.cx, place.chExt.cy)
        assert around == tuple(side * EMU_A_PIXEL for side in box)
    shapes = [card, picture, hidden, *hidden.shapes]
    assert [shape._element._nvXxPr.cNvPr.get("hidden") for shape in shapes] == [None, None, "1", None]


def test_a_group_is_around_text_boxes_too(tmp_path: Path) -> None:
    stack = LayerStack(600, 400, grouped([text_layer(text_line("HHH", 40, 80))], Group("Card")))
    (card,) = Presentation(str(save(stack, tmp_path / "a.pptx", EDITABLE))).slides[0].shapes
    (box,) = card.shapes
    assert box.has_text_frame
    assert (card.left, card.top, card.width, card.height) == (box.left, box.top, box.width, box.height)


def test_each_layer_is_a_named_picture_in_its_place(tmp_path: Path) -> None:
    presentation, shapes = _slide(save(_on_large_canvas(), tmp_path / "a.pptx"))
    assert (presentation.slide_width, presentation.slide_height) == (600 * EMU_A_PIXEL, 400 * EMU_A_PIXEL)
    assert [shape.name for shape in shapes] == [layer.name for layer in full_stack()]
    for shape, layer in zip(shapes, full_stack(), strict=True):
        placed = (shape.left, shape.top, shape.width, shape.height)
        assert placed == tuple(side * EMU_A_PIXEL for side in layer.box)
        with Image.open(io.BytesIO(shape.image.blob)) as image:
            assert have_same_pixels(np.asarray(image), layer.pixels)


def test_hidden_and_faint_layers_are_so_in_powerpoint(tmp_path: Path) -> None:
    _, shapes = _slide(save(_on_large_canvas(), tmp_path / "a.pptx"))
    assert [shape._element.xpath("string(.//p:cNvPr/@hidden)") for shape in shapes] == ["", "", "1", "", "", ""]
    assert shapes[3]._element.xpath("string(.//a:alphaModFix/@amt)") == "39216"


def test_live_text_is_text_with_its_size_colour_and_turn(tmp_path: Path) -> None:
    _, shapes = _slide(save(_on_large_canvas(), tmp_path / "a.pptx", EDITABLE))
    headline, group = shapes[4], shapes[5]
    assert headline.text_frame.text == "SUMMER 夏"
    font = headline.text_frame.paragraphs[0].runs[0].font
    assert font.size.pt == pytest.approx(12.3 * 0.75, abs=0.1)
    assert str(font.color.rgb) == "FA1003"
    assert headline.rotation == pytest.approx(math.degrees(math.atan2(2, 36)), abs=0.5)
    assert group.shape_type == MSO_SHAPE_TYPE.GROUP
    assert group.name == "Line: sale"
    assert [box.text_frame.text for box in group.shapes] == ["a", "b <&>"]


def test_a_text_layer_of_unknown_words_stays_a_picture(tmp_path: Path) -> None:
    stack = LayerStack(200, 200, (Layer("Text", LayerKind.TEXT, noise(9, 9)),))
    _, shapes = _slide(save(stack, tmp_path / "a.pptx", EDITABLE))
    assert shapes[0].shape_type == MSO_SHAPE_TYPE.PICTURE


def test_a_layer_with_a_line_that_was_not_read_stays_a_picture(tmp_path: Path) -> None:
    read, unread = (
        Layer("Text", LayerKind.TEXT, noise(40, 20), text=lines) for lines in ((line(),), (line(), line("")))
    )
    _, shapes = _slide(save(LayerStack(200, 200, (read, unread)), tmp_path / "a.pptx", EDITABLE))
    assert [shape.shape_type for shape in shapes] == [MSO_SHAPE_TYPE.TEXT_BOX, MSO_SHAPE_TYPE.PICTURE]
    assert shapes[1]._element.xpath("string(.//p:cNvPr/@descr)") == "SUMMER 夏"


@pytest.mark.parametrize(("width", "height"), [(1, 1), (20_000, 10_000), (20_000, 3), (60, 40)])
def test_the_slide_has_a_size_that_powerpoint_takes(width: int, height: int, tmp_path: Path) -> None:
    turned = TextLine("up", ((1, 9), (1, 1), (5, 1), (5, 9)), (0, 0, 0), 4000)
    layers = (Layer("Dot", LayerKind.OBJECT, noise(1, 1)), Layer("Up", LayerKind.TEXT, noise(8, 4), text=(turned,)))
    presentation, shapes = _slide(save(LayerStack(width, height, layers), tmp_path / "a.pptx", EDITABLE))
    for side in (presentation.slide_width, presentation.slide_height):
        assert 914_400 <= side <= 51_206_400
    if min(width, height) > 3:
        assert presentation.slide_width / presentation.slide_height == pytest.approx(width / height, rel=1e-4)
    assert shapes[1].rotation == 270


def _on_large_canvas() -> LayerStack:
    return LayerStack(600, 400, full_stack().layers)


def test_the_line_of_the_stack_is_what_these_tests_assume() -> None:
    assert full_stack()[4].text == (line(),)


def _text_box(*layers: Layer, path: Path) -> Any:
    _, shapes = _slide(save(LayerStack(800, 500, layers), path, EDITABLE))
    return shapes[0]


def _run_properties(box: Any) -> Any:
    return box.text_frame.paragraphs[0].runs[0]._r.rPr


def test_a_block_is_one_text_box_with_a_paragraph_per_line(tmp_path: Path) -> None:
    style = replace(STYLE, letter_spacing_px=2.0)
    lines = [text_line(string, 100, 200 + 50 * index, style) for index, string in enumerate(("Plan", "Ship it", "now"))]
    box = _text_box(text_layer(*lines, style=style), path=tmp_path / "a.pptx")
    frame = box.text_frame
    assert frame.text == "Plan\nShip it\nnow"
    assert [paragraph.line_spacing.pt for paragraph in frame.paragraphs] == pytest.approx([37.5] * 3)
    assert (frame.word_wrap, frame.auto_size) == (False, MSO_AUTO_SIZE.NONE)
    assert {frame.margin_left, frame.margin_top, frame.margin_right, frame.margin_bottom} == {0}
    properties = _run_properties(box)
    assert properties.get("sz") == "3000"
    assert properties.get("spc") == "150"
    # The first baseline is a fifth of the size above the bottom of the first line.
    assert (box.top / EMU_A_PIXEL, box.left / EMU_A_PIXEL) == pytest.approx((200 + 0.2 * 40 - 50, 100), abs=0.1)


@pytest.mark.parametrize(("alignment", "short"), [("left", "l"), ("center", "ctr"), ("right", "r")])
def test_alignment(alignment: str, short: str, tmp_path: Path) -> None:
    style = replace(STYLE, alignment=TextAlignment(alignment))
    lines = [text_line("Plan", 100, 200 + 50 * index) for index in range(2)]
    box = _text_box(text_layer(*lines, style=style), path=tmp_path / "a.pptx")
    assert [paragraph._p.pPr.get("algn") for paragraph in box.text_frame.paragraphs] == [short] * 2
    assert box.left / EMU_A_PIXEL == pytest.approx(100, abs=0.5)


def test_an_indented_line_has_a_margin(tmp_path: Path) -> None:
    lines = (text_line("Plan", 100, 200), text_line("then", 140, 250), text_line("Ship", 100, 300))
    box = _text_box(text_layer(*lines), path=tmp_path / "a.pptx")
    margins = [int(paragraph._p.pPr.get("marL")) for paragraph in box.text_frame.paragraphs]
    assert margins == pytest.approx([0, 40 * EMU_A_PIXEL, 0], abs=EMU_A_PIXEL / 2)


@pytest.mark.parametrize(
    ("weight", "family", "is_bold"), [(400, "Lato", "0"), (700, "Lato", "1"), (900, "Lato Black", "0")]
)
def test_the_typeface_is_named_as_office_lists_it(weight: int, family: str, is_bold: str, tmp_path: Path) -> None:
    style = replace(STYLE, typeface=replace(bundled("Lato", weight), is_italic=True))
    properties = _run_properties(
        _text_box(text_layer(text_line("Plan", 100, 200), style=style), path=tmp_path / "a.pptx")
    )
    assert (properties.get("b"), properties.get("i")) == (is_bold, "1")
    assert properties.xpath("string(a:latin/@typeface)") == family


def test_without_a_typeface_a_common_one_of_the_class_is_named(tmp_path: Path) -> None:
    style = replace(STYLE, typeface=bundled("", 400, TypefaceClass.MONO))
    properties = _run_properties(
        _text_box(text_layer(text_line("Plan", 100, 200), style=style), path=tmp_path / "a.pptx")
    )
    assert properties.xpath("string(a:latin/@typeface)") == "Courier New"


def test_effects_are_in_the_order_of_the_schema(tmp_path: Path) -> None:
    style = replace(
        STYLE,
        gradient=ColourGradient(start=(255, 0, 0), end=(0, 0, 255), degrees=-90.0),
        outline=TextOutline(colour=(1, 2, 3), width_px=3.0),
        shadow=TextShadow(colour=(9, 9, 9), offset_px=(0.0, 5.0), blur_px=2.0, opacity=0.5),
    )
    layer = replace(text_layer(text_line("Plan", 100, 200), style=style), opacity=128)
    properties = _run_properties(_text_box(layer, path=tmp_path / "a.pptx"))
    assert [child.tag.split("}")[1] for child in properties] == ["ln", "gradFill", "effectLst", "latin", "cs"]
    assert properties.xpath("string(a:ln/@w)") == str(3 * EMU_A_PIXEL)
    assert properties.xpath("string(.//a:lin/@ang)") == str(270 * 60_000)
    assert properties.xpath("string(.//a:outerShdw/@dir)") == str(90 * 60_000)
    assert properties.xpath("string(.//a:outerShdw/@dist)") == str(5 * EMU_A_PIXEL)
    assert properties.xpath("string(.//a:outerShdw//a:alpha/@val)") == str(round(64 / 255 * 100_000))
    assert properties.xpath("string(.//a:gs//a:alpha/@val)") == str(round(128 / 255 * 100_000))


def test_rotated_text_turns_about_its_middle(tmp_path: Path) -> None:
    style = replace(STYLE, rotation_degrees=-90)
    box = _text_box(text_layer(text_line("Plan", -300, 200, style), style=style), path=tmp_path / "a.pptx")
    assert box.rotation == 270
    # Along the canvas' y axis from 300 up, across it at x = 200.
    assert (box.left + box.width / 2) / EMU_A_PIXEL == pytest.approx(200 - 0.3 * 40, abs=4)
    assert (box.top + box.height / 2) / EMU_A_PIXEL == pytest.approx(300 - box.width / EMU_A_PIXEL / 2, abs=1)


@pytest.mark.parametrize(("radius_px", "preset"), [(200.0, "textArchUp"), (-300.0, "textArchDown")])
def test_bent_text_is_word_art_on_its_circle(radius_px: float, preset: str, tmp_path: Path) -> None:
    line_on_arc = TextLine("Studio", ((300, 150), (500, 150), (500, 220), (300, 220)), (0, 0, 0), 40.0)
    layer = text_layer(line_on_arc, style=replace(STYLE, arc_radius_px=radius_px))
    box = _text_box(layer, path=tmp_path / "a.pptx")
    assert box.text_frame.text == "Studio"
    assert box.text_frame._txBody.bodyPr.xpath("string(a:prstTxWarp/@prst)") == preset
    assert box.width == pytest.approx(box.height, abs=2)
    assert box.width / EMU_A_PIXEL == pytest.approx(2 * abs(radius_px), abs=40)
    assert (box.left + box.width / 2) / EMU_A_PIXEL == pytest.approx(400, abs=1)


def test_text_from_right_to_left(tmp_path: Path) -> None:
    box = _text_box(text_layer(text_line("שלום עולם!", 100, 200)), path=tmp_path / "a.pptx")
    assert box.text_frame.paragraphs[0]._p.pPr.get("rtl") == "1"


@pytest.mark.parametrize("string", ["word " * 1000, "🎉 sale 🎉", "a\x00b\x1b[31m\ud800", " ", "]]><&\"'"])
def test_any_string_gives_a_file_that_can_be_read(string: str, tmp_path: Path) -> None:
    box = _text_box(text_layer(text_line(string, 100, 200)), path=tmp_path / "a.pptx")
    assert len(box.text_frame.text) == len(string)
