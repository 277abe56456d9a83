"""Writes SVG: an Inkscape layer per layer, with an embedded image or editable text, and one per group."""

import base64
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from itertools import chain
from typing import BinaryIO

from lamina.core.layer_tree import GroupNode, LayerNode, Node, groups_of, tree_of
from lamina.core.layers import BlendMode, Group, Layer, LayerStack
from lamina.imaging.export_options import PICTURES_ONLY, ExportOptions
from lamina.imaging.export_report import EDITABLE_TEXT, PICTURE, ExportedLayer
from lamina.imaging.formats.records import render_opacity
from lamina.imaging.formats.svg_fonts import embedded_fonts
from lamina.imaging.formats.svg_shapes import render_shape
from lamina.imaging.formats.svg_text import render_block
from lamina.imaging.formats.text_layout import text_blocks
from lamina.imaging.layer_names import display_name, group_display_name
from lamina.imaging.png import encode_png
from lamina.imaging.shapes.recognition import ShapedStack, with_native_shapes

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" '
    'xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd" '
    'width="{width}" height="{height}" viewBox="0 0 {width} {height}">\n'
)


def write(stack: LayerStack, file: BinaryIO, options: ExportOptions = PICTURES_ONLY) -> list[ExportedLayer]:
    """Writes the stack; with `editable_text`, layers with fully recognised text become a text element per block, and
    with `native_shapes`, layers that are simple shapes become elements of those.

    Raises `LaminaError` (output_unwritable) if fonts are to be embedded and cannot be.
    """
    text = io.TextIOWrapper(file, encoding="utf-8", newline="\n", write_through=True)
    text.write(_HEAD.format(width=stack.width, height=stack.height))
    blocks = {index: text_blocks(layer) for index, layer in enumerate(stack) if options.editable_text and layer.is_read}
    if options.embeds_fonts:
        text.write(embedded_fonts(chain.from_iterable(blocks.values())))
    shaped = with_native_shapes(stack) if options.native_shapes else ShapedStack(stack, {})
    exported: list[ExportedLayer] = []

    def content(node: LayerNode) -> Iterator[str]:
        index = node.index
        if index in blocks:
            for number, block in enumerate(blocks[index]):
                yield from render_block(block, f"layer{index}-{number}")
            exported.append(ExportedLayer(EDITABLE_TEXT))
        elif (found := shaped.shapes.get(index)) is not None:
            yield render_shape(found.shape, f"layer{index}")
            exported.append(ExportedLayer(found.shape.name, found.residual))
        else:
            yield from _image(node.layer)
            exported.append(ExportedLayer(PICTURE))

    group_ids = {group: f"group{number}" for number, group in enumerate(groups_of(shaped.stack))}
    text.writelines(_elements(tree_of(shaped.stack), group_ids, content))
    text.write("</svg>\n")
    text.detach()
    return exported


def _elements(
    nodes: Sequence[Node], group_ids: Mapping[Group, str], content: Callable[[LayerNode], Iterator[str]]
) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, GroupNode):
            attributes = chain(_switches(node.group, group_display_name(node.group)), _style(node.group))
            yield f'<g id="{group_ids[node.group]}" inkscape:groupmode="layer"{"".join(attributes)}>\n'
            yield from _elements(node.members, group_ids, content)
        else:
            yield f'<g id="layer{node.index}" inkscape:groupmode="layer"{"".join(_attributes(node.layer))}>\n'
            yield from content(node)
        yield "</g>\n"


def _switches(item: Layer | Group, name: str) -> Iterator[str]:
    yield f' inkscape:label="{escape(name)}"'
    if item.is_locked:
        yield ' sodipodi:insensitive="true"'


def _attributes(layer: Layer) -> Iterator[str]:
    yield from _switches(layer, display_name(layer.name, layer.kind))
    if layer.opacity < 255:
        yield f' opacity="{render_opacity(layer.opacity)}"'
    yield from _style(layer, "" if layer.blend is BlendMode.NORMAL else f"mix-blend-mode:{layer.blend.value};")


def _style(item: Layer | Group, more: str = "") -> Iterator[str]:
    style = "display:none;" * item.is_hidden + more
    if style:
        yield f' style="{style}"'


def _image(layer: Layer) -> Iterator[str]:
    yield f'<image x="{layer.left}" y="{layer.top}" width="{layer.width}" height="{layer.height}" '
    yield 'preserveAspectRatio="none" xlink:href="data:image/png;base64,'
    yield base64.b64encode(encode_png(layer.pixels)).decode("ascii")
    yield '"/>\n'
