"""Draws toys, buildings and household things."""

import numpy as np

from lab.posters.colours import darker, lighter, mixed
from lab.posters.motifs.paint import Paint
from lab.posters.shapes import arc, box, curve, ellipse, polygon, rounded
from lab.posters.shapes import heart as heart_shape
from lab.posters.shapes import star as star_shape
from lab.posters.sketch import Sketch


def ball(sketch: Sketch, paint: Paint) -> None:
    """A beach ball of six gores around a cap."""
    sketch.fill(ellipse(0, 0, 0.95), paint.light)
    for i, colour in enumerate((paint.main, paint.light, paint.second, paint.light, paint.third, paint.light)):
        rim = arc(0, 0, 0.95, 0.95, i * 60 + 8, i * 60 + 68, 16)
        sketch.fill(np.concatenate([rim, polygon((-0.22, -0.25))]), colour)
    sketch.fill(ellipse(-0.22, -0.25, 0.15), paint.second)
    sketch.shine(ellipse(-0.42, -0.52, 0.2, 0.11, -40))


def star(sketch: Sketch, paint: Paint) -> None:
    """A star with a second one inside, and a face."""
    sketch.fill(star_shape(0, 0.05, 1, 0.48, 5), paint.main)
    sketch.fill(star_shape(0, 0.05, 0.72, 0.36, 5), lighter(paint.main, 0.45), is_outlined=False)
    if sketch.style.has_details:
        for side in (-1, 1):
            sketch.fill(ellipse(side * 0.17, -0.02, 0.07, 0.1), paint.dark, is_outlined=False)
            sketch.fill(ellipse(side * 0.3, 0.17, 0.08, 0.06), paint.second, is_outlined=False)
        sketch.mark(arc(0, 0.1, 0.13, 0.12, 20, 160), paint.dark, 0.05)
    else:
        sketch.fill(ellipse(0, 0.05, 0.18), paint.second)


def heart(sketch: Sketch, paint: Paint) -> None:
    """A heart with a smaller one and a ribbon."""
    sketch.fill(heart_shape(0, 0, 0.95), paint.main)
    sketch.fill(heart_shape(0, -0.02, 0.62), lighter(paint.main, 0.35), is_outlined=False)
    sketch.fill(curve([(-0.93, -0.1), (-0.3, 0.1), (0.3, -0.05), (0.93, -0.2), (0.9, 0.02), (0.3, 0.2), (-0.3, 0.33),
                       (-0.88, 0.12)]), paint.second)  # fmt: skip
    if sketch.style.has_details:
        for x, y in ((-0.5, 0.12), (-0.17, 0.19), (0.17, 0.1), (0.5, 0.01)):
            sketch.fill(ellipse(x, y, 0.055), paint.light, is_outlined=False)
    sketch.shine(ellipse(-0.5, -0.5, 0.17, 0.1, -40))


def house(sketch: Sketch, paint: Paint) -> None:
    sketch.fill(box(0.38, -0.85, 0.6, -0.3), paint.third)
    sketch.fill(box(-0.72, -0.15, 0.72, 0.9), paint.main)
    sketch.fill(polygon((-0.98, -0.1), (0, -0.95), (0.98, -0.1)), paint.second)
    sketch.fill(rounded(-0.2, 0.28, 0.2, 0.9, 0.06), paint.wood)
    sketch.fill(ellipse(0.1, 0.6, 0.04), paint.light, is_outlined=False)
    sketch.fill(ellipse(0, -0.45, 0.17), paint.light)
    for x in (-0.48, 0.48):
        sketch.fill(box(x - 0.15, 0.12, x + 0.15, 0.45), mixed(paint.light, (120, 190, 240), 0.5))
        if sketch.style.has_details:
            sketch.mark(polygon((x, 0.12), (x, 0.45)), paint.light, 0.035)
            sketch.mark(polygon((x - 0.15, 0.285), (x + 0.15, 0.285)), paint.light, 0.035)


def book(sketch: Sketch, paint: Paint) -> None:
    """A closed book seen from the front, with pages at its foot."""
    sketch.fill(rounded(-0.72, -0.92, 0.72, 0.92, 0.1), darker(paint.main))
    sketch.fill(rounded(-0.6, 0.58, 0.7, 0.86, 0.04), paint.light)
    sketch.fill(rounded(-0.72, -0.92, 0.72, 0.66, 0.1), paint.main)
    sketch.fill(box(-0.72, -0.86, -0.5, 0.62), paint.second)
    sketch.fill(rounded(-0.3, -0.62, 0.52, -0.16, 0.06), paint.light)
    if sketch.style.has_details:
        for y, reach in ((-0.47, 0.38), (-0.31, 0.2)):
            sketch.mark(polygon((-0.17, y), (reach, y)), paint.dark, 0.06)
        for y in (0.67, 0.76):
            sketch.mark(polygon((-0.5, y), (0.66, y)), darker(paint.light, 0.25), 0.025)
    sketch.fill(star_shape(0.11, 0.23, 0.24, 0.11, 5), paint.third)


def camera(sketch: Sketch, paint: Paint) -> None:
    sketch.fill(rounded(-0.34, -0.72, 0.34, -0.3, 0.1), darker(paint.main, 0.2))
    sketch.fill(rounded(0.52, -0.6, 0.8, -0.35, 0.06), paint.third)
    sketch.fill(rounded(-0.98, -0.5, 0.98, 0.68, 0.16), paint.main)
    sketch.fill(box(-0.98, -0.12, 0.98, 0.3), paint.second)
    sketch.fill(ellipse(0, 0.1, 0.47), paint.light)
    sketch.fill(ellipse(0, 0.1, 0.34), paint.dark)
    sketch.fill(ellipse(0, 0.1, 0.18), mixed(paint.third, paint.dark, 0.3), is_outlined=False)
    sketch.fill(ellipse(-0.09, 0, 0.07), paint.light, is_outlined=False)
    sketch.fill(ellipse(-0.72, -0.31, 0.09), paint.light, is_outlined=False)
    if sketch.style.has_details:
        sketch.fill(rounded(0.58, -0.38, 0.84, -0.24, 0.03), paint.light, is_outlined=False)


def gift(sketch: Sketch, paint: Paint) -> None:
    sketch.fill(box(-0.76, -0.2, 0.76, 0.92), paint.main)
    if sketch.style.has_details:
        for x in (-0.52, 0.52):
            for y in (0.16, 0.42, 0.68):
                sketch.fill(ellipse(x + 0.1 * (y == 0.42), y, 0.06), paint.light, is_outlined=False)
    sketch.fill(box(-0.15, -0.2, 0.15, 0.92), paint.second)
    sketch.fill(rounded(-0.9, -0.48, 0.9, -0.14, 0.05), lighter(paint.main, 0.25))
    sketch.fill(box(-0.17, -0.48, 0.17, -0.14), paint.second)
    for side in (-1, 1):
        loop = curve([(0, -0.5), (side * 0.3, -0.95), (side * 0.68, -0.82), (side * 0.5, -0.55)])
        sketch.fill(loop, paint.second)
        sketch.fill(ellipse(side * 0.38, -0.71, 0.14, 0.07, side * -25), darker(paint.second, 0.25), is_outlined=False)
    sketch.fill(ellipse(0, -0.52, 0.13), lighter(paint.second, 0.2))


def lamp(sketch: Sketch, paint: Paint) -> None:
    """A table lamp, lit."""
    sketch.fill(rounded(-0.46, 0.76, 0.46, 0.94, 0.08), paint.wood)
    sketch.fill(curve([(-0.1, 0.8), (-0.3, 0.45), (-0.1, 0.05), (0.1, 0.05), (0.3, 0.45), (0.1, 0.8)]), paint.second)
    sketch.fill(rounded(-0.08, -0.1, 0.08, 0.15, 0.03), paint.wood)
    sketch.fill(polygon((-0.44, -0.92), (0.44, -0.92), (0.84, -0.02), (-0.84, -0.02)), paint.main)
    sketch.fill(polygon((-0.79, -0.14), (0.79, -0.14), (0.84, -0.02), (-0.84, -0.02)), paint.third)
    if sketch.style.has_details:
        for top, foot in ((-0.2, -0.42), (0, 0), (0.2, 0.42)):
            sketch.mark(polygon((top, -0.88), (foot, -0.16)), lighter(paint.main, 0.5), 0.05)
    sketch.shine(ellipse(-0.13, 0.4, 0.06, 0.16))


def umbrella(sketch: Sketch, paint: Paint) -> None:
    handle = np.concatenate([polygon((0, -0.2), (0, 0.72)), arc(0.17, 0.72, 0.17, 0.2, 180, 10)])
    sketch.line(handle, paint.wood, 0.11)
    sketch.fill(ellipse(0, -0.83, 0.07, 0.12), paint.wood)
    dome = arc(0, 0.02, 0.98, 0.8, 180, 360)
    hem = [arc(x, 0.02, 0.196, 0.09, 0, -180, 10) for x in (0.784, 0.392, 0, -0.392, -0.784)]
    sketch.fill(np.concatenate([dome, *hem]), paint.main)
    for left, right, lean in ((-0.588, -0.196, -0.2), (0.196, 0.588, 0.2)):
        gore = [(0, -0.76), (right - lean * 0.2, -0.4), (right, 0.02), ((left + right) / 2, -0.06), (left, 0.02),
                (left - lean * 0.2, -0.4)]  # fmt: skip
        sketch.fill(curve(gore), paint.second)
    sketch.shine(ellipse(-0.55, -0.42, 0.09, 0.2, 35), 0.4)


def drum(sketch: Sketch, paint: Paint) -> None:
    sketch.fill(np.concatenate([arc(0, 0.55, 0.85, 0.3, 0, 180), arc(0, -0.35, 0.85, 0.3, 180, 0)]), paint.main)
    for x in (-0.75, -0.38, 0, 0.38, 0.75):
        drop = 0.27 * (1 - (x / 0.85) ** 2) ** 0.5
        if x < 0.7:
            lower = 0.27 * (1 - ((x + 0.2) / 0.9) ** 2) ** 0.5
            sketch.mark(polygon((x, -0.2 + drop), (x + 0.19, 0.4 + lower), (x + 0.37, -0.2 + drop)), paint.light, 0.05)
    rim = np.concatenate([arc(0, 0.58, 0.88, 0.3, 0, 180), arc(0, 0.43, 0.88, 0.3, 180, 0)])
    sketch.fill(rim, paint.second)
    sketch.fill(np.concatenate([arc(0, -0.2, 0.88, 0.3, 0, 180), arc(0, -0.35, 0.88, 0.3, 180, 0)]), paint.second)
    sketch.fill(ellipse(0, -0.37, 0.88, 0.3), paint.light)
    for side in (-1, 1):
        sketch.line(polygon((side * 0.12, -0.4), (side * 0.66, -0.9)), paint.wood, 0.08)
        sketch.fill(ellipse(side * 0.12, -0.4, 0.1), paint.third)
