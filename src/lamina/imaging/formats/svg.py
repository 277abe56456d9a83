"""Writes SVG: an Inkscape layer per layer, with an embedded image or editable text."""

import base64
import io
from collections.abc import Iterator
from html import escape
from typing import BinaryIO

from lamina.core.layers import BlendMode, Layer, LayerStack, TextLine
from lamina.imaging.formats.records import render_opacity
from lamina.imaging.formats.rotated_boxes import rotated_box
from lamina.imaging.layer_names import display_name, sanitize_name
from lamina.imaging.png import encode_png

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" '
    'xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd" '
    'width="{width}" height="{height}" viewBox="0 0 {width} {height}">\n'
)
# Typical font metrics of Latin fonts, in em.
_ASCENT_EM, _X_HEIGHT_EM, _DESCENT_EM = 0.72, 0.52, 0.21
_X_HEIGHT_CHARACTERS = frozenset("acegmnopqrsuvwxyz.,:;-_+~ ")
_DESCENDING_CHARACTERS = frozenset("gjpqyQ,;()[]{}|@$_")


def write(stack: LayerStack, file: BinaryIO, *, live_text: bool = False) -> None:
    """Writes the stack; with `live_text`, layers with fully recognised text become text elements."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="\n", write_through=True)
    text.write(_HEAD.format(width=stack.width, height=stack.height))
    for index, layer in enumerate(stack):
        text.write(f'<g id="layer{index}" inkscape:groupmode="layer"{"".join(_attributes(layer))}>\n')
        if live_text and layer.is_read:
            text.writelines(_text(line) for line in layer.text)
        else:
            text.writelines(_image(layer))
        text.write("</g>\n")
    text.write("</svg>\n")
    text.detach()


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


def _text(line: TextLine) -> str:
    left, top, width, height, degrees = rotated_box(line.quad)
    baseline = top + height / 2 + _centre_above_baseline_em(line.string) * line.size_px
    turn = f' transform="rotate({degrees:.3f} {left + width / 2:.2f} {top + height / 2:.2f})"' if degrees else ""
    colour = "#" + "".join(f"{sample:02x}" for sample in line.colour)
    return (
        f'<text x="{left:.2f}" y="{baseline:.2f}" font-family="sans-serif" font-size="{line.size_px:.2f}" '
        f'fill="{colour}" textLength="{width:.2f}" lengthAdjust="spacingAndGlyphs" xml:space="preserve"{turn}>'
        f"{escape(sanitize_name(line.string))}</text>\n"
    )


def _centre_above_baseline_em(string: str) -> float:
    letters = set(string)
    ascent = _X_HEIGHT_EM if letters <= _X_HEIGHT_CHARACTERS else _ASCENT_EM
    descent = _DESCENT_EM if letters & _DESCENDING_CHARACTERS else 0
    return (ascent - descent) / 2
