"""Renders the colours and gradients of SVG."""

import math

from lamina.core.text_styles import Colour, ColourGradient
from lamina.typesetting.frames import LineBox


def hex_colour(colour: Colour) -> str:
    return "#" + "".join(f"{sample:02x}" for sample in colour)


def render_gradient(gradient: ColourGradient, box: LineBox, gradient_id: str) -> str:
    """A gradient whose line passes through the middle of the box, and ends where its corners are."""
    turn = math.radians(gradient.degrees)
    right, down = math.cos(turn), math.sin(turn)
    reach = (abs(box.width * right) + abs(box.height * down)) / 2
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    ends = x - reach * right, y - reach * down, x + reach * right, y + reach * down
    place = " ".join(f'{name}="{end:.2f}"' for name, end in zip(("x1", "y1", "x2", "y2"), ends, strict=True))
    start, end = hex_colour(gradient.start), hex_colour(gradient.end)
    return (
        f'<linearGradient id="{gradient_id}" gradientUnits="userSpaceOnUse" {place}>'
        f'<stop offset="0" stop-color="{start}"/><stop offset="1" stop-color="{end}"/>'
        "</linearGradient>\n"
    )
