"""Outlines of plain shapes as SVG path data in a box of pixels, and the paints that fill them."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from lab.compositions.rasters import draw_shapes
from lab.posters.colours import Colour, darker, lighter, mixed
from lamina.core.layers import Pixels

Outline = Callable[[float, float], str]
"""Path data of a shape that fills a box of the given width and height at 0, 0."""


def hex_of(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def polygon(points: Sequence[tuple[float, float]] | NDArray[np.float64]) -> str:
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points) + "Z"


def rectangle(width: float, height: float, radius: float = 0) -> str:
    r = min(radius, width / 2, height / 2)
    if r <= 0:
        return f"M0 0H{width:.2f}V{height:.2f}H0Z"
    arc = f"a{r:.2f} {r:.2f} 0 0 1"
    return (
        f"M{r:.2f} 0H{width - r:.2f}{arc} {r:.2f} {r:.2f}V{height - r:.2f}{arc} {-r:.2f} {r:.2f}"
        f"H{r:.2f}{arc} {-r:.2f} {-r:.2f}V{r:.2f}{arc} {r:.2f} {-r:.2f}Z"
    )


def ellipse(width: float, height: float) -> str:
    a, b = width / 2, height / 2
    return f"M0 {b:.2f}a{a:.2f} {b:.2f} 0 1 1 {width:.2f} 0a{a:.2f} {b:.2f} 0 1 1 {-width:.2f} 0Z"


def regular(sides: int, turn: float = 0) -> Outline:
    """A regular polygon stretched to its box; `turn` in degrees, 0 with a corner at the top."""
    return lambda width, height: polygon(_stretched(_circle(sides, turn), width, height))


def star(points: int, depth: float) -> Outline:
    """`depth`: 0..1, how far the inner corners are from the outer circle."""

    def outline(width: float, height: float) -> str:
        corners = _circle(points * 2, 0)
        corners[1::2] *= 1 - depth
        return polygon(_stretched(corners, width, height))

    return outline


def shield(width: float, height: float) -> str:
    w, h = width, height
    return (
        f"M{w / 2} 0C{w * 0.7} {h * 0.1} {w * 0.85} {h * 0.1} {w} {h * 0.08}V{h * 0.5}"
        f"C{w} {h * 0.78} {w * 0.7} {h * 0.93} {w / 2} {h}C{w * 0.3} {h * 0.93} 0 {h * 0.78} 0 {h * 0.5}"
        f"V{h * 0.08}C{w * 0.15} {h * 0.1} {w * 0.3} {h * 0.1} {w / 2} 0Z"
    )


def ribbon(width: float, height: float) -> str:
    """A band with notched ends."""
    notch = min(height * 0.5, width * 0.1)
    h = height
    return polygon([(0, 0), (width, 0), (width - notch, h / 2), (width, h), (0, h), (notch, h / 2)])


def bubble(width: float, height: float) -> str:
    """A speech bubble with its tail at the lower left."""
    w, h = width, height * 0.82
    r = min(w, h) * 0.22
    return (
        f"M{r} 0H{w - r}a{r} {r} 0 0 1 {r} {r}V{h - r}a{r} {r} 0 0 1 {-r} {r}H{w * 0.42}L{w * 0.2} {height}"
        f"L{w * 0.24} {h}H{r}a{r} {r} 0 0 1 {-r} {-r}V{r}a{r} {r} 0 0 1 {r} {-r}Z"
    )


def arch(width: float, height: float) -> str:
    r = width / 2
    rise = min(r, height)
    return f"M0 {height:.2f}V{rise:.2f}A{r:.2f} {rise:.2f} 0 0 1 {width:.2f} {rise:.2f}V{height:.2f}Z"


def heart(width: float, height: float) -> str:
    w, h = width, height
    return (
        f"M{w / 2} {h}C{w * 0.1} {h * 0.7} 0 {h * 0.5} 0 {h * 0.3}"
        f"C0 {-h * 0.05} {w * 0.4} {-h * 0.1} {w / 2} {h * 0.22}"
        f"C{w * 0.6} {-h * 0.1} {w} {-h * 0.05} {w} {h * 0.3}C{w} {h * 0.5} {w * 0.9} {h * 0.7} {w / 2} {h}Z"
    )


def cloud(width: float, height: float) -> str:
    w, h = width, height
    return (
        f"M{w * 0.2} {h}C{-w * 0.06} {h} {-w * 0.06} {h * 0.52} {w * 0.17} {h * 0.52}C{w * 0.16} {h * 0.1} "
        f"{w * 0.5} {-h * 0.15} {w * 0.6} {h * 0.28}C{w * 0.8} {h * 0.12} {w * 0.92} {h * 0.3} {w * 0.88} {h * 0.55}"
        f"C{w * 1.05} {h * 0.6} {w * 1.02} {h} {w * 0.83} {h}Z"
    )


def blob(rng: np.random.Generator) -> Outline:
    """A smooth irregular patch."""
    count = int(rng.integers(5, 9))
    radii = rng.uniform(0.62, 1, count)

    def outline(width: float, height: float) -> str:
        edge = 0.07  # the curve swings out over its corners
        corners = _stretched(_circle(count, 0) * radii[:, None], width * (1 - 2 * edge), height * (1 - 2 * edge))
        return smooth(corners + np.array([width, height]) * edge)

    return outline


def smooth(points: NDArray[np.float64], is_closed: bool = True) -> str:
    """A curve through the points (Catmull-Rom)."""
    p = points
    count = len(p)
    steps = range(count if is_closed else count - 1)
    data = f"M{p[0][0]:.2f} {p[0][1]:.2f}"
    for i in steps:
        before, here, there, after = (
            p[k % count] if is_closed else p[min(max(k, 0), count - 1)] for k in (i - 1, i, i + 1, i + 2)
        )
        a, b = here + (there - before) / 6, there - (after - here) / 6
        data += f"C{a[0]:.2f} {a[1]:.2f} {b[0]:.2f} {b[1]:.2f} {there[0]:.2f} {there[1]:.2f}"
    return data + ("Z" if is_closed else "")


def any_outline(rng: np.random.Generator) -> Outline:
    """A shape that badges, buttons and grounds of things have."""
    options: list[Outline] = [
        ellipse, ellipse, regular(6), regular(6, 30), regular(8, 22.5), regular(4), shield, heart, arch, bubble,
        rectangle, lambda w, h: rectangle(w, h, min(w, h) * 0.15), star(int(rng.integers(10, 24)), 0.12),
        star(5, 0.5), blob(rng),
    ]  # fmt: skip
    return options[rng.integers(len(options))]


def paint(rng: np.random.Generator, colour: Colour, plainness: float = 0.6) -> tuple[str, str]:
    """SVG definitions and a paint that refers to them: flat, a gradient or hatched, all of about one colour."""
    if rng.uniform() < plainness:
        return "", hex_of(colour)
    name = f"p{rng.integers(1 << 30)}"
    other = [darker(colour, 0.35), lighter(colour, 0.45), mixed(colour, (255, 120, 60), 0.4)][rng.integers(3)]
    kind = rng.choice(["linear", "radial", "hatch", "dots"], p=[0.5, 0.25, 0.15, 0.1])
    stops = f'<stop offset="0" stop-color="{hex_of(colour)}"/><stop offset="1" stop-color="{hex_of(other)}"/>'
    if kind == "linear":
        x, y = [(0, 1), (1, 0), (1, 1)][rng.integers(3)]
        return f'<linearGradient id="{name}" x1="0" y1="0" x2="{x}" y2="{y}">{stops}</linearGradient>', f"url(#{name})"
    if kind == "radial":
        return f'<radialGradient id="{name}" cx=".4" cy=".35" r=".8">{stops}</radialGradient>', f"url(#{name})"
    size = rng.uniform(8, 22)
    mark = f'<path d="M0 {size / 2}H{size}" stroke="{hex_of(other)}" stroke-width="{size * 0.35}"/>'
    if kind == "dots":
        mark = f'<circle cx="{size / 2}" cy="{size / 2}" r="{size * 0.25}" fill="{hex_of(other)}"/>'
    turn = rng.choice([0, 45, -45, 90])
    return (
        f'<pattern id="{name}" width="{size}" height="{size}" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate({turn})">'
        f'<rect width="{size}" height="{size}" fill="{hex_of(colour)}"/>{mark}</pattern>'
    ), f"url(#{name})"


def filled(
    outline: Outline,
    width: float,
    height: float,
    fill: tuple[str, str],
    *,
    stroke: Colour | None = None,
    stroke_px: float = 0,
    dashes: str = "",
    opacity: float = 1,
) -> Pixels:
    """(height, width, 4): the shape in a box of this size, its stroke inside the box."""
    w, h = max(2, round(width)), max(2, round(height))
    inset = stroke_px / 2 if stroke else 0
    line = ""
    if stroke:
        line = f' stroke="{hex_of(stroke)}" stroke-width="{stroke_px:.2f}" stroke-linejoin="round"'
        line += f' stroke-dasharray="{dashes}"' if dashes else ""
    data = outline(max(1.0, w - 2 * inset), max(1.0, h - 2 * inset))
    body = (
        f"<defs>{fill[0]}</defs>"
        f'<path d="{data}" transform="translate({inset} {inset})" fill="{fill[1]}" fill-rule="evenodd"'
        f' opacity="{opacity}"{line}/>'
    )
    return draw_shapes(body, w, h)


def _circle(count: int, turn: float) -> NDArray[np.float64]:
    angles = np.arange(count) * 2 * np.pi / count - np.pi / 2 + np.radians(turn)
    return np.stack([np.cos(angles), np.sin(angles)], 1)


def _stretched(points: NDArray[np.float64], width: float, height: float) -> NDArray[np.float64]:
    low, high = points.min(0), points.max(0)
    return (points - low) / (high - low) * (width, height)
