"""Writes SVG: an Inkscape layer per layer, with an embedded image or editable text."""

import base64
import io
from collections.abc import Iterator
from html import escape
from itertools import chain
from typing import BinaryIO

from lamina.core.layers import BlendMode, Layer, LayerStack
from lamina.imaging.export_options import PICTURES_ONLY, ExportOptions
from lamina.imaging.export_report import EDITABLE_TEXT, PICTURE, ExportedLayer
from lamina.imaging.formats.records import render_opacity
from lamina.imaging.formats.svg_fonts import embedded_fonts
from lamina.imaging.formats.svg_shapes import render_shape
from lamina.imaging.formats.svg_text import render_block
from lamina.imaging.formats.text_layout import text_blocks
from lamina.imaging.layer_names import display_name
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
    for index, layer in enumerate(shaped.stack):
        text.write(f'<g id="layer{index}" inkscape:groupmode="layer"{"".join(_attributes(layer))}>\n')
        if index in blocks:
            for number, block in enumerate(blocks[index]):
                text.writelines(render_block(block, f"layer{index}-{number}"))
            exported.append(ExportedLayer(EDITABLE_TEXT))
        elif (found := shaped.shapes.get(index)) is not None:
            text.write(render_shape(found.shape, f"layer{index}"))
            exported.append(ExportedLayer(found.shape.name, found.residual))
        else:
            text.writelines(_image(layer))
            exported.append(ExportedLayer(PICTURE))
        text.write("</g>\n")
    text.write("</svg>\n")
    text.detach()
    return exported


def _attributes(layer: Layer) -> Iterator[str]:
    yield f' inkscape:label="{escape(display_name(layer.name, layer.kind))}"'
    if layer.is_locked:
        yield ' sodipodi:insensitive="true"'
    if layer.opacity < 255:
        yield f' opacity="{render_opacity(layer.opacity)}"'
    style = "display:none;" * layer.is_hidden
    if layer.blend is not BlendMode.NORMAL:
        style += f"mix-blend-mode:{layer.blend.value};"
    if style:
        yield f' style="{style}"'


def _image(layer: Layer) -> Iterator[str]:
    yield f'<image x="{layer.left}" y="{layer.top}" width="{layer.width}" height="{layer.height}" '
    yield 'preserveAspectRatio="none" xlink:href="data:image/png;base64,'
    yield base64.b64encode(encode_png(layer.pixels)).decode("ascii")
    yield '"/>\n'
