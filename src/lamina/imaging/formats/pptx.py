"""Writes PowerPoint: one slide with the aspect ratio of the canvas, and a picture or text box per layer."""

import io
import math
from typing import Any, BinaryIO

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE
from pptx.oxml.ns import qn
from pptx.oxml.xmlchemy import OxmlElement
from pptx.util import Emu, Pt

from lamina.core.layers import Layer, LayerStack, TextLine
from lamina.imaging.formats.rotated_boxes import rotated_box
from lamina.imaging.layer_names import display_name, sanitize_name
from lamina.imaging.png import encode_png

_EMU_PER_PIXEL = 9525  # 96 pixels an inch
_EMU_PER_POINT = 12700
# ECMA-376 part 1, 19.7.18 (ST_SlideSizeCoordinate): 1 to 56 inches.
_MIN_SIDE, _MAX_SIDE = 914_400, 51_206_400
_MIN_FONT_PT, _MAX_FONT_PT = 1, 4000


def write(stack: LayerStack, file: BinaryIO, *, live_text: bool = False) -> None:
    """Writes the stack; with `live_text`, layers with fully recognised text become text boxes.

    Hidden layers remain hidden in the selection pane. Blend modes, which PowerPoint lacks, become normal.
    Slides below the minimum size of one inch are padded on the right and at the bottom.
    """
    presentation = Presentation()
    longest, shortest = max(stack.width, stack.height), min(stack.width, stack.height)
    scale = max(_EMU_PER_PIXEL, _MIN_SIDE / shortest)
    scale = min(scale, _MAX_SIDE / longest)
    presentation.slide_width = Emu(max(_MIN_SIDE, round(stack.width * scale)))
    presentation.slide_height = Emu(max(_MIN_SIDE, round(stack.height * scale)))
    blank = presentation.slide_layouts[6]
    shapes: Any = presentation.slides.add_slide(blank).shapes
    for layer in stack:
        shape = _text(shapes, layer, scale) if live_text and layer.is_read else _picture(shapes, layer, scale)
        properties = shape._element._nvXxPr.cNvPr  # python-pptx has no public API for these attributes
        properties.set("descr", sanitize_name(" ".join(layer.says.split("\n")) or layer.name))
        if layer.is_hidden:
            properties.set("hidden", "1")
        shape.name = display_name(layer.name, layer.kind)
    presentation.save(file)


def _picture(shapes: Any, layer: Layer, scale: float) -> Any:
    left, top, width, height = (round(side * scale) for side in layer.box)
    picture = shapes.add_picture(io.BytesIO(encode_png(layer.pixels)), left, top, max(1, width), max(1, height))
    if layer.opacity < 255:
        blip = picture._element.find(f".//{qn('a:blip')}")
        _add(blip, "a:alphaModFix", "amt", layer.opacity)
    return picture


def _text(shapes: Any, layer: Layer, scale: float) -> Any:
    if len(layer.text) == 1:
        return _text_box(shapes, layer.text[0], layer.opacity, scale)
    group = shapes.add_group_shape()
    for line in layer.text:
        _text_box(group.shapes, line, layer.opacity, scale).name = sanitize_name(line.string)
    return group


def _text_box(shapes: Any, line: TextLine, opacity: int, scale: float) -> Any:
    x, y, width, height, degrees = rotated_box(line.quad)
    box = shapes.add_textbox(*(Emu(round(side * scale)) for side in (x, y, max(1, width), max(1, height))))
    box.rotation = degrees
    frame = box.text_frame
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    frame.word_wrap = False
    frame.auto_size = MSO_AUTO_SIZE.NONE
    frame.vertical_anchor = MSO_ANCHOR.MIDDLE
    run = frame.paragraphs[0].add_run()
    run.text = sanitize_name(line.string)
    points = line.size_px * scale / _EMU_PER_POINT
    run.font.size = Pt(min(max(_MIN_FONT_PT, math.floor(points * 10) / 10), _MAX_FONT_PT))
    run.font.color.rgb = RGBColor(*line.colour)
    if opacity < 255:
        colour = run._r.find(f".//{qn('a:srgbClr')}")
        _add(colour, "a:alpha", "val", opacity)
    return box


def _add(parent: Any, tag: str, attribute: str, opacity: int) -> None:
    element: Any = OxmlElement(tag)
    element.set(attribute, str(round(opacity * 100_000 / 255)))  # thousandths of a percent
    parent.append(element)
