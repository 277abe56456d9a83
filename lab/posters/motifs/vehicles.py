"""Draws vehicles on land, on water and in the air."""

import numpy as np

from lab.posters.colours import darker, lighter, mixed
from lab.posters.motifs.paint import Paint
from lab.posters.shapes import arc, box, curve, ellipse, polygon, rounded
from lab.posters.sketch import Sketch

_GLASS = (150, 210, 245)


def car(sketch: Sketch, paint: Paint) -> None:
    sketch.fill(curve([(-0.6, -0.05), (-0.42, -0.55), (0.1, -0.6), (0.4, -0.5), (0.66, -0.02), (0, 0.05)]), paint.main)
    for x0, x1, lean in ((-0.44, -0.06, 0.09), (0.04, 0.44, -0.13)):
        left, right = max(lean, 0), min(lean, 0)
        glass = polygon((x0 + left, -0.43), (x1 + right, -0.43), (x1, -0.06), (x0, -0.06))
        sketch.fill(glass, mixed(paint.light, _GLASS, 0.6))
    sketch.fill(rounded(-0.98, -0.1, 0.98, 0.4, 0.2), paint.main)
    sketch.fill(rounded(-0.98, 0.2, 0.98, 0.4, 0.08), paint.second)
    sketch.fill(ellipse(0.85, 0.06, 0.11), (255, 226, 120))
    sketch.fill(rounded(-0.97, -0.02, -0.82, 0.12, 0.04), (214, 48, 49), is_outlined=False)
    for x in (-0.54, 0.54):
        sketch.fill(ellipse(x, 0.4, 0.27), paint.dark)
        sketch.fill(ellipse(x, 0.4, 0.13), paint.light)
    if sketch.style.has_details:
        sketch.mark(polygon((0, -0.02), (0, 0.18)), darker(paint.main), 0.03)
        sketch.mark(polygon((0.06, 0.05), (0.2, 0.05)), darker(paint.main), 0.04)
    sketch.shine(ellipse(-0.3, -0.36, 0.05, 0.12, 35))


def rocket(sketch: Sketch, paint: Paint) -> None:
    sketch.fill(curve([(-0.2, 0.55), (-0.24, 0.75), (0, 1), (0.24, 0.75), (0.2, 0.55)]), (250, 150, 40))
    sketch.fill(curve([(-0.1, 0.55), (-0.12, 0.7), (0, 0.84), (0.12, 0.7), (0.1, 0.55)]), (255, 225, 90), False)
    for side in (-1, 1):
        sketch.fill(
            polygon((side * 0.3, 0.05), (side * 0.72, 0.45), (side * 0.7, 0.75), (side * 0.25, 0.55)), paint.main
        )
    hull = [(0, -0.98), (0.28, -0.6), (0.38, -0.05), (0.24, 0.6), (-0.24, 0.6), (-0.38, -0.05), (-0.28, -0.6)]
    sketch.fill(curve(hull), paint.light)
    sketch.fill(curve([(0, -0.98), (0.19, -0.77), (0.3, -0.53), (0, -0.46), (-0.3, -0.53), (-0.19, -0.77)]), paint.main)
    sketch.fill(ellipse(0, -0.16, 0.2), paint.second)
    sketch.fill(ellipse(0, -0.16, 0.12), mixed(paint.light, _GLASS, 0.7), is_outlined=False)
    sketch.fill(polygon((-0.32, 0.28), (0.32, 0.28), (0.28, 0.44), (-0.28, 0.44)), paint.third)
    if sketch.style.has_details:
        for x in (-0.16, 0, 0.16):
            sketch.fill(ellipse(x, 0.16, 0.035), paint.dark, is_outlined=False)


def balloon(sketch: Sketch, paint: Paint) -> None:
    """A hot-air balloon with its basket."""
    for x in (-0.2, 0.2):
        sketch.line(polygon((x * 1.4, 0.3), (x * 0.9, 0.7)), paint.wood, 0.05)
    sketch.fill(polygon((-0.28, 0.3), (0.28, 0.3), (0.2, 0.46), (-0.2, 0.46)), darker(paint.second))
    envelope = [(0, -1), (0.52, -0.85), (0.76, -0.4), (0.6, 0.05), (0.28, 0.34), (-0.28, 0.34), (-0.6, 0.05),
                (-0.76, -0.4), (-0.52, -0.85)]  # fmt: skip
    sketch.fill(curve(envelope), paint.main)
    for inner, outer in ((-0.5, -0.18), (0.5, 0.18)):
        stripe = [(0, -0.98), (inner, -0.5), (inner * 0.6, 0.3), (outer * 0.6, 0.32), (outer * 1.1, -0.45)]
        sketch.fill(curve(stripe), paint.second)
    band = [arc(0, -0.52, 0.75, 0.2, 174, 6), arc(0, -0.36, 0.755, 0.2, 6, 174)]
    sketch.fill(np.concatenate(band), paint.light)
    sketch.fill(rounded(-0.23, 0.64, 0.23, 0.96, 0.06), paint.wood)
    if sketch.style.has_details:
        sketch.mark(polygon((-0.2, 0.75), (0.2, 0.75)), lighter(paint.wood, 0.5), 0.04)
    sketch.shine(ellipse(-0.36, -0.68, 0.08, 0.17, 30))


def boat(sketch: Sketch, paint: Paint) -> None:
    """A sailing boat."""
    sketch.line(polygon((0, -0.92), (0, 0.4)), paint.wood, 0.08)
    sketch.fill(polygon((0.04, -0.85), (0.7, 0.22), (0.04, 0.22)), paint.light)
    sketch.fill(polygon((-0.04, -0.6), (-0.04, 0.22), (-0.6, 0.22)), paint.second)
    sketch.fill(polygon((0, -1), (0.32, -0.91), (0, -0.82)), paint.third)
    if sketch.style.has_details:
        sketch.mark(polygon((0.1, -0.1), (0.44, -0.1)), paint.main, 0.07)
        sketch.mark(polygon((0.1, 0.05), (0.54, 0.05)), paint.main, 0.07)
    hull = [(-0.96, 0.34), (0.96, 0.34), (0.62, 0.86), (-0.62, 0.86)]
    sketch.fill(polygon(*hull), paint.main)
    sketch.fill(polygon((-0.96, 0.34), (0.96, 0.34), (0.87, 0.47), (-0.87, 0.47)), lighter(paint.main, 0.55))
    for x in (-0.35, 0, 0.35):
        sketch.fill(ellipse(x, 0.64, 0.085), paint.light)
    sketch.fill(box(-0.1, 0.22, 0.1, 0.34), paint.wood)
