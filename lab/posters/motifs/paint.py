"""Chooses the colours of one motif from the poster's palette, with natural ones for leaf, wood and crust."""

from dataclasses import dataclass

import numpy as np

from lab.posters.colours import Colour, Palette, hsv


@dataclass(frozen=True, slots=True)
class Paint:
    """`main`, `second` and `third` differ in hue; `light` is nearly white, `dark` nearly black."""

    main: Colour
    second: Colour
    third: Colour
    light: Colour
    dark: Colour
    leaf: Colour
    wood: Colour
    crust: Colour


def paint(rng: np.random.Generator, palette: Palette) -> Paint:
    main, second, third = (palette.vivid[i] for i in rng.permutation(len(palette.vivid))[:3])
    return Paint(
        main,
        second,
        third,
        light=palette.paper,
        dark=palette.ink,
        leaf=hsv(rng.uniform(0.24, 0.42), rng.uniform(0.5, 0.85), rng.uniform(0.45, 0.8)),
        wood=hsv(rng.uniform(0.04, 0.09), rng.uniform(0.5, 0.75), rng.uniform(0.38, 0.62)),
        crust=hsv(rng.uniform(0.08, 0.12), rng.uniform(0.4, 0.65), rng.uniform(0.8, 0.95)),
    )
