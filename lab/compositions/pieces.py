"""Draws parts of badges, logos and signs: pictures in a visible colour, hollow outlines, fitted text."""

import numpy as np

from lab.compositions.captions import hand
from lab.compositions.composition import Composition
from lab.compositions.effects import outlined
from lab.compositions.material import Material
from lab.compositions.rasters import draw_shapes
from lab.compositions.schemes import Scheme
from lab.compositions.shapes import (
    Outline,
    filled,
    hex_of,
)
from lab.compositions.source import Use
from lab.compositions.writing import fitted
from lab.posters.colours import WHITE, Colour
from lamina.core.layers import LayerKind, Pixels


def emblem(rng: np.random.Generator, material: Material, colours: Scheme, behind: Colour, long_px: float) -> Pixels:
    """A thing, an icon in one colour, or a thing as a sticker."""
    if rng.uniform() < 0.4:
        return material.icon(rng, long_px, colours.ink_on(rng, behind))
    family = material.family(rng, Use.PICTOGRAMS, Use.THINGS, Use.LINE_ART)
    sprite = inked(rng, family.draw(rng, long_px), colours, behind, family.use)
    return outlined(sprite, long_px * 0.02, WHITE) if rng.uniform() < 0.12 else sprite


def inked(rng: np.random.Generator, sprite: Pixels, colours: Scheme, behind: Colour, use: Use) -> Pixels:
    """Icons and line art in a colour that is visible on the background; other things unchanged."""
    if use not in (Use.ICONS, Use.LINE_ART):
        return sprite
    result = sprite.copy()
    result[..., :3] = colours.ink_on(rng, behind)
    return result


def hollow(
    outline: Outline, width: float, height: float, colour: Colour, stroke_px: float, rng: np.random.Generator
) -> Pixels:
    """The stroke of an outline without a fill, perhaps dashed or double."""
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


def write(
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
    """Adds the text around a middle, as large as it fits."""
    rng = composition.rng
    behind = composition.mean_colour(middle[0] - width / 3, middle[1] - height / 3, width * 0.66, height * 0.66)
    way = hand(
        rng, material, colours.ink_on(rng, behind), height / max(1, lines) * 1.2, alignment="center", finery=0.25
    )
    text_words = text.split()
    per_line = -(-len(text_words) // lines)
    rows = [" ".join(text_words[i : i + per_line]) for i in range(0, len(text_words), per_line)]
    composition.add_centred(fitted(rows, way, width, height), *middle, LayerKind.TEXT, "text")
