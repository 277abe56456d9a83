"""Layers of text whose letters are where the typical sans-serif sets them."""

from dataclasses import replace

import numpy as np

from lamina.core.layers import Layer, LayerKind, TextLine
from lamina.core.text_styles import TextStyle
from lamina.typesetting.faces import face_metrics
from lamina.typesetting.frames import LineBox, TextFrame

INK = (20, 30, 90)
STYLE = TextStyle(size_px=40, line_height_px=50, colour=INK, script="Latn")


def text_line(string: str, start: float, baseline: float, style: TextStyle = STYLE) -> TextLine:
    """A line whose pen starts at `start`, along and across the direction of the style."""
    ink = face_metrics(style.typeface).ink(string)
    size_px = style.size_px
    box = LineBox(
        left=start + ink.left * size_px,
        right=start + ink.right * size_px + style.letter_spacing_px * (len(string) - 1),
        top=baseline - ink.top * size_px,
        bottom=baseline + ink.bottom * size_px,
    )
    return TextLine(string, TextFrame(style.rotation_degrees).quad(box), style.colour, size_px)


def text_layer(*lines: TextLine, style: TextStyle | None = STYLE) -> Layer:
    pixels = np.full((4, 4, 4), 255, np.uint8)
    return replace(Layer("Text", LayerKind.TEXT, pixels), text=lines, style=style)
