"""What python-pptx reads back from our PowerPoint files."""

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_stacks import full_stack, line, noise
from PIL import Image
from pptx import Presentation
from pptx.enum.shapes import MSO_SHAPE_TYPE

from lamina.core.layers import Layer, LayerKind, LayerStack, TextLine, have_same_pixels
from lamina.imaging.export_options import ExportOptions
from lamina.imaging.saving import save

EMU_A_PIXEL = 9525
EDITABLE = ExportOptions(editable_text=True)


def _slide(path: Path) -> tuple[Any, list[Any]]:
    presentation = Presentation(str(path))
    return presentation, list(presentation.slides[0].shapes)


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
