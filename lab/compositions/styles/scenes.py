"""Composes scenes: a few things in one style of drawing, overlapping, on a ground, a patch or a disc."""

import numpy as np

from lab.compositions.captions import caption
from lab.compositions.composition import Composition
from lab.compositions.effects import flipped, grounded, outlined, shadowed, turned
from lab.compositions.grounds import ground, size
from lab.compositions.material import Family, Material
from lab.compositions.schemes import Scheme, scheme
from lab.compositions.shapes import any_outline, blob, ellipse, filled, paint
from lab.compositions.source import Use
from lab.posters.colours import WHITE, mixed
from lamina.core.layers import LayerKind, Pixels

_DRAWN = (Use.PICTOGRAMS, Use.THINGS, Use.CUT_OUTS, Use.LINE_ART)


def compose(rng: np.random.Generator, material: Material) -> Composition:
    colours = scheme(rng)
    composition = Composition(rng, ground(rng, material, colours, *size(rng), white=0.68))
    if rng.uniform() < 0.6:
        _lay_patch(composition, colours)
    main = material.family(rng, *_DRAWN)
    other = material.family(rng, *_DRAWN[:3]) if rng.uniform() < 0.3 else main
    if main.use is Use.LINE_ART or rng.uniform() < 0.4:  # overlapping line art is hard to recognize
        _lay_row(composition, main)
    else:
        _lay_group(composition, main, other)
    if rng.uniform() < 0.25:
        _lay_sparks(composition, material, colours)
    if rng.uniform() < 0.3:
        caption(composition, material, colours)
    return composition


def _lay_patch(composition: Composition, colours: Scheme) -> None:
    """A patch or disc, or two, behind the things."""
    rng = composition.rng
    for _ in range(1 if rng.uniform() < 0.75 else 2):
        side = composition.short_px * rng.uniform(0.55, 0.95)
        outline = [blob(rng), ellipse, any_outline(rng)][rng.integers(3)]
        colour = mixed(colours.any(rng), WHITE, rng.choice([0, 0.4, 0.75]))
        sprite = filled(outline, side * rng.uniform(0.9, 1.3), side, paint(rng, colour, 0.8))
        x, y = composition.width * rng.uniform(0.4, 0.6), composition.height * rng.uniform(0.42, 0.58)
        composition.add_centred(sprite, x, y, LayerKind.OBJECT, "patch")


def _lay_group(composition: Composition, main: Family, other: Family) -> None:
    """One large thing and smaller ones around that touch it, before and behind."""
    rng = composition.rng
    middle_x, middle_y = composition.width * rng.uniform(0.38, 0.62), composition.height * rng.uniform(0.42, 0.6)
    large = composition.short_px * rng.uniform(0.6, 1.0)
    count = int(rng.integers(1, 6))
    behind = int(rng.integers(0, count + 1))
    for index in range(count + 1):
        if index == behind:
            sprite = _dressed(rng, main.draw(rng, large), large)
            if not composition.add_centred(sprite, middle_x, middle_y, LayerKind.OBJECT, "main thing"):
                composition.place(sprite, LayerKind.OBJECT, "main thing", most_overlap=1)
            continue
        length = large * rng.uniform(0.3, 0.75)
        sprite = _dressed(rng, (other if rng.uniform() < 0.5 else main).draw(rng, length), length)
        angle, reach = rng.uniform(0, 2 * np.pi), large * rng.uniform(0.25, 0.62)
        x, y = middle_x + reach * np.cos(angle), middle_y + reach * np.sin(angle) * 0.8
        composition.add_centred(sprite, x, y, LayerKind.OBJECT, "thing")


def _lay_row(composition: Composition, family: Family) -> None:
    """Things beside each other on one line of ground, some before others, perhaps over the edge of the canvas."""
    rng = composition.rng
    count = int(rng.integers(2, 6))
    foot = composition.height * rng.uniform(0.68, 0.93)
    length = min(composition.height * 0.8, composition.width / count * rng.uniform(1.2, 2.3))
    positions = (np.arange(count) + 0.5) / count * composition.width + rng.uniform(-0.1, 0.1, count) * length
    same = family.draw(rng, length) if rng.uniform() < 0.2 else None
    has_shadows = rng.uniform() < 0.5
    for x in rng.permutation(positions):
        sprite = same if same is not None else family.draw(rng, length * rng.uniform(0.55, 1.1))
        sprite = flipped(sprite) if rng.uniform() < 0.3 else sprite
        height = sprite.shape[0]
        if has_shadows:
            sprite = grounded(sprite, rng.uniform(0.25, 0.55))
        room = (sprite.shape[0] - height) / 2
        top = foot - height - room + rng.uniform(-0.02, 0.05) * length
        composition.add(sprite, x - sprite.shape[1] / 2, top, LayerKind.OBJECT, "thing")


def _lay_sparks(composition: Composition, material: Material, colours: Scheme) -> None:
    """A few small icons scattered in free places, each a layer."""
    rng = composition.rng
    family = material.family(rng, Use.ICONS)
    for _ in range(rng.integers(2, 6)):
        colour = colours.any(rng)
        sprite = material.icon(rng, composition.short_px * rng.uniform(0.05, 0.12), colour, family)
        composition.place(turned(sprite, rng.uniform(-30, 30)), LayerKind.OBJECT, "icon", most_overlap=0)


def _dressed(rng: np.random.Generator, sprite: Pixels, length: float) -> Pixels:
    """The thing turned a little, or with a ground shadow, a sticker's border or a drop shadow."""
    how = rng.uniform()
    if how < 0.25:
        sprite = turned(sprite, rng.uniform(-35, 35))
    elif how < 0.4:
        sprite = grounded(sprite, rng.uniform(0.25, 0.5))
    if rng.uniform() < 0.1:
        sprite = outlined(sprite, length * rng.uniform(0.015, 0.04), WHITE)
    if rng.uniform() < 0.15:
        shift = length * rng.uniform(0.01, 0.03)
        sprite = shadowed(sprite, dx=shift, dy=shift, blur_px=length * 0.02, strength=rng.uniform(0.3, 0.6))
    return sprite
