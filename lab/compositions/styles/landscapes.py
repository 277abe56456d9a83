"""Composes landscapes: a sky, the sun, hills behind each other, trees, houses, water, each in several colours."""

import numpy as np

from lab.compositions.captions import caption
from lab.compositions.composition import Composition
from lab.compositions.effects import faded
from lab.compositions.grounds import gradient, plain, size
from lab.compositions.material import Material
from lab.compositions.rasters import draw_shapes
from lab.compositions.schemes import scheme
from lab.compositions.shapes import hex_of, paint, smooth
from lab.compositions.source import Use
from lab.compositions.things import drawn_thing
from lab.posters.colours import WHITE, Colour, darker, hsv, lighter, mixed
from lamina.core.layers import LayerKind, Pixels


def compose(rng: np.random.Generator, material: Material) -> Composition:
    width, height = size(rng, (0.5625, 0.6, 0.75, 0.85, 1), tall=0.2)
    mood = rng.choice(["day", "evening", "night", "fantasy"], p=[0.5, 0.2, 0.15, 0.15])
    hue = {"day": 0.56, "evening": 0.06, "night": 0.64, "fantasy": rng.uniform()}[str(mood)]
    value = 0.3 if mood == "night" else 0.95
    upper = hsv(hue + rng.uniform(-0.04, 0.04), rng.uniform(0.35, 0.85), value)
    lower = mixed(upper, WHITE if mood != "night" else (60, 50, 110), rng.uniform(0, 0.8))
    sky = (
        plain(width, height, upper)
        if rng.uniform() < 0.35
        else gradient(np.random.default_rng(0), width, height, upper, lower)
    )
    composition = Composition(rng, sky)
    short = composition.short_px
    if rng.uniform() < 0.8:
        sun = drawn_thing(rng, short * rng.uniform(0.14, 0.38), ("sun",))
        composition.place(sun, LayerKind.OBJECT, "sun", region=(0, -0.05, 1, 0.55), most_overlap=0)
    for _ in range(rng.integers(0, 4)):
        puff = faded(drawn_thing(rng, short * rng.uniform(0.18, 0.45), ("cloud",)), rng.choice([1, 0.85]))
        composition.place(puff, LayerKind.OBJECT, "cloud", region=(-0.1, 0, 1.1, 0.5), most_overlap=0.3)
    horizon = rng.uniform(0.4, 0.65)
    is_stylised = rng.uniform() < 0.35
    has_line = rng.uniform() < 0.3
    count = int(rng.integers(1, 4))
    for index in range(count):
        depth = (index + 1) / count
        green = hsv(
            rng.uniform(0.22, 0.42) if mood != "fantasy" else rng.uniform(),
            rng.uniform(0.4, 0.75),
            value * (0.9 - 0.4 * depth),
        )
        top = horizon + (0.9 - horizon) * index / max(1, count)
        hill = _hill(rng, width, height, top, green, has_line)
        composition.add(hill, 0, 0, LayerKind.OBJECT, "hill")
        _lay_on_hill(composition, material, top + 0.1, depth, is_stylised)
    if rng.uniform() < 0.25:
        _lay_water(composition)
    if rng.uniform() < 0.2:
        caption(composition, material, scheme(rng))
    return composition


def _hill(rng: np.random.Generator, width: int, height: int, top: float, colour: Colour, has_line: bool) -> Pixels:
    """Ground from side to side: rolling, jagged or sloped to one side."""
    count = int(rng.integers(3, 7))
    x = np.linspace(-0.1 * width, 1.1 * width, count)
    swing = rng.uniform(0.03, 0.14)
    y = (top + rng.uniform(-swing, swing, count)) * height
    if rng.uniform() < 0.25:
        y += np.linspace(0, rng.choice([-1, 1]) * 0.25 * height, count)
    if rng.uniform() < 0.2:
        crest = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))
    else:
        crest = smooth(np.stack([x, y], 1), is_closed=False)
    definitions, fill = paint(rng, colour, 0.6)
    line = f'stroke="{hex_of(darker(colour, 0.5))}" stroke-width="4"' if has_line else ""
    body = f'<defs>{definitions}</defs><path d="{crest}V{height + 9}H{-0.2 * width}Z" fill="{fill}" {line}/>'
    return draw_shapes(body, width, height)


def _lay_on_hill(composition: Composition, material: Material, foot: float, depth: float, is_stylised: bool) -> None:
    rng = composition.rng
    family = material.family(rng, Use.THINGS, Use.PICTOGRAMS, Use.CUT_OUTS)
    kind = str(rng.choice(["tree", "tree", "house", "flower", "person", "car"]))
    for _ in range(rng.integers(1, 5)):
        length = composition.short_px * rng.uniform(0.14, 0.34) * (0.5 + 0.7 * depth)
        if rng.uniform() < 0.3:
            kind = str(rng.choice(["tree", "house", "boat", "mountain", "flower"]))
        sprite = family.draw(rng, length) if is_stylised else drawn_thing(rng, length, (kind,))
        x = composition.width * rng.uniform(-0.02, 1.02)
        y = composition.height * (foot + rng.uniform(0, 0.06)) - sprite.shape[0]
        composition.add(sprite, x - sprite.shape[1] / 2, y, LayerKind.OBJECT, kind)


def _lay_water(composition: Composition) -> None:
    """A lake or river in front."""
    rng = composition.rng
    w, h = composition.width, composition.height
    blue = hsv(rng.uniform(0.5, 0.6), rng.uniform(0.4, 0.8), rng.uniform(0.6, 0.95))
    y = h * rng.uniform(0.78, 0.9)
    waves = "".join(
        f'<path d="M{rng.uniform(0, w * 0.8):.0f} {rng.uniform(y + h * 0.04, h):.0f}q20 -10 40 0t40 0"'
        f' fill="none" stroke="{hex_of(lighter(blue))}" stroke-width="4"/>'
        for _ in range(rng.integers(0, 9))
    )
    crest = smooth(
        np.array([(-9, y), (w * 0.3, y - h * 0.02), (w * 0.7, y + h * 0.02), (w + 9, y)], float), is_closed=False
    )
    body = f'<path d="{crest}V{h}H-9Z" fill="{hex_of(blue)}"/>{waves}'
    composition.add(draw_shapes(body, w, h), 0, 0, LayerKind.OBJECT, "water")
