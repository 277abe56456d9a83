"""Composes illustrations whose own groups become layers, on a white canvas or a ground, perhaps with a caption."""

import numpy as np

from lab.compositions.captions import caption
from lab.compositions.composition import Composition
from lab.compositions.effects import resized
from lab.compositions.grounds import ground, plain, size
from lab.compositions.material import Material
from lab.compositions.schemes import scheme
from lab.compositions.styles import scenes
from lab.posters.colours import WHITE
from lamina.core.composite import over
from lamina.core.layers import LayerKind, Pixels

_RATIOS = (1, 1, 0.75, 0.8, 0.9, 0.667)


def compose(rng: np.random.Generator, material: Material) -> Composition:
    width, height = size(rng, _RATIOS)
    things = material.scene(rng, round(1.3 * min(width, height)))
    if not things:
        return scenes.compose(rng, material)
    colours = scheme(rng)
    composition = Composition(rng, ground(rng, material, colours, width, height, white=0.75))
    has_caption = rng.uniform() < 0.25
    _lay(composition, things, rng.uniform(0.7, 0.8) if has_caption else rng.uniform(0.8, 0.97))
    if len(composition.layers) < 3:  # too little is visible on the ground
        composition = Composition(rng, plain(width, height, WHITE))
        _lay(composition, things, 0.9)
    if has_caption:
        caption(composition, material, colours)
    return composition


def _lay(composition: Composition, things: list[Pixels], share: float) -> None:
    """Adds the parts in their relative positions, centred on the canvas, at the given share of its size.

    A part that would hide one below, or would be invisible, is merged with the next.
    """
    covered = np.max([thing[..., 3] for thing in things], 0) > 2
    rows, columns = np.flatnonzero(covered.any(1)), np.flatnonzero(covered.any(0))
    drawn_width, drawn_height = columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1
    scale = min(composition.width * share / drawn_width, composition.height * share / drawn_height)
    left = (composition.width - drawn_width * scale) / 2 - columns[0] * scale
    top = (composition.height - drawn_height * scale) / 2 - rows[0] * scale
    held: Pixels | None = None
    for index, thing in enumerate(things):
        sprite = _scaled(thing, scale)
        sprite = sprite if held is None else over(held, sprite)
        is_laid = composition.add(sprite, left, top, LayerKind.OBJECT, f"part {index + 1}")
        held = None if is_laid else sprite


def _scaled(thing: Pixels, scale: float) -> Pixels:
    return resized(thing, max(thing.shape[:2]) * scale)
