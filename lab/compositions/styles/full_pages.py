"""Composes pages of a photograph or texture with things, half transparent panels and text on it."""

import numpy as np

from lab.compositions.composition import Composition
from lab.compositions.effects import grounded, outlined, shadowed
from lab.compositions.grounds import size
from lab.compositions.material import Material
from lab.compositions.schemes import scheme
from lab.compositions.shapes import filled, hex_of, rectangle
from lab.compositions.source import Use
from lab.compositions.styles.posters import lay_texts
from lab.posters.colours import WHITE
from lamina.core.layers import LayerKind

_BLACK = (12, 12, 14)


def compose(rng: np.random.Generator, material: Material) -> Composition:
    colours = scheme(rng)
    width, height = size(rng, (0.5625, 0.6, 0.667, 0.75, 1))
    base = material.photograph(rng, width, height) if rng.uniform() < 0.7 else material.texture(rng, width, height)
    composition = Composition(rng, base)
    short = composition.short_px
    left, top = width * rng.uniform(0.05, 0.3), height * rng.uniform(0.06, 0.45)
    box = left, top, width * rng.uniform(0.45, 0.95) - left * 0.5, height * rng.uniform(0.3, 0.5)
    box = box[0], box[1], min(box[2], width * 0.95 - left), min(box[3], height * 0.95 - top)
    family = material.family(rng, Use.CUT_OUTS, Use.THINGS, Use.PICTOGRAMS)
    region = (-0.05, 0.05, 1.05, 1.02)
    foot = (box[1] + box[3]) / height
    if rng.uniform() < 0.65:  # beside the texts, in the larger room
        region = (-0.05, foot, 1.05, 1.04) if foot < 0.6 else (-0.05, -0.02, 1.05, box[1] / height)
    for _ in range(rng.integers(0, 4)):
        length = short * rng.uniform(0.2, 0.6)
        sprite = family.draw(rng, length)
        how = rng.uniform()
        if how < 0.3:
            sprite = grounded(sprite, 0.5)
        elif how < 0.45:
            sprite = outlined(sprite, length * 0.025, WHITE)
        elif how < 0.6:
            sprite = shadowed(sprite, dx=length * 0.02, dy=length * 0.03, blur_px=length * 0.03, strength=0.6)
        composition.place(sprite, LayerKind.OBJECT, "thing", region=region, most_overlap=0.3)
    if rng.uniform() < 0.6:
        colour = [WHITE, _BLACK, colours.any(rng)][rng.integers(3)]
        opacity = rng.uniform(0.45, 0.9) if rng.uniform() < 0.65 else 1
        is_band = rng.uniform() < 0.3
        panel_width = width if is_band else box[2] + width * 0.06
        radius = 0 if is_band else short * rng.choice([0, 0.03, 0.06])
        panel = filled(
            lambda w, h: rectangle(w, h, radius),
            panel_width,
            box[3] + height * 0.06,
            ("", hex_of(colour)),
            opacity=opacity,
        )
        x = width / 2 if is_band else box[0] + box[2] / 2
        composition.add_centred(panel, x, box[1] + box[3] / 2, LayerKind.PANEL, "panel")
    lay_texts(composition, material, colours, box)
    return composition
