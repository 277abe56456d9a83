"""Writes PowerPoint: one slide with the aspect ratio of the canvas, and a picture or text box per layer, in groups."""

import io
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from pptx import Presentation
from pptx.oxml.ns import qn
from pptx.oxml.xmlchemy import OxmlElement
from pptx.util import Emu

from lamina.core.layer_tree import GroupNode, LayerNode, Node, tree_of
from lamina.core.layers import Layer, LayerStack
from lamina.imaging.export_options import PICTURES_ONLY, ExportOptions
from lamina.imaging.export_report import EDITABLE_TEXT, PICTURE, ExportedLayer
from lamina.imaging.formats.pptx_shapes import add_autoshape, beyond_the_slide, is_autoshape
from lamina.imaging.formats.pptx_text import add_text_box
from lamina.imaging.formats.text_layout import text_blocks
from lamina.imaging.layer_names import display_name, group_display_name, sanitize_name
from lamina.imaging.png import encode_png
from lamina.imaging.shapes.recognition import ShapedStack, with_native_shapes
from lamina.imaging.shapes.shape import NativeShape

_EMU_PER_PIXEL = 9525  # 96 pixels an inch
# ECMA-376 part 1, 19.7.18 (ST_SlideSizeCoordinate): 1 to 56 inches.
_MIN_SIDE, _MAX_SIDE = 914_400, 51_206_400


def write(stack: LayerStack, file: BinaryIO, options: ExportOptions = PICTURES_ONLY) -> list[ExportedLayer]:
    """Writes the stack; with `editable_text`, layers with fully recognised text become a text box per block, and
    with `native_shapes`, layers that are simple shapes become autoshapes.

    Hidden layers remain hidden in the selection pane. Blend modes, which PowerPoint lacks, become normal.
    Slides below the minimum size of one inch are padded on the right and at the bottom.
    """
    presentation = Presentation()
    longest, shortest = max(stack.width, stack.height), min(stack.width, stack.height)
    scale = max(_EMU_PER_PIXEL, _MIN_SIDE / shortest)
    scale = min(scale, _MAX_SIDE / longest)
    width, height = (max(_MIN_SIDE, round(side * scale)) for side in (stack.width, stack.height))
    presentation.slide_width, presentation.slide_height = Emu(width), Emu(height)
    blank = presentation.slide_layouts[6]
    shapes: Any = presentation.slides.add_slide(blank).shapes

    def autoshape(shape: NativeShape) -> NativeShape:
        is_padded = min(width, height) == _MIN_SIDE
        return shape if is_padded else beyond_the_slide(shape, stack.width, stack.height)

    def is_usable(shape: NativeShape, layer: Layer) -> bool:
        return is_autoshape(autoshape(shape), layer)

    shaped = with_native_shapes(stack, is_usable) if options.native_shapes else ShapedStack(stack, {})
    exported: list[ExportedLayer] = []

    def add(parent: Any, node: LayerNode) -> None:
        layer, native = node.layer, shaped.shapes.get(node.index)
        if options.editable_text and layer.is_read:
            shape = _text(parent, layer, scale)
            exported.append(ExportedLayer(EDITABLE_TEXT))
        elif native is not None:
            shape = add_autoshape(parent, autoshape(native.shape), layer.opacity, scale)
            exported.append(ExportedLayer(native.shape.name, native.residual))
        else:
            shape = _picture(parent, layer, scale)
            exported.append(ExportedLayer(PICTURE))
        _properties(shape).set("descr", sanitize_name(" ".join(layer.says.split("\n")) or layer.name))
        _finish(shape, display_name(layer.name, layer.kind), is_hidden=layer.is_hidden)

    _add_nodes(shapes, tree_of(shaped.stack), add)
    presentation.save(file)
    return exported


def _add_nodes(parent: Any, nodes: Sequence[Node], add: Callable[[Any, LayerNode], None]) -> None:
    for node in nodes:
        if isinstance(node, GroupNode):
            shape = parent.add_group_shape()
            _add_nodes(shape.shapes, node.members, add)
            shape._element.recalculate_extents()  # members have been placed since they were added
            _finish(shape, group_display_name(node.group), is_hidden=node.group.is_hidden)
        else:
            add(parent, node)


def _finish(shape: Any, name: str, *, is_hidden: bool) -> None:
    shape.name = name
    if is_hidden:
        _properties(shape).set("hidden", "1")


def _properties(shape: Any) -> Any:
    return shape._element._nvXxPr.cNvPr  # python-pptx has no public API for its attributes


def _picture(shapes: Any, layer: Layer, scale: float) -> Any:
    left, top, width, height = (round(side * scale) for side in layer.box)
    picture = shapes.add_picture(io.BytesIO(encode_png(layer.pixels)), left, top, max(1, width), max(1, height))
    if layer.opacity < 255:
        _fade(picture._element.find(f".//{qn('a:blip')}"), layer.opacity)
    return picture


def _text(shapes: Any, layer: Layer, scale: float) -> Any:
    blocks = text_blocks(layer)
    if len(blocks) == 1:
        return add_text_box(shapes, blocks[0], layer.opacity, scale)
    group = shapes.add_group_shape()
    for block in blocks:
        add_text_box(group.shapes, block, layer.opacity, scale).name = block.rows[0].string
    return group


def _fade(blip: Any, opacity: int) -> None:
    element: Any = OxmlElement("a:alphaModFix")
    element.set("amt", str(round(opacity * 100_000 / 255)))  # thousandths of a percent
    blip.append(element)
