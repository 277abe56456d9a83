"""Composes posters and banners: blocks of text, panels, bands, framed photographs, buttons, pictures of things."""

import numpy as np

from lab.compositions.captions import hand
from lab.compositions.composition import Composition
from lab.compositions.effects import masked, on_plate, shadowed, turned
from lab.compositions.grounds import ground, painted, size
from lab.compositions.material import Material
from lab.compositions.schemes import Scheme, scheme
from lab.compositions.shapes import any_outline, arch, blob, ellipse, filled, hex_of, paint, polygon, rectangle
from lab.compositions.source import Use
from lab.compositions.words import detail, headline, label, paragraph, sentence
from lab.compositions.writing import block, fitted, wrapped
from lab.posters.colours import WHITE, darker
from lamina.core.layers import LayerKind, Pixels

Rectangle = tuple[float, float, float, float]
"""Left, top, width and height in pixels."""


def compose(rng: np.random.Generator, material: Material) -> Composition:
    colours = scheme(rng)
    width, height = size(rng, (0.5, 0.5625, 0.6, 0.667, 0.707, 0.75, 1), tall=0.5)
    composition = Composition(rng, ground(rng, material, colours, width, height, white=0.32))
    _lay_bands(composition, colours)
    text_box, picture_box = _halves(rng, width, height)
    if rng.uniform() < 0.85:
        _lay_picture(composition, material, colours, picture_box)
    if rng.uniform() < 0.35:
        text_box = _lay_panel(composition, colours, text_box)
    lay_texts(composition, material, colours, text_box)
    if rng.uniform() < 0.35:
        _lay_sticker(composition, material, colours)
    return composition


def _halves(rng: np.random.Generator, width: int, height: int) -> tuple[Rectangle, Rectangle]:
    """The areas of the texts and of the picture, beside or above each other."""
    share = rng.uniform(0.42, 0.58)
    edge = min(width, height) * 0.05
    if width > height:
        first = (edge, edge, width * share - 1.5 * edge, height - 2 * edge)
        second = (width * share + edge / 2, edge, width * (1 - share) - 1.5 * edge, height - 2 * edge)
    else:
        first = (edge, edge, width - 2 * edge, height * share - 1.5 * edge)
        second = (edge, height * share + edge / 2, width - 2 * edge, height * (1 - share) - 1.5 * edge)
    return (first, second) if rng.uniform() < 0.5 else (second, first)


def _lay_bands(composition: Composition, colours: Scheme) -> None:
    """A band at an edge, a slanted half, a wave or a corner, some of them large and none the ground."""
    rng = composition.rng
    for _ in range(rng.choice([0, 1, 2], p=[0.35, 0.45, 0.2])):
        colour = colours.any(rng)
        w, h = composition.width, composition.height
        kind = rng.choice(["band", "slant", "corner", "wave", "circle"])
        if kind == "band":
            sheet = painted(rng, w, max(8, int(h * rng.uniform(0.05, 0.3))), colour)
            composition.add(sheet, 0, 0 if rng.uniform() < 0.5 else h - sheet.shape[0], LayerKind.PANEL, "band")
        elif kind == "circle":
            side = composition.short_px * rng.uniform(0.6, 1.3)
            disc = filled(ellipse, side, side, paint(rng, colour, 0.7))
            x, y = [(0.0, 0.0), (w, 0.0), (0.0, h), (w, h), (w / 2, h)][rng.integers(5)]
            composition.add_centred(disc, x + rng.uniform(-0.1, 0.1) * w, y, LayerKind.OBJECT, "circle")
        else:
            y0, y1 = h * rng.uniform(0.3, 0.9, 2)
            points = [(0, y0), (w, y1), (w, h), (0, h)]
            if kind == "corner":
                points = [(w * rng.uniform(0.3, 0.8), h), (w, h * rng.uniform(0.2, 0.8)), (w, h)]
            data = polygon(points)
            if kind == "wave":
                swing = h * 0.12
                turns = f"C{w * 0.3} {y0 - swing} {w * 0.4} {y1 + 2 * swing} {w * 0.7} {y1}"
                data = f"M0 {y0}{turns}S{w} {y1 - swing} {w} {y1}V{h}H0Z"
            part = filled(lambda _w, _h, data=data: data, w, h, paint(rng, colour, 0.7))
            composition.add(part[:, ::-1] if rng.uniform() < 0.5 else part, 0, 0, LayerKind.OBJECT, str(kind))


def _lay_picture(composition: Composition, material: Material, colours: Scheme, box: Rectangle) -> None:
    """A framed photograph, one large thing, or a few."""
    rng = composition.rng
    left, top, width, height = box
    x, y = left + width / 2, top + height / 2
    if rng.uniform() < 0.45:
        composition.add_centred(inset(rng, material, colours, width, height), x, y, LayerKind.OBJECT, "photograph")
        return
    family = material.family(rng, Use.PICTOGRAMS, Use.THINGS, Use.CUT_OUTS)
    side = min(width, height)
    if rng.uniform() < 0.4:
        patch = filled(
            [ellipse, blob(rng), any_outline(rng)][rng.integers(3)],
            side * 0.98,
            side * 0.98,
            paint(rng, colours.any(rng), 0.7),
        )
        composition.add_centred(patch, x, y, LayerKind.OBJECT, "patch")
    count = 1 if rng.uniform() < 0.6 else int(rng.integers(2, 5))
    for index in range(count):
        sprite = family.draw(rng, side * (rng.uniform(0.7, 1.05) if index == 0 else rng.uniform(0.25, 0.5)))
        if rng.uniform() < 0.3:
            sprite = shadowed(sprite, dx=side * 0.02, dy=side * 0.02, blur_px=side * 0.02, strength=0.5)
        dx, dy = (0, 0) if index == 0 else rng.uniform(-0.5, 0.5, 2) * (width, height)
        composition.add_centred(sprite, x + dx, y + dy, LayerKind.OBJECT, "thing")


def inset(rng: np.random.Generator, material: Material, colours: Scheme, width: float, height: float) -> Pixels:
    """A photograph in a rectangle, a rounded one, a circle or an arch, perhaps with a frame or a shadow: one thing."""
    kind = rng.choice(["rectangle", "rounded", "circle", "arch", "blob"], p=[0.34, 0.28, 0.2, 0.08, 0.1])
    w, h = max(32, int(width * rng.uniform(0.75, 1))), max(32, int(height * rng.uniform(0.6, 1)))
    if kind == "circle":
        w = h = min(w, h)
    radius = min(w, h) * rng.uniform(0.05, 0.2)
    outline = {
        "rectangle": rectangle, "rounded": lambda a, b: rectangle(a, b, radius),
        "circle": ellipse, "arch": arch, "blob": blob(rng),
    }[str(kind)]  # fmt: skip
    picture = masked(material.photograph(rng, w, h), filled(outline, w, h, ("", "#fff")))
    if rng.uniform() < 0.3:
        edge = int(min(w, h) * rng.uniform(0.02, 0.06))
        frame_colour = WHITE if rng.uniform() < 0.5 else colours.any(rng)
        picture = on_plate(picture, filled(outline, w + 2 * edge, h + 2 * edge, ("", hex_of(frame_colour))))
    if rng.uniform() < 0.15:
        picture = turned(picture, rng.uniform(-12, 12))
    if rng.uniform() < 0.3:
        picture = shadowed(picture, dx=w * 0.01, dy=w * 0.015, blur_px=w * 0.02, strength=rng.uniform(0.3, 0.7))
    return picture


def _lay_panel(composition: Composition, colours: Scheme, box: Rectangle) -> Rectangle:
    """A panel under the texts, opaque or half transparent; returns the room on it."""
    rng = composition.rng
    left, top, width, height = box
    colour = WHITE if rng.uniform() < 0.3 else colours.any(rng)
    radius = min(width, height) * rng.choice([0, 0.04, 0.12])
    opacity = rng.uniform(0.5, 0.85) if rng.uniform() < 0.35 else 1
    stroke = darker(colour, 0.5) if rng.uniform() < 0.25 else None
    panel = filled(
        lambda w, h: rectangle(w, h, radius), width, height, paint(rng, colour, 0.75),
        stroke=stroke, stroke_px=rng.uniform(2, 8), opacity=opacity,
    )  # fmt: skip
    if opacity == 1 and rng.uniform() < 0.35:
        panel = shadowed(panel, dx=3, dy=6, blur_px=rng.uniform(4, 14), strength=rng.uniform(0.25, 0.6))
    composition.add_centred(panel, left + width / 2, top + height / 2, LayerKind.PANEL, "panel")
    inner = min(width, height) * 0.08
    return left + inner, top + inner, width - 2 * inner, height - 2 * inner


def lay_texts(composition: Composition, material: Material, colours: Scheme, box: Rectangle) -> None:
    """A title and blocks of text under it, each of one style and one layer, with a button perhaps."""
    rng = composition.rng
    left, top, width, height = box
    behind = composition.mean_colour(left + width * 0.2, top + height * 0.2, width * 0.6, height * 0.6)
    main = colours.ink_on(rng, behind)
    alignment = "center" if rng.uniform() < 0.5 else "left"
    title_way = hand(
        rng,
        material,
        main,
        height * rng.uniform(0.13, 0.24),
        role=str(rng.choice(["display", "any", "serif"])),
        alignment=alignment,
        finery=0.18,
    )
    title = fitted(wrapped(headline(rng), title_way, width, 3), title_way, width, height * rng.uniform(0.3, 0.5))
    pieces: list[tuple[Pixels, LayerKind]] = [(title, LayerKind.TEXT)]
    body_role = str(rng.choice(["plain", "serif", "plain"]))
    for _ in range(rng.integers(0, 3)):
        em = min(width, height) * rng.uniform(0.035, 0.08)
        way = hand(
            rng,
            material,
            main if rng.uniform() < 0.6 else colours.ink_on(rng, behind),
            em,
            role=body_role,
            alignment=alignment,
        )
        text = [detail(rng), sentence(rng), paragraph(rng, int(rng.integers(2, 4)))][rng.integers(3)]
        pieces.append((block(wrapped(text, way, width), way), LayerKind.TEXT))
    gap = height * rng.uniform(0.03, 0.07)
    y = top + max(0.0, (height - sum(piece.shape[0] + gap for piece, _ in pieces)) * rng.uniform(0, 1))
    for piece, kind in pieces:
        x = left if alignment == "left" else left + (width - piece.shape[1]) / 2
        if y + piece.shape[0] < top + height * 1.02:
            composition.add(piece, x, y, kind, "text")
        y += piece.shape[0] + gap
    if rng.uniform() < 0.3 and y + height * 0.1 < top + height:
        lay_button(composition, material, colours, left if alignment == "left" else None, y, width, height * 0.11)


def lay_button(
    composition: Composition,
    material: Material,
    colours: Scheme,
    left: float | None,
    top: float,
    room: float,
    height: float,
) -> None:
    """A button and its label, in the middle of the canvas if no left side is given."""
    rng = composition.rng
    width = min(room, height * rng.uniform(2.6, 4.5))
    colour = colours.any(rng)
    radius = height * rng.choice([0, 0.2, 0.5])
    button = filled(lambda w, h: rectangle(w, h, radius), width, height, paint(rng, colour, 0.75))
    x = left + width / 2 if left is not None else composition.width / 2
    middle = top + height / 2
    if composition.add_centred(button, x, middle, LayerKind.PANEL, "button"):
        way = hand(rng, material, colours.ink_on(rng, colour), height * 0.5, role="plain", alignment="center")
        composition.add_centred(
            fitted([label(rng)], way, width * 0.8, height * 0.6), x, middle, LayerKind.TEXT, "label"
        )


def _lay_sticker(composition: Composition, material: Material, colours: Scheme) -> None:
    """A burst with a price or a word on it, near a corner."""
    rng = composition.rng
    side = composition.short_px * rng.uniform(0.16, 0.28)
    colour = colours.any(rng)
    sprite = filled(any_outline(rng), side, side, paint(rng, colour, 0.8))
    turn = rng.uniform(-20, 20)
    region = [(0, 0, 0.45, 0.45), (0.55, 0, 1, 0.45), (0, 0.55, 0.45, 1), (0.55, 0.55, 1, 1)][rng.integers(4)]
    if composition.place(turned(sprite, turn), LayerKind.OBJECT, "sticker", region=region, most_overlap=0.6):
        layer = composition.layers[-1]
        way = hand(rng, material, colours.ink_on(rng, colour), side * 0.3, role="display", alignment="center")
        text = turned(fitted([label(rng)], way, side * 0.68, side * 0.36), turn)
        x, y = layer.left + layer.width / 2, layer.top + layer.height / 2
        composition.add_centred(text, x, y, LayerKind.TEXT, "sticker text")
