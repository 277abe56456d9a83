"""Composes many small things of one kind: a grid, a wreath, confetti, a pattern; as one layer or a layer each."""

import numpy as np

from lab.compositions.captions import caption
from lab.compositions.composition import Composition
from lab.compositions.effects import pasted, tinted, turned
from lab.compositions.grounds import ground, size
from lab.compositions.material import Material
from lab.compositions.schemes import Scheme, scheme
from lab.compositions.shapes import any_outline, ellipse, filled, hex_of, paint, rectangle, regular, star
from lab.compositions.source import Use
from lab.posters.colours import WHITE, mixed
from lamina.core.layers import LayerKind, Pixels


def compose(rng: np.random.Generator, material: Material) -> Composition:
    colours = scheme(rng)
    composition = Composition(rng, ground(rng, material, colours, *size(rng), white=0.5))
    kind = rng.choice(["grid", "confetti", "circle", "stack"], p=[0.35, 0.25, 0.2, 0.2])
    {"grid": _lay_grid, "confetti": _lay_confetti, "circle": _lay_circle, "stack": _lay_stack}[str(kind)](
        composition, material, colours
    )
    if kind == "confetti" or rng.uniform() < 0.35:
        caption(composition, material, colours)
    return composition


def _lay_grid(composition: Composition, material: Material, colours: Scheme) -> None:
    """Pictures in rows and columns, with a plate under each perhaps."""
    rng = composition.rng
    columns, rows = int(rng.integers(2, 6)), int(rng.integers(2, 5))
    pitch = min(composition.width * 0.9 / columns, composition.height * 0.75 / rows)
    family = material.family(rng, Use.PICTOGRAMS, Use.THINGS, Use.ICONS, Use.CUT_OUTS)
    plate_outline = any_outline(rng) if rng.uniform() < 0.45 else None
    one_colour = colours.any(rng) if rng.uniform() < 0.5 else None
    for row in range(rows):
        for column in range(columns):
            x = composition.width / 2 + (column - (columns - 1) / 2) * pitch
            y = composition.height * 0.47 + (row - (rows - 1) / 2) * pitch
            colour = one_colour or colours.any(rng)
            picture = family.draw(rng, pitch * (0.5 if plate_outline else 0.78))
            if plate_outline:
                plate = filled(plate_outline, pitch * 0.85, pitch * 0.85, paint(rng, colour, 0.8))
                composition.add_centred(plate, x, y, LayerKind.PANEL, "plate")
            if family.use is Use.ICONS:
                behind = composition.mean_colour(x - pitch * 0.2, y - pitch * 0.2, pitch * 0.4, pitch * 0.4)
                picture = tinted(picture, colours.ink_on(rng, behind))
            composition.add_centred(picture, x, y, LayerKind.OBJECT, "picture")


def _lay_confetti(composition: Composition, material: Material, colours: Scheme) -> None:
    """Small shapes all over as one layer, with larger things before or behind them."""
    rng = composition.rng
    sheet = np.zeros((composition.height, composition.width, 4), np.uint8)
    shapes = [ellipse, rectangle, star(5, 0.55), regular(3), regular(4)]
    outlines = [shapes[i] for i in rng.choice(len(shapes), rng.integers(1, 4), replace=False)]
    side = composition.short_px * rng.uniform(0.015, 0.05)
    is_falling = rng.uniform() < 0.4
    for _ in range(rng.integers(25, 110)):
        length = side * rng.uniform(0.5, 1.5)
        outline = outlines[rng.integers(len(outlines))]
        narrow = 0.45 if outline is rectangle else 1
        bit = turned(filled(outline, length, length * narrow, ("", hex_of(colours.any(rng)))), rng.uniform(0, 360))
        y = rng.beta(1, 2.2) if is_falling else rng.uniform()
        pasted(sheet, bit, rng.uniform(0, composition.width), y * composition.height)
    is_first = rng.uniform() < 0.5
    if is_first:
        composition.add(sheet, 0, 0, LayerKind.OBJECT, "confetti")
    family = material.family(rng)
    for _ in range(rng.integers(1, 4)):
        sprite = family.draw(rng, composition.short_px * rng.uniform(0.3, 0.6))
        composition.place(sprite, LayerKind.OBJECT, "thing", region=(0.05, 0.1, 0.95, 0.9), most_overlap=0.4)
    if not is_first:
        composition.add(sheet, 0, 0, LayerKind.OBJECT, "confetti")


def _lay_circle(composition: Composition, material: Material, colours: Scheme) -> None:
    """Things around a middle one, each a layer, or a wreath as one layer."""
    rng = composition.rng
    count = int(rng.integers(5, 13))
    radius = composition.short_px * rng.uniform(0.3, 0.38)
    length = 2 * np.pi * radius / count * rng.uniform(0.6, 1.1)
    family = material.family(rng, Use.PICTOGRAMS, Use.THINGS, Use.CUT_OUTS, Use.ICONS)
    sprites = [family.draw(rng, length) for _ in range(1 if rng.uniform() < 0.5 else 3)]
    if family.use is Use.ICONS:
        sprites = [tinted(sprite, colours.any(rng)) for sprite in sprites]
    x, y = composition.width / 2, composition.height / 2
    is_wreath = rng.uniform() < 0.4
    sheet = np.zeros((composition.height, composition.width, 4), np.uint8)
    for index in range(count):
        angle = index * 2 * np.pi / count
        sprite = sprites[index % len(sprites)]
        sprite = turned(sprite, np.degrees(angle)) if is_wreath else sprite
        cx, cy = x + radius * np.sin(angle), y - radius * np.cos(angle)
        if is_wreath:
            pasted(sheet, sprite, cx - sprite.shape[1] / 2, cy - sprite.shape[0] / 2)
        else:
            composition.add_centred(sprite, cx, cy, LayerKind.OBJECT, "thing")
    if is_wreath:
        composition.add(sheet, 0, 0, LayerKind.OBJECT, "wreath")
    middle = material.family(rng).draw(rng, radius * rng.uniform(0.7, 1.2))
    composition.add_centred(middle, x, y, LayerKind.OBJECT, "middle")


def _lay_stack(composition: Composition, material: Material, colours: Scheme) -> None:
    """The same thing again and again, touching: a stack or a row, in its colours or in others."""
    rng = composition.rng
    count = int(rng.integers(3, 7))
    is_upright = rng.uniform() < 0.5
    extent = (composition.height if is_upright else composition.width) * 0.84
    across = (composition.width if is_upright else composition.height) * 0.8
    length = min(extent / count * rng.uniform(1.05, 1.7), across)
    thing = _repeated(rng, material, colours, length)
    tints = rng.uniform() < 0.4
    step = (extent - length) / max(1, count - 1)
    for index in range(count):
        sprite = thing
        if tints:
            sprite = thing.copy()
            tone = np.array(colours.any(rng))
            grey = thing[..., :3].mean(-1, keepdims=True) / 255
            sprite[..., :3] = np.rint(
                np.clip(grey * 0.7 + 0.3, 0, 1)
                * np.array(mixed((int(tone[0]), int(tone[1]), int(tone[2])), WHITE, 0.1))
            )
        along = (composition.height if is_upright else composition.width) * 0.08 + length / 2 + index * step
        x, y = (composition.width / 2, along) if is_upright else (along, composition.height * 0.52)
        composition.add_centred(sprite, x, y, LayerKind.OBJECT, "copy")


def _repeated(rng: np.random.Generator, material: Material, colours: Scheme, length: float) -> Pixels:
    if rng.uniform() < 0.3:
        colour = colours.any(rng)
        outline = any_outline(rng)
        return filled(
            outline, length * rng.uniform(1, 1.6), length, paint(rng, colour, 0.3), stroke=colours.ink, stroke_px=3
        )
    return material.family(rng, Use.PICTOGRAMS, Use.THINGS, Use.CUT_OUTS).draw(rng, length)
