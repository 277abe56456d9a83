"""Composes stickers and badges: a plate, a rim, a picture, a ribbon or a name, on a mostly white canvas."""

import numpy as np

from lab.compositions.captions import hand
from lab.compositions.composition import Composition
from lab.compositions.effects import shadowed, turned
from lab.compositions.grounds import ground, plain, size
from lab.compositions.material import Material
from lab.compositions.pieces import emblem, hollow, inked, write
from lab.compositions.schemes import Scheme, scheme
from lab.compositions.shapes import (
    any_outline,
    blob,
    ellipse,
    filled,
    hex_of,
    paint,
    rectangle,
    regular,
    ribbon,
    shield,
    star,
)
from lab.compositions.source import Use
from lab.compositions.words import detail, headline, name
from lab.compositions.writing import arc, block, fitted
from lab.posters.colours import WHITE, Colour, darker, lighter
from lamina.core.layers import LayerKind


def compose(rng: np.random.Generator, material: Material) -> Composition:
    return (_plate if rng.uniform() < 0.58 else _hexagon)(rng, material)


def _plate(rng: np.random.Generator, material: Material) -> Composition:
    """A disc, shield, card or burst with a rim, a picture and text straight or around it."""
    colours = scheme(rng)
    width, height = size(rng, (1, 1, 0.8, 0.75))
    composition = Composition(rng, ground(rng, material, colours, width, height, white=0.7))
    outline = [ellipse, ellipse, shield, star(int(rng.integers(12, 28)), 0.1), any_outline(rng)][rng.integers(5)]
    side = composition.short_px * rng.uniform(0.78, 0.96)
    colour = colours.any(rng)
    x, y = width / 2, height / 2
    rim = rng.choice(["stroke", "layer", "ring", "none"], p=[0.3, 0.25, 0.25, 0.2])
    plate = filled(
        outline, side, side, paint(rng, colour, 0.65),
        stroke=darker(colour, 0.45) if rim == "stroke" else None, stroke_px=side * rng.uniform(0.01, 0.04),
    )  # fmt: skip
    if rng.uniform() < 0.2:
        plate = shadowed(plate, dx=4, dy=6, blur_px=side * 0.015, strength=0.5)
    composition.add_centred(plate, x, y, LayerKind.PANEL, "plate")
    face = colour
    inner = side
    if rim == "layer":
        inner, face = side * rng.uniform(0.72, 0.9), colours.any(rng)
        composition.add_centred(filled(outline, inner, inner, paint(rng, face, 0.7)), x, y, LayerKind.PANEL, "face")
    elif rim == "ring":
        inner = side * rng.uniform(0.8, 0.93)
        ring = hollow(outline, inner, inner, colours.ink_on(rng, colour), inner * rng.uniform(0.008, 0.035), rng)
        composition.add_centred(ring, x, y, LayerKind.OBJECT, "ring")
    if outline is ellipse and rng.uniform() < 0.5:
        _write_around(composition, material, colours, inner / 2, face)
        inner *= 0.68
    has_ribbon = rng.uniform() < 0.35
    picture = emblem(rng, material, colours, face, inner * rng.uniform(0.4, 0.68))
    lift = inner * (rng.uniform(0.06, 0.14) if has_ribbon or rng.uniform() < 0.5 else 0)
    composition.add_centred(picture, x, y - lift, LayerKind.OBJECT, "picture")
    if has_ribbon:
        _lay_ribbon(composition, material, colours, side * rng.uniform(0.9, 1.15), y + inner * rng.uniform(0.18, 0.36))
    elif lift:
        write(composition, material, colours, name(rng), (x, y + inner * 0.32), inner * 0.6, inner * 0.14)
    if rng.uniform() < 0.3:
        _lay_stars(composition, colours, x, y - inner * 0.4, inner, face)
    return composition


def _hexagon(rng: np.random.Generator, material: Material) -> Composition:
    """A sticker of a software package: hexagon, border, picture, name."""
    colours = scheme(rng)
    height = int(rng.choice([768, 1024, 1024, 1200]))
    width = round(height * 0.866)
    composition = Composition(rng, plain(width, height, WHITE))
    face = colours.any(rng) if rng.uniform() < 0.8 else colours.ink
    border = colours.any(rng) if rng.uniform() < 0.5 else darker(face, 0.4)
    stroke_px = width * rng.uniform(0.02, 0.06)
    is_split = rng.uniform() < 0.4
    plate = filled(
        regular(6), width, height, paint(rng, face, 0.65),
        stroke=None if is_split else border, stroke_px=0 if is_split else stroke_px,
    )  # fmt: skip
    composition.add(plate, 0, 0, LayerKind.PANEL, "hexagon")
    late_border = is_split and rng.uniform() < 0.5
    frame = hollow(regular(6), width, height, border, stroke_px, rng)
    if is_split and not late_border:
        composition.add(frame, 0, 0, LayerKind.OBJECT, "border")
    is_name_top = rng.uniform() < 0.3
    count = 1 if rng.uniform() < 0.6 else int(rng.integers(2, 4))
    family = material.family(rng, Use.PICTOGRAMS, Use.THINGS, Use.LINE_ART, Use.ICONS)
    for index in range(count):
        length = width * (rng.uniform(0.42, 0.72) if count == 1 else rng.uniform(0.22, 0.45))
        picture = inked(rng, family.draw(rng, length), colours, face, family.use)
        dx = 0 if count == 1 else (index - (count - 1) / 2) * width * rng.uniform(0.15, 0.28)
        y = height * (0.56 if is_name_top else 0.42) + rng.uniform(-0.05, 0.05) * height * (count > 1)
        composition.add_centred(picture, width / 2 + dx, y, LayerKind.OBJECT, "picture")
    target = width / 2, height * (rng.uniform(0.2, 0.26) if is_name_top else rng.uniform(0.7, 0.8))
    write(composition, material, colours, name(rng), target, width * rng.uniform(0.35, 0.62), height * 0.16)
    if rng.uniform() < 0.3:
        small = hand(rng, material, colours.ink_on(rng, face), height * 0.022, role="plain", alignment="center")
        line = turned(block([f"www.{name(rng).lower()}.example"], small), -30)
        composition.add_centred(line, width * 0.7, height * 0.87, LayerKind.TEXT, "address")
    if late_border:
        composition.add(frame, 0, 0, LayerKind.OBJECT, "border")
    return composition


def _write_around(composition: Composition, material: Material, colours: Scheme, radius: float, behind: Colour) -> None:
    """Text around the rim of a disc, above or below its middle, or both."""
    rng = composition.rng
    em = radius * rng.uniform(0.14, 0.22)
    way = hand(rng, material, colours.ink_on(rng, behind), em, alignment="center")
    text = f"{headline(rng)} {detail(rng)}" if rng.uniform() < 0.5 else headline(rng)
    upper = arc(text, way, radius * 0.76)
    lower = arc(detail(rng), way, radius * 0.84, is_below=True) if rng.uniform() < 0.4 else None
    x, y = composition.width / 2, composition.height / 2
    composition.add_centred(upper, x, y, LayerKind.TEXT, "text around")
    if lower is not None:
        composition.add_centred(lower, x, y, LayerKind.TEXT, "text below")


def _lay_ribbon(composition: Composition, material: Material, colours: Scheme, width: float, y: float) -> None:
    rng = composition.rng
    colour = colours.any(rng)
    height = width * rng.uniform(0.12, 0.2)
    stroke = darker(colour, 0.5) if rng.uniform() < 0.5 else None
    outline = [ribbon, ribbon, rectangle, lambda w, h: rectangle(w, h, h / 2)][rng.integers(4)]
    band = filled(outline, width, height, paint(rng, colour, 0.6), stroke=stroke, stroke_px=3)
    if rng.uniform() < 0.35:
        band = shadowed(band, dx=0, dy=4, blur_px=5, strength=0.45)
    turn = rng.uniform(-8, 8) if rng.uniform() < 0.3 else 0
    if composition.add_centred(turned(band, turn), composition.width / 2, y, LayerKind.PANEL, "ribbon"):
        way = hand(rng, material, colours.ink_on(rng, colour), height * 0.7, alignment="center", finery=0.15)
        text = fitted([headline(rng) if rng.uniform() < 0.5 else name(rng)], way, width * 0.75, height * 0.72)
        composition.add_centred(turned(text, turn), composition.width / 2, y, LayerKind.TEXT, "ribbon text")


def _lay_stars(composition: Composition, colours: Scheme, x: float, y: float, span: float, behind: Colour) -> None:
    """Two to five stars on a line, each a layer."""
    rng = composition.rng
    count = int(rng.integers(2, 6))
    side = span * rng.uniform(0.06, 0.11)
    outline = [star(5, 0.55), ellipse, regular(4), blob(rng)][rng.integers(4)]
    colour = colours.ink_on(rng, behind) if rng.uniform() < 0.5 else lighter(colours.any(rng))
    sprite = filled(outline, side, side, ("", hex_of(colour)))
    for index in range(count):
        composition.add_centred(sprite, x + (index - (count - 1) / 2) * side * 1.4, y, LayerKind.OBJECT, "star")
