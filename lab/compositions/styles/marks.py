"""Composes logos, signs and devices: a mark and a wordmark, a shape with an icon, a body with a display and keys."""

import numpy as np

from lab.compositions.composition import Composition
from lab.compositions.effects import turned
from lab.compositions.grounds import ground, plain, size
from lab.compositions.material import Material
from lab.compositions.pieces import emblem, write
from lab.compositions.schemes import scheme
from lab.compositions.shapes import (
    Outline,
    any_outline,
    ellipse,
    filled,
    hex_of,
    paint,
    rectangle,
    regular,
)
from lab.compositions.words import detail, headline, name
from lab.posters.colours import WHITE, darker
from lamina.core.layers import LayerKind


def compose(rng: np.random.Generator, material: Material) -> Composition:
    kind = rng.choice(["logo", "sign", "device"], p=[0.48, 0.28, 0.24])
    return {"logo": _logo, "sign": _sign, "device": _device}[str(kind)](rng, material)


def _logo(rng: np.random.Generator, material: Material) -> Composition:
    """A mark beside or above a big wordmark, perhaps with a line under it."""
    colours = scheme(rng)
    width, height = size(rng, (0.4, 0.5, 0.56, 0.75, 1), tall=0)
    composition = Composition(rng, ground(rng, material, colours, width, height, white=0.65))
    is_stacked = height > 0.65 * width
    side = height * (0.45 if is_stacked else rng.uniform(0.45, 0.8))
    mark_x = width / 2 if is_stacked else max(side * 0.62, width * rng.uniform(0.12, 0.2))
    mark_y = height * (0.34 if is_stacked else 0.5)
    if rng.uniform() < 0.4:
        plate_colour = colours.any(rng)
        plate = filled(any_outline(rng), side, side, paint(rng, plate_colour, 0.7))
        if composition.add_centred(plate, mark_x, mark_y, LayerKind.PANEL, "plate"):
            side *= 0.62
    behind = composition.mean_colour(mark_x - side / 2, mark_y - side / 2, side, side)
    picture = emblem(rng, material, colours, behind, side)
    composition.add_centred(picture, mark_x, mark_y, LayerKind.OBJECT, "mark")
    left = width * 0.05 if is_stacked else mark_x + side * 0.85
    room = width * 0.95 - left
    middle = left + room / 2, height * (0.74 if is_stacked else rng.uniform(0.4, 0.5))
    word = name(rng) if rng.uniform() < 0.6 else headline(rng)
    write(composition, material, colours, word, middle, room, height * (0.2 if is_stacked else rng.uniform(0.25, 0.45)))
    if rng.uniform() < 0.45:
        line = middle[0], middle[1] + height * (0.14 if is_stacked else 0.28)
        write(composition, material, colours, detail(rng), line, room * 0.7, height * 0.08)
    if rng.uniform() < 0.25:
        bar = filled(rectangle, room * rng.uniform(0.4, 0.9), max(4, height * 0.012), ("", hex_of(colours.any(rng))))
        composition.add_centred(bar, middle[0], middle[1] + height * 0.19, LayerKind.OBJECT, "line")
    return composition


def _sign(rng: np.random.Generator, material: Material) -> Composition:
    """A sign: a coloured shape with an icon, and words on a panel of their own."""
    colours = scheme(rng)
    width, height = size(rng, (0.7, 0.75, 0.6), tall=0.75)
    composition = Composition(rng, plain(width, height, WHITE if rng.uniform() < 0.7 else colours.any(rng)))
    side = min(width * 0.86, height * 0.55)
    colour = colours.any(rng)
    border = darker(colour, 0.6) if rng.uniform() < 0.5 else colours.any(rng)
    outline = [ellipse, regular(4), regular(3), regular(8, 22.5), lambda w, h: rectangle(w, h, w * 0.1)][
        rng.integers(5)
    ]
    is_rimmed = rng.uniform() < 0.5
    plate = filled(
        outline, side, side, ("", hex_of(colour)), stroke=border if is_rimmed else None, stroke_px=side * 0.06
    )
    composition.add_centred(plate, width / 2, height * 0.33, LayerKind.PANEL, "sign")
    icon = material.icon(rng, side * 0.5, colours.ink_on(rng, colour))
    drop = side * 0.14 if outline not in (ellipse,) else 0
    composition.add_centred(icon, width / 2, height * 0.33 + drop * 0.3, LayerKind.OBJECT, "icon")
    box_height = height * rng.uniform(0.2, 0.3)
    box_colour = colour if rng.uniform() < 0.5 else colours.any(rng)
    if rng.uniform() < 0.7:
        box = filled(rectangle, side, box_height, ("", hex_of(box_colour)))
        composition.add_centred(box, width / 2, height * 0.8, LayerKind.PANEL, "board")
    write(
        composition, material, colours, headline(rng), (width / 2, height * 0.8), side * 0.88, box_height * 0.8, lines=3
    )
    return composition


def _device(rng: np.random.Generator, material: Material) -> Composition:
    """A device or piece of furniture from plain shapes: a body, a display, keys, each a layer."""
    colours = scheme(rng)
    width, height = size(rng, (1, 0.75, 0.6))
    composition = Composition(rng, ground(rng, material, colours, width, height, white=0.85))
    body_width, body_height = width * rng.uniform(0.55, 0.9), height * rng.uniform(0.6, 0.92)
    radius = min(body_width, body_height) * rng.uniform(0, 0.2)
    colour = colours.any(rng)
    stroke = darker(colour, 0.5) if rng.uniform() < 0.6 else None

    def rounded(share: float) -> Outline:
        return lambda w, h: rectangle(w, h, radius * share)

    body = filled(
        rounded(1), body_width, body_height, paint(rng, colour, 0.4), stroke=stroke, stroke_px=rng.uniform(2, 8)
    )
    composition.add_centred(body, width / 2, height / 2, LayerKind.PANEL, "body")
    left, top = (width - body_width) / 2, (height - body_height) / 2
    display_height = body_height * rng.uniform(0.3, 0.6)
    display_colour = colours.any(rng)
    display = filled(
        rounded(0.5), body_width * 0.82, display_height, paint(rng, display_colour, 0.4), stroke=stroke, stroke_px=3
    )
    composition.add(display, left + body_width * 0.09, top + body_height * 0.08, LayerKind.PANEL, "display")
    if rng.uniform() < 0.6:
        picture = emblem(rng, material, colours, display_colour, min(display_height, body_width * 0.8) * 0.7)
        middle = top + body_height * 0.08 + display_height / 2
        composition.add_centred(picture, width / 2, middle, LayerKind.OBJECT, "picture")
    count = int(rng.integers(1, 5))
    key_colour = colours.any(rng)
    outline = [ellipse, rounded(0.3)][rng.integers(2)]
    room = body_width * 0.84 / count
    key_side = min(room * 0.75, (body_height * 0.86 - display_height) * 0.7)
    key = filled(outline, key_side, key_side, paint(rng, key_colour, 0.5), stroke=stroke, stroke_px=2)
    y = top + body_height * 0.08 + display_height + (body_height * 0.88 - display_height) / 2
    for index in range(count):
        x = left + body_width * 0.08 + (index + 0.5) * room
        composition.add_centred(key, x, y, LayerKind.OBJECT, "key")
    if rng.uniform() < 0.35:
        pen = turned(
            filled(rounded(1), body_height * 0.05, body_height * 0.8, paint(rng, colours.ink, 0.4)), rng.uniform(20, 60)
        )
        composition.add_centred(pen, width * 0.68, height * 0.5, LayerKind.OBJECT, "pen")
    return composition
