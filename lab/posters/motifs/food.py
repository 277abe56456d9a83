"""Draws food and drinks."""

import numpy as np

from lab.posters.colours import darker, lighter
from lab.posters.motifs.paint import Paint
from lab.posters.shapes import arc, curve, ellipse, heart, polygon, rounded
from lab.posters.sketch import Sketch

_COFFEE = (92, 56, 34)


def cup(sketch: Sketch, paint: Paint) -> None:
    """A coffee cup on its saucer."""
    sketch.fill(ellipse(-0.05, 0.72, 0.92, 0.2), paint.second)
    sketch.fill(ellipse(-0.05, 0.68, 0.55, 0.1), lighter(paint.second), is_outlined=False)
    sketch.line(arc(0.52, 0.02, 0.32, 0.28, -100, 100), paint.main, 0.15)
    body = np.concatenate([arc(-0.1, -0.32, 0.68, 0.16, 180, 0), arc(-0.1, 0.1, 0.66, 0.62, 10, 170)])
    sketch.fill(body, paint.main)
    sketch.fill(ellipse(-0.1, -0.34, 0.68, 0.19), paint.light)
    sketch.fill(ellipse(-0.1, -0.32, 0.55, 0.12), _COFFEE, is_outlined=False)
    if sketch.style.has_details:
        sketch.fill(heart(-0.1, 0.2, 0.2), paint.third, is_outlined=False)
    sketch.shine(ellipse(-0.58, 0.12, 0.05, 0.22, -8), 0.45)


def ice_cream(sketch: Sketch, paint: Paint) -> None:
    """Three scoops in a cone."""
    sketch.fill(polygon((-0.46, 0.02), (0.46, 0.02), (0, 1)), paint.crust)
    if sketch.style.has_details:
        for x in (-0.26, 0, 0.26):
            sketch.mark(polygon((x, 0.08), (x * 0.25 + 0.14, 0.55)), darker(paint.crust), 0.035)
            sketch.mark(polygon((x, 0.08), (x * 0.25 - 0.14, 0.55)), darker(paint.crust), 0.035)
    sketch.fill(ellipse(0.29, -0.2, 0.35), paint.second)
    sketch.fill(ellipse(-0.29, -0.2, 0.35), paint.main)
    sketch.fill(ellipse(0, -0.55, 0.37), paint.light)
    sketch.fill(rounded(-0.52, -0.02, 0.52, 0.15, 0.07), darker(paint.crust, 0.12))
    sketch.fill(ellipse(0.04, -0.9, 0.11), (200, 30, 60))
    sketch.shine(ellipse(-0.43, -0.3, 0.09, 0.06, -40))
    if sketch.style.has_details:
        for x, y in ((-0.16, -0.6), (0.05, -0.45), (0.2, -0.66)):
            sketch.mark(polygon((x, y), (x + 0.07, y + 0.05)), paint.third, 0.05)


def cupcake(sketch: Sketch, paint: Paint) -> None:
    sketch.fill(polygon((-0.7, 0.1), (0.7, 0.1), (0.5, 0.92), (-0.5, 0.92)), paint.second)
    for top, foot in ((-0.42, -0.3), (-0.14, -0.1), (0.14, 0.1), (0.42, 0.3)):
        sketch.mark(polygon((top, 0.16), (foot, 0.88)), lighter(paint.second, 0.5), 0.06)
    for y, reach in ((0.06, 0.84), (-0.26, 0.62), (-0.54, 0.38)):
        sketch.fill(rounded(-reach, y - 0.2, reach, y + 0.17, 0.2), paint.main)
    sketch.fill(ellipse(0, -0.8, 0.16), (205, 35, 60))
    sketch.shine(ellipse(-0.05, -0.85, 0.05))
    if sketch.style.has_details:
        for i, (x, y) in enumerate(((-0.5, 0), (-0.1, 0.08), (0.35, 0), (-0.3, -0.27), (0.2, -0.3), (0.03, -0.52))):
            sketch.mark(polygon((x, y), (x + 0.1, y + (-0.06, 0.06)[i % 2])), (paint.light, paint.third)[i % 2], 0.06)


def burger(sketch: Sketch, paint: Paint) -> None:
    sketch.fill(rounded(-0.86, 0.42, 0.86, 0.82, 0.2), paint.crust)
    sketch.fill(rounded(-0.92, 0.18, 0.92, 0.46, 0.14), (104, 60, 38))
    sketch.fill(polygon((-0.86, 0.1), (0.86, 0.1), (0.5, 0.36), (0.2, 0.14), (-0.3, 0.34)), (250, 200, 60))
    wave = [(x, 0.2 if i % 2 else 0.06) for i, x in enumerate(np.linspace(0.98, -0.98, 9))]
    sketch.fill(curve([(-0.95, -0.06), (0.95, -0.06), *wave]), paint.leaf)
    sketch.fill(rounded(-0.84, -0.14, 0.84, 0.02, 0.07), (214, 60, 48))
    sketch.fill(
        np.concatenate([arc(0, -0.1, 0.9, 0.72, 180, 360), polygon((0.86, -0.02), (-0.86, -0.02))]), paint.crust
    )
    if sketch.style.has_details:
        for x, y in ((-0.45, -0.38), (-0.12, -0.6), (0.2, -0.4), (0.48, -0.45), (-0.15, -0.28), (0.12, -0.68)):
            sketch.fill(ellipse(x, y, 0.06, 0.035, 30), paint.light, is_outlined=False)
    sketch.shine(ellipse(-0.5, -0.55, 0.16, 0.06, -35), 0.35)


def pear(sketch: Sketch, paint: Paint) -> None:
    sketch.line(curve([(0.02, -0.6), (0.06, -0.8), (0.16, -0.96)], is_closed=False), paint.wood, 0.09)
    sketch.fill(curve([(0.08, -0.74), (0.3, -0.98), (0.64, -0.92), (0.42, -0.68)]), paint.leaf)
    body = [(0, -0.66), (0.26, -0.5), (0.34, -0.12), (0.66, 0.3), (0.5, 0.82), (0, 0.94), (-0.5, 0.82), (-0.66, 0.3),
            (-0.34, -0.12), (-0.26, -0.5)]  # fmt: skip
    sketch.fill(curve(body), paint.main)
    sketch.fill(
        curve([(0.3, -0.05), (0.6, 0.34), (0.44, 0.76), (0.1, 0.84), (0.4, 0.4)]), darker(paint.main, 0.18), False
    )
    if sketch.style.has_details:
        for x, y in ((-0.28, 0.42), (-0.1, 0.66), (-0.4, 0.62), (-0.12, 0.34), (0.06, 0.5)):
            sketch.fill(ellipse(x, y, 0.04), paint.second, is_outlined=False)
    sketch.shine(ellipse(-0.34, 0.12, 0.09, 0.2, 25))


def watermelon(sketch: Sketch, paint: Paint) -> None:
    """A slice with seeds, round side down."""
    for radius, colour in ((0.98, paint.leaf), (0.86, paint.light), (0.76, (232, 62, 80))):
        sketch.fill(np.concatenate([arc(0, -0.4, radius, radius * 1.05, 0, 180)]), colour, is_outlined=radius > 0.9)
    for x, y in ((-0.4, -0.16), (0, -0.2), (0.4, -0.16), (-0.2, 0.1), (0.2, 0.1), (0, -0.02 + 0.3)):
        sketch.fill(ellipse(x, y, 0.05, 0.08), paint.dark, is_outlined=False)
    if sketch.style.has_details:
        for angle in (20, 50, 80, 110, 140, 165):
            sketch.mark(arc(0, -0.4, 0.92, 0.97, angle, angle + 6), darker(paint.leaf, 0.45), 0.08)
