"""Composes screens of programs: bars, cards, lists, icons, avatars and text in rows and columns."""

import numpy as np

from lab.compositions.captions import hand
from lab.compositions.composition import Composition
from lab.compositions.effects import masked, on_plate, shadowed
from lab.compositions.grounds import ground, painted, plain, size
from lab.compositions.material import Family, Material
from lab.compositions.schemes import Scheme, scheme
from lab.compositions.shapes import ellipse, filled, hex_of, rectangle
from lab.compositions.source import Use
from lab.compositions.styles.posters import lay_button
from lab.compositions.words import detail, headline, label, sentence
from lab.compositions.writing import block, fitted, wrapped
from lab.posters.colours import WHITE, mixed
from lamina.core.layers import LayerKind, Pixels


def compose(rng: np.random.Generator, material: Material) -> Composition:
    colours = scheme(rng)
    is_phone = rng.uniform() < 0.45
    width, height = size(rng, (0.5, 0.5625), 1) if is_phone else size(rng, (0.5625, 0.625, 0.75), 0)
    grey = (243, 244, 247) if rng.uniform() < 0.6 else mixed(colours.paper, colours.ink, 0.06)
    base = plain(width, height, grey) if rng.uniform() < 0.75 else ground(rng, material, colours, width, height)
    composition = Composition(rng, base)
    bar = _lay_bar(composition, material, colours)
    side = 0.0
    if not is_phone and rng.uniform() < 0.45:
        side = _lay_side(composition, material, colours, bar)
    _lay_cards(composition, material, colours, (side, bar), is_phone)
    return composition


def _lay_bar(composition: Composition, material: Material, colours: Scheme) -> float:
    rng = composition.rng
    height = composition.height * rng.uniform(0.06, 0.11)
    colour = colours.any(rng) if rng.uniform() < 0.7 else WHITE
    bar = painted(rng, composition.width, int(height), colour)
    if rng.uniform() < 0.3:
        bar = shadowed(bar, dx=0, dy=2, blur_px=4, strength=0.4)[:, (bar.shape[1] - composition.width) // 2 :]
    composition.add(bar, 0, (height - bar.shape[0]) / 2, LayerKind.PANEL, "bar")
    ink = colours.ink_on(rng, colour)
    way = hand(rng, material, ink, height * 0.42, role="plain")
    title = block([headline(rng)], way)
    composition.add(title, height * 1.1, (height - title.shape[0]) / 2, LayerKind.TEXT, "title")
    family = material.family(rng, Use.ICONS)
    for x in (height * 0.55, *(composition.width - height * (0.6 + k) for k in range(rng.integers(0, 4)))):
        composition.add_centred(material.icon(rng, height * 0.5, ink, family), x, height / 2, LayerKind.OBJECT, "icon")
    return height


def _lay_side(composition: Composition, material: Material, colours: Scheme, top: float) -> float:
    """A column of entries at the left; returns its width."""
    rng = composition.rng
    width = composition.width * rng.uniform(0.18, 0.26)
    colour = mixed(colours.any(rng), WHITE, rng.choice([0, 0.6, 0.9]))
    sheet = plain(int(width), int(composition.height - top), colour)
    composition.add(sheet, 0, top, LayerKind.PANEL, "side bar")
    row = composition.height * rng.uniform(0.06, 0.09)
    ink = colours.ink_on(rng, colour)
    family = material.family(rng, Use.ICONS)
    way = hand(rng, material, ink, row * 0.36, role="plain", alignment="left")
    for index in range(rng.integers(3, 7)):
        y = top + row * (index + 0.8)
        composition.add_centred(material.icon(rng, row * 0.5, ink, family), row * 0.6, y, LayerKind.OBJECT, "icon")
        text = fitted([label(rng)], way, width - row * 1.3, row)
        composition.add(text, row * 1.1, y - text.shape[0] / 2, LayerKind.TEXT, "entry")
    return width


def _lay_cards(
    composition: Composition, material: Material, colours: Scheme, corner: tuple[float, float], is_phone: bool
) -> None:
    rng = composition.rng
    columns = int(rng.integers(1, 3)) if is_phone else int(rng.integers(2, 5))
    rows = int(rng.integers(2, 4)) if is_phone else int(rng.integers(1, 3))
    gap = composition.short_px * rng.uniform(0.025, 0.05)
    width = (composition.width - corner[0] - gap) / columns - gap
    height = min((composition.height - corner[1] - gap) / rows - gap, width * 1.6)
    if width < 60 or height < 60:
        return
    radius = width * rng.choice([0, 0.03, 0.08])
    colour = WHITE if rng.uniform() < 0.7 else colours.any(rng)
    card = filled(lambda w, h: rectangle(w, h, radius), width, height, ("", hex_of(colour)))
    has_shadow = rng.uniform() < 0.6
    if has_shadow:
        card = shadowed(card, dx=0, dy=3, blur_px=5, strength=rng.uniform(0.2, 0.5))
    family = material.family(rng, Use.PICTOGRAMS, Use.THINGS, Use.CUT_OUTS, Use.ICONS)
    kind = str(rng.choice(["photograph", "picture", "row"]))
    for row in range(rows):
        for column in range(columns):
            x = corner[0] + gap + column * (width + gap)
            y = corner[1] + gap + row * (height + gap)
            composition.add_centred(card, x + width / 2, y + height / 2, LayerKind.PANEL, "card")
            _fill(composition, material, colours, (x, y, width, height), (kind, family))
            if len(composition.layers) > 34:
                return


def _fill(
    composition: Composition,
    material: Material,
    colours: Scheme,
    box: tuple[float, float, float, float],
    manner: tuple[str, Family],
) -> None:
    """A picture and a block of text on a card, one above or beside the other."""
    rng = composition.rng
    x, y, width, height = box
    kind, family = manner
    edge = min(width, height) * 0.07
    behind = composition.mean_colour(x + edge, y + edge, width - 2 * edge, height - 2 * edge)
    ink = colours.ink if rng.uniform() < 0.5 else colours.ink_on(rng, behind)
    if kind == "row" or height < 0.5 * width:
        side = min(height - 2 * edge, width * 0.35)
        picture = _avatar(rng, material, colours, family, side)
        composition.add_centred(picture, x + edge + side / 2, y + height / 2, LayerKind.OBJECT, "picture")
        left, top, room_w, room_h = x + 2 * edge + side, y + edge, width - 3 * edge - side, height - 2 * edge
    else:
        part = height * 0.55
        if kind == "photograph":
            picture = material.photograph(rng, max(16, int(width - 2 * edge)), max(16, int(part - edge)))
        else:
            picture = family.draw(rng, min(width - 2 * edge, part - edge))
            if family.use is Use.ICONS:
                picture[..., :3] = ink
        composition.add_centred(picture, x + width / 2, y + edge + (part - edge) / 2, LayerKind.OBJECT, "picture")
        left, top, room_w, room_h = x + edge, y + part + edge * 0.6, width - 2 * edge, height - part - edge * 1.2
    way = hand(rng, material, ink, min(room_h * 0.24, room_w * 0.11), role="plain", alignment="left")
    text = [headline(rng), sentence(rng), f"{headline(rng)} {detail(rng)}"][rng.integers(3)]
    sprite = fitted(wrapped(text, way, room_w, 4), way, room_w, room_h * 0.7)
    composition.add(sprite, left, top, LayerKind.TEXT, "text")
    if rng.uniform() < 0.25 and room_h > 50:
        lay_button(composition, material, colours, left, top + room_h * 0.72, room_w, room_h * 0.26)


def _avatar(rng: np.random.Generator, material: Material, colours: Scheme, family: Family, side: float) -> Pixels:
    """A round photograph, a picture on a disc, or the picture alone."""
    how, s = rng.integers(3), max(12, round(side))
    if how == 0:
        return masked(material.photograph(rng, s, s), filled(ellipse, s, s, ("", "#fff")))
    picture = family.draw(rng, side * (0.62 if how == 1 else 0.95))
    if family.use is Use.ICONS:
        picture[..., :3] = colours.ink_on(rng, WHITE)
    if how == 1:
        return on_plate(picture, filled(ellipse, s, s, ("", hex_of(mixed(colours.any(rng), WHITE, 0.6)))))
    return picture
