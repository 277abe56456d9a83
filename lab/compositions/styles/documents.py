"""Composes certificates, invitations, playing cards and labels: borders, corner ornaments, centred text, a seal."""

import numpy as np

from lab.compositions.captions import hand
from lab.compositions.composition import Composition
from lab.compositions.effects import flipped, shadowed, turned
from lab.compositions.grounds import ground, plain, size
from lab.compositions.material import Material
from lab.compositions.rasters import draw_shapes
from lab.compositions.schemes import Scheme, scheme
from lab.compositions.shapes import ellipse, filled, heart, hex_of, paint, rectangle, regular, star
from lab.compositions.source import Use
from lab.compositions.words import detail, headline, paragraph, sentence
from lab.compositions.writing import block, fitted, wrapped
from lab.posters.colours import WHITE, Colour, darker, mixed
from lamina.core.layers import LayerKind, Pixels


def compose(rng: np.random.Generator, material: Material) -> Composition:
    return _playing_card(rng, material) if rng.uniform() < 0.3 else _certificate(rng, material)


def _certificate(rng: np.random.Generator, material: Material) -> Composition:
    colours = scheme(rng)
    width, height = size(rng, (0.707, 0.75, 0.667, 1), tall=0.45)
    composition = Composition(rng, ground(rng, material, colours, width, height, white=0.5))
    inset = composition.short_px * rng.uniform(0.02, 0.08)
    face = composition.mean_colour(0, 0, width, height)
    if rng.uniform() < 0.5:
        face = mixed(colours.any(rng), WHITE, rng.uniform(0.3, 0.95))
        sheet = filled(rectangle, width - 2 * inset, height - 2 * inset, paint(rng, face, 0.7))
        if rng.uniform() < 0.3:
            sheet = shadowed(sheet, dx=3, dy=5, blur_px=8, strength=0.5)
        composition.add_centred(sheet, width / 2, height / 2, LayerKind.PANEL, "paper")
        inset += composition.short_px * rng.uniform(0.02, 0.05)
    for _ in range(rng.integers(1, 3)):
        border = _border(rng, width - 2 * inset, height - 2 * inset, colours.ink_on(rng, face), composition.short_px)
        composition.add(border, inset, inset, LayerKind.OBJECT, "border")
        inset += composition.short_px * rng.uniform(0.03, 0.05)
    if rng.uniform() < 0.4:
        _lay_corners(composition, material, colours, inset, face)
    _lay_lines(composition, material, colours, inset * 1.5, face)
    if rng.uniform() < 0.55:
        _lay_seal(composition, colours, inset)
    if rng.uniform() < 0.35:
        family = material.family(rng, Use.PICTOGRAMS, Use.THINGS, Use.CUT_OUTS, Use.LINE_ART)
        sprite = family.draw(rng, composition.short_px * rng.uniform(0.14, 0.26))
        composition.place(sprite, LayerKind.OBJECT, "picture", region=(0.1, 0.1, 0.9, 0.9), most_overlap=0)
    return composition


def _border(rng: np.random.Generator, width: float, height: float, colour: Colour, short_px: int) -> Pixels:
    """A hollow frame: a line, two lines, dots, or a broad one with lines on it; round or cut corners."""
    radius = short_px * rng.choice([0, 0, 0.03, 0.08])
    stroke = short_px * rng.uniform(0.004, 0.04)
    kind = rng.choice(["line", "double", "dots", "broad"])
    w, h = round(width), round(height)

    def line(inset: float, thickness: float, shade: Colour, dashes: str = "") -> str:
        data = rectangle(w - 2 * inset, h - 2 * inset, radius)
        return (
            f'<path d="{data}" transform="translate({inset} {inset})" fill="none" stroke="{hex_of(shade)}" '
            f'stroke-width="{thickness:.2f}" stroke-dasharray="{dashes}" stroke-linecap="round"/>'
        )

    if kind == "line":
        body = line(stroke / 2 + 1, stroke, colour)
    elif kind == "double":
        body = line(stroke / 2 + 1, stroke, colour) + line(stroke * 2.2 + 4, stroke * 0.35 + 1, colour)
    elif kind == "dots":
        body = line(stroke / 2 + 1, stroke, colour, f"0.1 {stroke * 2:.1f}")
    else:
        broad = stroke + short_px * 0.02
        body = line(broad / 2 + 1, broad, colour) + line(broad / 2 + 1, broad * 0.25, mixed(colour, WHITE, 0.5))
    return draw_shapes(body, w, h)


def _lay_corners(composition: Composition, material: Material, colours: Scheme, inset: float, face: Colour) -> None:
    """One ornament in each corner, mirrored."""
    rng = composition.rng
    length = composition.short_px * rng.uniform(0.09, 0.18)
    sprite = material.icon(rng, length, colours.ink_on(rng, face))
    if rng.uniform() < 0.5:
        sprite = material.family(rng, Use.PICTOGRAMS).draw(rng, length)
    mirrored = flipped(sprite)
    w, h, gap = composition.width, composition.height, inset + length * 0.15
    right, foot = w - gap - sprite.shape[1], h - gap - sprite.shape[0]
    for ornament, x, y in (
        (sprite, gap, gap),
        (mirrored, right, gap),
        (sprite[::-1], gap, foot),
        (mirrored[::-1], right, foot),
    ):
        composition.add(np.ascontiguousarray(ornament), x, y, LayerKind.OBJECT, "ornament")


def _lay_lines(composition: Composition, material: Material, colours: Scheme, inset: float, face: Colour) -> None:
    """Centred text: a title, a name, a paragraph, a date."""
    rng = composition.rng
    width, height = composition.width - 2 * inset, composition.height - 2 * inset
    pieces: list[Pixels] = []
    roles = [str(rng.choice(["script", "display", "serif"])), str(rng.choice(["serif", "plain", "script"]))]
    texts = [headline(rng), [sentence, detail, headline][rng.integers(3)](rng)]
    if rng.uniform() < 0.6:
        texts.append(paragraph(rng, int(rng.integers(1, 3))))
    if rng.uniform() < 0.5:
        texts.append(detail(rng))
    for index, text in enumerate(texts):
        em = min(width, height) * (rng.uniform(0.1, 0.18) if index == 0 else rng.uniform(0.045, 0.085))
        way = hand(
            rng, material, colours.ink_on(rng, face), em, role=roles[min(index, 1)], alignment="center", finery=0.1
        )
        sprite = block(wrapped(text, way, width * 0.85, 4), way)
        pieces.append(sprite if sprite.shape[1] <= width else fitted([text], way, width * 0.9, em * 1.5))
    free = height - sum(piece.shape[0] for piece in pieces)
    gap = max(composition.height * 0.015, free / (len(pieces) + 1) * rng.uniform(0.5, 1))
    y = inset + max(0.0, (height - sum(piece.shape[0] + gap for piece in pieces) + gap) / 2)
    for index, piece in enumerate(pieces):
        if y + piece.shape[0] < composition.height - inset * 0.6:
            composition.add(piece, (composition.width - piece.shape[1]) / 2, y, LayerKind.TEXT, "text")
        y += piece.shape[0] + gap
        if index == 0 and rng.uniform() < 0.25:
            rule = filled(rectangle, width * rng.uniform(0.2, 0.6), 3, ("", hex_of(colours.any(rng))))
            composition.add_centred(rule, composition.width / 2, y - gap / 2, LayerKind.OBJECT, "rule")


def _lay_seal(composition: Composition, colours: Scheme, inset: float) -> None:
    """A seal with ribbons: several colours, one thing."""
    rng = composition.rng
    side = composition.short_px * rng.uniform(0.14, 0.24)
    colour = colours.any(rng)
    dark = darker(colour, 0.35)
    tails = f'<path d="M35 60L22 100L40 92L50 100L60 92L78 100L65 60Z" fill="{hex_of(dark)}"/>'
    plate = star(int(rng.integers(12, 26)), 0.14)(72, 72)
    body = (
        (tails if rng.uniform() < 0.7 else "")
        + f'<path d="{plate}" transform="translate(14 2)" fill="{hex_of(colour)}"/>'
        f'<circle cx="50" cy="38" r="25" fill="none" stroke="{hex_of(mixed(colour, WHITE, 0.6))}" stroke-width="2.5"/>'
        f'<path d="{star(5, 0.5)(24, 24)}" transform="translate(38 25)" fill="{hex_of(mixed(colour, WHITE, 0.75))}"/>'
    )
    s = round(side)
    sprite = draw_shapes(f'<g transform="scale({s / 100})">{body}</g>', s, s)
    x = [inset + side * 0.7, composition.width / 2, composition.width - inset - side * 0.7][rng.integers(3)]
    composition.add_centred(sprite, x, composition.height - inset - side * 0.62, LayerKind.OBJECT, "seal")


def _playing_card(rng: np.random.Generator, material: Material) -> Composition:
    """A card with a border, a figure in a frame, and signs and letters in opposite corners."""
    colours = scheme(rng)
    width, height = size(rng, (0.667, 0.72, 0.75), tall=1)
    composition = Composition(rng, plain(width, height, WHITE if rng.uniform() < 0.6 else colours.any(rng)))
    face = mixed(colours.any(rng), WHITE, rng.uniform(0.7, 1))
    edge = width * rng.uniform(0.005, 0.03)
    card = filled(
        lambda w, h: rectangle(w, h, width * 0.06), width - 2 * edge, height - 2 * edge, paint(rng, face, 0.8),
        stroke=darker(face, 0.7), stroke_px=rng.uniform(2, 6),
    )  # fmt: skip
    composition.add(card, edge, edge, LayerKind.PANEL, "card")
    ink = colours.ink_on(rng, face)
    frame_w, frame_h = width * rng.uniform(0.5, 0.66), height * rng.uniform(0.6, 0.76)
    if rng.uniform() < 0.7:
        frame = filled(
            lambda w, h: rectangle(w, h, width * 0.05),
            frame_w,
            frame_h,
            ("", "none"),
            stroke=colours.any(rng),
            stroke_px=width * 0.01,
        )
        composition.add_centred(frame, width / 2, height / 2, LayerKind.OBJECT, "frame")
    family = material.family(rng, Use.PICTOGRAMS, Use.THINGS, Use.CUT_OUTS)
    figure = family.draw(rng, min(frame_w, frame_h) * rng.uniform(0.7, 0.95))
    composition.add_centred(figure, width / 2, height / 2, LayerKind.OBJECT, "figure")
    suit_side = width * rng.uniform(0.09, 0.14)
    outline = [heart, regular(4), ellipse, star(5, 0.55)][rng.integers(4)]
    suit = filled(outline, suit_side, suit_side, ("", hex_of(ink)))
    way = hand(rng, material, ink, width * 0.14, role="serif", alignment="center")
    letter = block([str(rng.choice(list("AKQJ23456789")))], way)
    x, y = width * 0.11, height * 0.1
    for sprite, dy, kind in (
        (letter, 0.0, LayerKind.TEXT),
        (suit, suit_side * 0.3 + letter.shape[0], LayerKind.OBJECT),
    ):
        composition.add_centred(sprite, x, y + dy, kind, "sign")
        composition.add_centred(turned(sprite, 180), width - x, height - y - dy, kind, "sign")
    return composition
