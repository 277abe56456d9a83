"""Draws animals, whole or as a face."""

import numpy as np

from lab.posters.colours import Colour, darker, lighter
from lab.posters.motifs.paint import Paint
from lab.posters.shapes import arc, curve, ellipse, polygon
from lab.posters.sketch import Sketch


def cat(sketch: Sketch, paint: Paint) -> None:
    """A cat's face with a collar."""
    for side in (-1, 1):
        sketch.fill(polygon((side * 0.82, -0.95), (side * 0.88, -0.1), (side * 0.2, -0.5)), paint.main)
        sketch.fill(polygon((side * 0.73, -0.73), (side * 0.76, -0.3), (side * 0.4, -0.52)), paint.second, False)
    sketch.fill(ellipse(0, 0.1, 0.92, 0.76), paint.main)
    for x in (-0.18, 0, 0.18):
        sketch.mark(polygon((x, -0.62), (x * 0.9, -0.36)), darker(paint.main, 0.35), 0.09)
    sketch.fill(ellipse(0, 0.4, 0.42, 0.3), paint.light, is_outlined=False)
    for side in (-1, 1):
        _eye(sketch, side * 0.4, 0, 0.17, paint.light, paint.dark)
        if sketch.style.has_details:
            for y in (0.3, 0.42):
                sketch.mark(polygon((side * 0.46, y), (side * 0.82, y + (y - 0.36))), paint.dark, 0.03)
        sketch.mark(arc(side * 0.11, 0.38, 0.11, 0.12, 0, 180), paint.dark, 0.045)
    sketch.fill(polygon((-0.1, 0.22), (0.1, 0.22), (0, 0.36)), paint.third)


def bear(sketch: Sketch, paint: Paint) -> None:
    """A bear's face."""
    for side in (-1, 1):
        sketch.fill(ellipse(side * 0.62, -0.6, 0.32), paint.wood)
        sketch.fill(ellipse(side * 0.62, -0.6, 0.17), paint.crust, is_outlined=False)
    sketch.fill(ellipse(0, 0.08, 0.88, 0.82), paint.wood)
    sketch.fill(ellipse(0, 0.36, 0.46, 0.38), paint.crust, is_outlined=False)
    for side in (-1, 1):
        sketch.fill(ellipse(side * 0.34, -0.12, 0.1, 0.13), paint.dark, is_outlined=False)
        sketch.fill(ellipse(side * 0.34 - 0.03, -0.17, 0.035), paint.light, is_outlined=False)
        if sketch.style.has_details:
            sketch.fill(ellipse(side * 0.62, 0.22, 0.14, 0.1), paint.main, is_outlined=False)
    sketch.fill(ellipse(0, 0.22, 0.16, 0.11), paint.dark, is_outlined=False)
    sketch.mark(polygon((0, 0.3), (0, 0.45)), paint.dark, 0.045)
    sketch.mark(arc(0, 0.4, 0.17, 0.15, 20, 160), paint.dark, 0.045)
    sketch.fill(curve([(-0.4, 0.76), (-0.42, 1), (0, 0.88), (0.42, 1), (0.4, 0.76), (0, 0.86)]), paint.second)


def fish(sketch: Sketch, paint: Paint) -> None:
    sketch.fill(curve([(0.55, 0), (0.98, -0.5), (0.86, 0), (0.98, 0.5)]), paint.second)
    sketch.fill(curve([(-0.3, -0.4), (0, -0.78), (0.42, -0.62), (0.3, -0.3)]), paint.second)
    sketch.fill(curve([(-0.1, 0.4), (0.1, 0.74), (0.36, 0.56), (0.25, 0.3)]), paint.second)
    body = [(-0.96, 0.02), (-0.5, -0.46), (0.1, -0.52), (0.66, -0.08), (0.66, 0.08), (0.1, 0.52), (-0.5, 0.46)]
    sketch.fill(curve(body), paint.main)
    sketch.fill(np.concatenate([arc(-0.36, 0, 0.22, 0.47, 90, -90), arc(-0.5, 0, 0.2, 0.44, -90, 90)]), paint.third)
    if sketch.style.has_details:
        for x, y in ((0.05, -0.2), (0.05, 0.12), (0.28, -0.04), (0.3, 0.2), (0.3, -0.25), (0.48, 0.08)):
            sketch.mark(arc(x, y, 0.09, 0.1, -80, 80), lighter(paint.main, 0.55), 0.05)
    _eye(sketch, -0.64, -0.1, 0.13, paint.light, paint.dark)
    sketch.mark(arc(-0.84, 0.1, 0.12, 0.1, 20, 110), paint.dark, 0.045)


def bird(sketch: Sketch, paint: Paint) -> None:
    for x in (-0.12, 0.14):
        sketch.line(polygon((x, 0.6), (x, 0.94), (x - 0.14, 0.96)), (240, 150, 50), 0.07)
    sketch.fill(curve([(0.5, 0.1), (0.98, -0.2), (0.96, 0.12), (0.82, 0.3), (0.5, 0.4)]), paint.second)
    sketch.fill(polygon((-0.72, -0.42), (-1, -0.26), (-0.7, -0.18)), (248, 170, 50))
    body = [(-0.44, -0.76), (-0.12, -0.62), (0.08, -0.22), (0.6, 0.1), (0.5, 0.5), (0, 0.72), (-0.5, 0.5), (-0.7, 0),
            (-0.76, -0.48)]  # fmt: skip
    sketch.fill(curve(body), paint.main)
    sketch.fill(curve([(-0.6, 0), (-0.3, 0.1), (-0.02, 0.62), (-0.44, 0.48)]), paint.light, is_outlined=False)
    sketch.fill(curve([(-0.12, -0.04), (0.3, -0.02), (0.64, 0.24), (0.2, 0.44), (-0.1, 0.26)]), paint.third)
    if sketch.style.has_details:
        for x in (0.08, 0.24, 0.4):
            sketch.mark(arc(x, 0.2, 0.08, 0.12, -60, 60), darker(paint.third), 0.04)
    _eye(sketch, -0.46, -0.42, 0.11, paint.light, paint.dark)


def owl(sketch: Sketch, paint: Paint) -> None:
    for side in (-1, 1):
        sketch.fill(polygon((side * 0.6, -0.98), (side * 0.66, -0.4), (side * 0.1, -0.68)), paint.main)
        sketch.fill(ellipse(side * 0.2, 0.92, 0.14, 0.07), (245, 160, 50))
    sketch.fill(ellipse(0, 0.12, 0.7, 0.82), paint.main)
    sketch.fill(ellipse(0, 0.42, 0.44, 0.46), paint.light, is_outlined=False)
    if sketch.style.has_details:
        for row, y in enumerate((0.3, 0.46, 0.62)):
            for x in ((-0.2, 0, 0.2), (-0.1, 0.1), (0,))[row]:
                sketch.mark(arc(x, y, 0.08, 0.08, 10, 170), paint.second, 0.045)
    for side in (-1, 1):
        sketch.fill(
            curve([(side * 0.62, -0.2), (side * 0.8, 0.3), (side * 0.56, 0.74), (side * 0.46, 0.2)]), paint.second
        )
        sketch.fill(ellipse(side * 0.3, -0.3, 0.3), paint.third)
        _eye(sketch, side * 0.3, -0.3, 0.2, paint.light, paint.dark)
    sketch.fill(polygon((-0.11, -0.18), (0.11, -0.18), (0, 0.06)), (248, 170, 50))


def _eye(sketch: Sketch, x: float, y: float, size: float, white: Colour, pupil: Colour) -> None:
    sketch.fill(ellipse(x, y, size), white)
    sketch.fill(ellipse(x, y + 0.1 * size, size * 0.55), pupil, is_outlined=False)
    sketch.fill(ellipse(x - 0.2 * size, y - 0.2 * size, size * 0.18), white, is_outlined=False)
