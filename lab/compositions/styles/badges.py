"""Stickers, badges and logos: a plate, a rim, a picture, a ribbon or a name on it, on a mostly white canvas."""

import numpy as np

from lab.compositions.captions import hand
from lab.compositions.composition import Composition
from lab.compositions.effects import outlined, shadowed, turned
from lab.compositions.grounds import ground, plain, size
from lab.compositions.material import Material
from lab.compositions.rasters import draw_shapes
from lab.compositions.schemes import Scheme, scheme
from lab.compositions.shapes import (
    Outline,
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
from lab.compositions.sources import Use
from lab.compositions.words import detail, headline, name
from lab.compositions.writing import arc, block, fitted
from lab.posters.colours import WHITE, Colour, darker, lighter
from lamina.core.layers import LayerKind, Pixels


def compose(rng: np.random.Generator, material: Material) -> Composition:
    kind = rng.choice(["plate", "hexagon", "logo", "sign", "device"], p=[0.34, 0.24, 0.2, 0.12, 0.1])
    return {"plate": _plate, "hexagon": _hexagon, "logo": _logo, "sign": _sign, "device": _device}[str(kind)](
        rng, material
    )


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
        ring = _hollow(outline, inner, inner, colours.ink_on(rng, colour), inner * rng.uniform(0.008, 0.035), rng)
        composition.add_centred(ring, x, y, LayerKind.OBJECT, "ring")
    if outline is ellipse and rng.uniform() < 0.5:
        _write_around(composition, material, colours, inner / 2, face)
        inner *= 0.68
    has_ribbon = rng.uniform() < 0.35
    picture = _picture(rng, material, colours, face, inner * rng.uniform(0.4, 0.68))
    lift = inner * (rng.uniform(0.06, 0.14) if has_ribbon or rng.uniform() < 0.5 else 0)
    composition.add_centred(picture, x, y - lift, LayerKind.OBJECT, "picture")
    if has_ribbon:
        _lay_ribbon(composition, material, colours, side * rng.uniform(0.9, 1.15), y + inner * rng.uniform(0.18, 0.36))
    elif lift:
        _write(composition, material, colours, name(rng), (x, y + inner * 0.32), inner * 0.6, inner * 0.14)
    if rng.uniform() < 0.3:
        _lay_stars(composition, colours, x, y - inner * 0.4, inner, face)
    return composition


def _hexagon(rng: np.random.Generator, material: Material) -> Composition:
    """A sticker of a package of software: hexagon, border, picture, name."""
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
    frame = _hollow(regular(6), width, height, border, stroke_px, rng)
    if is_split and not late_border:
        composition.add(frame, 0, 0, LayerKind.OBJECT, "border")
    is_name_top = rng.uniform() < 0.3
    count = 1 if rng.uniform() < 0.6 else int(rng.integers(2, 4))
    family = material.family(rng, Use.PICTOGRAMS, Use.THINGS, Use.LINE_ART, Use.ICONS)
    for index in range(count):
        length = width * (rng.uniform(0.42, 0.72) if count == 1 else rng.uniform(0.22, 0.45))
        picture = _inked(rng, family.draw(rng, length), colours, face, family.use)
        dx = 0 if count == 1 else (index - (count - 1) / 2) * width * rng.uniform(0.15, 0.28)
        y = height * (0.56 if is_name_top else 0.42) + rng.uniform(-0.05, 0.05) * height * (count > 1)
        composition.add_centred(picture, width / 2 + dx, y, LayerKind.OBJECT, "picture")
    target = width / 2, height * (rng.uniform(0.2, 0.26) if is_name_top else rng.uniform(0.7, 0.8))
    _write(composition, material, colours, name(rng), target, width * rng.uniform(0.35, 0.62), height * 0.16)
    if rng.uniform() < 0.3:
        small = hand(rng, material, colours.ink_on(rng, face), height * 0.022, role="plain", alignment="center")
        line = turned(block([f"www.{name(rng).lower()}.example"], small), -30)
        composition.add_centred(line, width * 0.7, height * 0.87, LayerKind.TEXT, "address")
    if late_border:
        composition.add(frame, 0, 0, LayerKind.OBJECT, "border")
    return composition


def _logo(rng: np.random.Generator, material: Material) -> Composition:
    """A mark beside or above a big wordmark, perhaps with a line under it."""
    colours = scheme(rng)
    width, height = size(rng, (0.4, 0.5, 0.56, 0.75, 1), tall=0)
    composition = Composition(rng, ground(rng, material, colours, width, height, white=0.55))
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
    picture = _picture(rng, material, colours, behind, side)
    composition.add_centred(picture, mark_x, mark_y, LayerKind.OBJECT, "mark")
    left = width * 0.05 if is_stacked else mark_x + side * 0.85
    room = width * 0.95 - left
    middle = left + room / 2, height * (0.74 if is_stacked else rng.uniform(0.4, 0.5))
    word = name(rng) if rng.uniform() < 0.6 else headline(rng)
    _write(
        composition, material, colours, word, middle, room, height * (0.2 if is_stacked else rng.uniform(0.25, 0.45))
    )
    if rng.uniform() < 0.45:
        line = middle[0], middle[1] + height * (0.14 if is_stacked else 0.28)
        _write(composition, material, colours, detail(rng), line, room * 0.7, height * 0.08)
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
    _write(
        composition, material, colours, headline(rng), (width / 2, height * 0.8), side * 0.88, box_height * 0.8, lines=3
    )
    return composition


def _device(rng: np.random.Generator, material: Material) -> Composition:
    """A device or piece of furniture from plain shapes: a body, a display, keys, each a layer."""
    colours = scheme(rng)
    width, height = size(rng, (1, 0.75, 0.6))
    composition = Composition(rng, ground(rng, material, colours, width, height, white=0.75))
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
        picture = _picture(rng, material, colours, display_colour, min(display_height, body_width * 0.8) * 0.7)
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


def _picture(rng: np.random.Generator, material: Material, colours: Scheme, behind: Colour, long_px: float) -> Pixels:
    """A thing, an icon in one colour, or a thing as a sticker."""
    if rng.uniform() < 0.4:
        return material.icon(rng, long_px, colours.ink_on(rng, behind))
    family = material.family(rng, Use.PICTOGRAMS, Use.THINGS, Use.LINE_ART)
    sprite = _inked(rng, family.draw(rng, long_px), colours, behind, family.use)
    return outlined(sprite, long_px * 0.02, WHITE) if rng.uniform() < 0.12 else sprite


def _inked(rng: np.random.Generator, sprite: Pixels, colours: Scheme, behind: Colour, use: Use) -> Pixels:
    """Icons and line art in a colour that is seen on what is behind; other things as they are."""
    if use not in (Use.ICONS, Use.LINE_ART):
        return sprite
    result = sprite.copy()
    result[..., :3] = colours.ink_on(rng, behind)
    return result


def _hollow(
    outline: Outline, width: float, height: float, colour: Colour, stroke_px: float, rng: np.random.Generator
) -> Pixels:
    """A ring or frame: the outline's stroke alone, perhaps dashed or double."""
    kind = rng.uniform()
    dashes = f"{stroke_px * 3:.1f} {stroke_px * 2:.1f}" if kind < 0.15 else ""
    sheet = filled(outline, width, height, ("", "none"), stroke=colour, stroke_px=stroke_px, dashes=dashes)
    if kind > 0.85:
        inset = stroke_px * 2.4
        data = outline(width - 2 * inset, height - 2 * inset)
        body = (
            f'<path d="{data}" transform="translate({inset} {inset})" fill="none" stroke="{hex_of(colour)}"'
            f' stroke-width="{stroke_px * 0.4}"/>'
        )
        return np.maximum(sheet, draw_shapes(body, sheet.shape[1], sheet.shape[0]))
    return sheet


def _write(
    composition: Composition,
    material: Material,
    colours: Scheme,
    text: str,
    middle: tuple[float, float],
    width: float,
    height: float,
    *,
    lines: int = 1,
) -> None:
    """The text as large as fits around a middle."""
    rng = composition.rng
    behind = composition.mean_colour(middle[0] - width / 3, middle[1] - height / 3, width * 0.66, height * 0.66)
    way = hand(
        rng, material, colours.ink_on(rng, behind), height / max(1, lines) * 1.2, alignment="center", finery=0.25
    )
    words = text.split()
    per_line = -(-len(words) // lines)
    rows = [" ".join(words[i : i + per_line]) for i in range(0, len(words), per_line)]
    composition.add_centred(fitted(rows, way, width, height), *middle, LayerKind.TEXT, "text")


def _write_around(composition: Composition, material: Material, colours: Scheme, radius: float, behind: Colour) -> None:
    """Text around the rim of a disc, above or below its middle, or both."""
    rng = composition.rng
    em = radius * rng.uniform(0.14, 0.22)
    way = hand(rng, material, colours.ink_on(rng, behind), em, alignment="center")
    text = f"{headline(rng)} {detail(rng)}" if rng.uniform() < 0.5 else headline(rng)
    upper = arc(text, way, radius * 0.76)
    lower = arc(detail(rng), way, radius * 0.88, is_below=True) if rng.uniform() < 0.4 else None
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
