"""Draws trees, flowers and other plants."""

import numpy as np

from lab.posters.colours import darker, lighter
from lab.posters.motifs.paint import Paint
from lab.posters.shapes import arc, curve, ellipse, polygon, rounded, turned
from lab.posters.sketch import Sketch


def tree(sketch: Sketch, paint: Paint) -> None:
    """A round tree with fruit."""
    sketch.fill(polygon((-0.15, 0.1), (0.15, 0.1), (0.22, 0.96), (-0.22, 0.96)), paint.wood)
    sketch.line(polygon((0.02, 0.5), (0.3, 0.2)), paint.wood, 0.1)
    crown = [(-0.1, -0.98), (0.4, -0.82), (0.7, -0.45), (0.74, 0), (0.4, 0.32), (0, 0.28), (-0.42, 0.36), (-0.76, 0.02),
             (-0.72, -0.42), (-0.5, -0.78)]  # fmt: skip
    sketch.fill(curve(crown), paint.leaf)
    sketch.fill(
        curve([(-0.2, -0.8), (0.2, -0.7), (0.1, -0.4), (-0.35, -0.25), (-0.55, -0.4)]), lighter(paint.leaf, 0.25), False
    )
    for x, y in ((-0.35, -0.1), (0.1, -0.05), (0.4, -0.35), (0.05, -0.6), (0.42, 0.1), (-0.42, -0.52)):
        sketch.fill(ellipse(x, y, 0.1), paint.main)
    if sketch.style.has_details:
        sketch.mark(polygon((-0.06, 0.5), (-0.08, 0.85)), darker(paint.wood), 0.04)


def tulip(sketch: Sketch, paint: Paint) -> None:
    sketch.line(curve([(0, -0.2), (0.05, 0.4), (0, 0.96)], is_closed=False), paint.leaf, 0.11)
    for side in (-1, 1):
        leaf = [(0, 0.9), (side * 0.4, 0.65), (side * 0.56, 0.1), (side * 0.2, 0.45)]
        sketch.fill(curve(leaf), paint.leaf if side < 0 else darker(paint.leaf, 0.15))
    sketch.fill(curve([(0, -0.98), (0.3, -0.5), (0, -0.1), (-0.3, -0.5)]), paint.second)
    for side in (-1, 1):
        petal = [
            (side * 0.52, -0.9),
            (side * 0.58, -0.35),
            (side * 0.2, -0.02),
            (side * -0.06, -0.15),
            (side * 0.18, -0.6),
        ]
        sketch.fill(curve(petal), paint.main)
    sketch.fill(curve([(-0.02, -0.72), (0.24, -0.3), (0, 0), (-0.26, -0.3)]), lighter(paint.main, 0.3))


def flower(sketch: Sketch, paint: Paint) -> None:
    """A blossom with eight petals."""
    for i in range(8):
        petal = ellipse(0, -0.62, 0.26, 0.36)
        sketch.fill(turned(petal, i * 45), paint.main if i % 2 else lighter(paint.main, 0.35))
    if sketch.style.has_details:
        for i in range(8):
            sketch.mark(turned(polygon((0, -0.4), (0, -0.72)), i * 45), paint.third, 0.05)
    sketch.fill(ellipse(0, 0, 0.36), paint.second)
    for x, y in ((-0.12, -0.1), (0.12, -0.08), (0, 0.13)):
        sketch.fill(ellipse(x, y, 0.06), darker(paint.second, 0.4), is_outlined=False)


def cactus(sketch: Sketch, paint: Paint) -> None:
    """A cactus in a pot."""
    for side, y in ((-1, 0.05), (1, -0.2)):
        sketch.line(polygon((0, y + 0.25), (side * 0.55, y + 0.25), (side * 0.55, y - 0.15)), paint.leaf, 0.26)
    sketch.fill(rounded(-0.27, -0.85, 0.27, 0.5, 0.27), paint.leaf)
    if sketch.style.has_details:
        for x in (-0.11, 0.11):
            sketch.mark(polygon((x, -0.62), (x, 0.3)), lighter(paint.leaf, 0.35), 0.035)
        for x, y in ((0, -0.5), (0, -0.2), (0, 0.1), (-0.55, 0.05), (0.55, -0.2)):
            sketch.fill(ellipse(x, y, 0.035), paint.light, is_outlined=False)
    sketch.fill(ellipse(0, -0.86, 0.15, 0.12), paint.main)
    sketch.fill(polygon((-0.5, 0.5), (0.5, 0.5), (0.36, 0.96), (-0.36, 0.96)), paint.second)
    sketch.fill(rounded(-0.58, 0.36, 0.58, 0.56, 0.05), paint.third)


def mushroom(sketch: Sketch, paint: Paint) -> None:
    sketch.fill(
        curve([(-0.26, 0), (0.26, 0), (0.3, 0.6), (0.42, 0.9), (0, 0.96), (-0.42, 0.9), (-0.3, 0.6)]), paint.light
    )
    cap = np.concatenate([arc(0, 0, 0.95, 0.92, 180, 360), arc(0, 0, 0.95, 0.22, 0, 180)])
    sketch.fill(cap, paint.main)
    sketch.fill(ellipse(0, 0.1, 0.62, 0.12), lighter(paint.crust, 0.4))
    for x, y, size in (
        (-0.42, -0.32, 0.16),
        (0.06, -0.6, 0.17),
        (0.5, -0.3, 0.15),
        (0.08, -0.2, 0.1),
        (-0.7, -0.06, 0.08),
    ):
        sketch.fill(ellipse(x, y, size, size * 0.9), paint.light, is_outlined=False)
    if sketch.style.has_details:
        for side in (-1, 1):
            sketch.fill(ellipse(side * 0.12, 0.45, 0.045, 0.07), paint.dark, is_outlined=False)
        sketch.mark(arc(0, 0.55, 0.09, 0.07, 20, 160), paint.dark, 0.04)
    sketch.shine(ellipse(-0.5, -0.58, 0.15, 0.07, -40), 0.4)
