"""Draws text that several styles use: lettering in the colours of a scheme, and a caption at the edge of the canvas."""

from dataclasses import replace

import numpy as np

from lab.compositions.composition import Composition
from lab.compositions.material import Material
from lab.compositions.schemes import Scheme
from lab.compositions.words import detail, headline, name, sentence
from lab.compositions.writing import Alignment, Hand, fitted, wrapped
from lab.posters.colours import WHITE, Colour, darker, lighter
from lamina.core.layers import LayerKind

_ALIGNMENTS: tuple[Alignment, ...] = ("left", "center", "center", "right")


def hand(
    rng: np.random.Generator,
    material: Material,
    colour: Colour,
    size_px: float,
    *,
    role: str = "any",
    alignment: Alignment | None = None,
    finery: float = 0.0,
) -> Hand:
    """A way of writing; `finery`: how often it has an outline, a gradient, wide tracking or a shadow."""
    chosen = alignment or _ALIGNMENTS[rng.integers(len(_ALIGNMENTS))]
    result = Hand(material.font(rng, role), size_px, colour, chosen, rng.uniform(1.0, 1.45))
    if rng.uniform() < finery:
        edge = darker(colour, 0.7) if rng.uniform() < 0.6 else WHITE
        result = replace(result, outline=edge, outline_width=rng.uniform(0.02, 0.07))
    if rng.uniform() < finery * 0.7:
        result = replace(result, second_colour=lighter(colour, 0.5) if rng.uniform() < 0.5 else darker(colour, 0.4))
    if rng.uniform() < finery * 0.7:
        result = replace(result, shadow=rng.uniform(0.02, 0.08))
    if rng.uniform() < 0.15:
        result = replace(result, tracking=rng.uniform(0.05, 0.3))
    return result


def caption(composition: Composition, material: Material, colours: Scheme) -> bool:
    """One or two lines over the full width, at the top or at the foot."""
    rng = composition.rng
    text = [headline, name, sentence, detail][rng.integers(4)](rng)
    band = composition.height * rng.uniform(0.09, 0.2)
    is_top = rng.uniform() < 0.5
    middle = composition.height * rng.uniform(0.09, 0.14) if is_top else composition.height * rng.uniform(0.87, 0.92)
    behind = composition.mean_colour(composition.width * 0.2, middle - band / 2, composition.width * 0.6, band)
    way = hand(rng, material, colours.ink_on(rng, behind), band * 0.8, finery=0.2)
    lines = wrapped(text, way, composition.width * 0.85, 2)
    sprite = fitted(lines, way, composition.width * 0.88, band * 1.2)
    x = composition.width * (rng.uniform(0.46, 0.54) if rng.uniform() < 0.7 else rng.uniform(0.3, 0.7))
    half = sprite.shape[1] / 2
    x = min(max(x, half + 8), composition.width - half - 8)
    return composition.add_centred(sprite, x, middle, LayerKind.TEXT, "caption")
