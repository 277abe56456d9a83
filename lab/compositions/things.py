"""Draws things such as houses, trees, boats and stars, each in several colours."""

from collections.abc import Callable

import numpy as np

from lab.compositions.effects import trimmed
from lab.compositions.rasters import draw_shapes
from lab.compositions.shapes import cloud, heart, hex_of, polygon, rectangle, smooth, star
from lab.posters.colours import darker, hsv, lighter, palette
from lamina.core.layers import Pixels

Drawing = Callable[[np.random.Generator, tuple[str, ...], str], str]
"""SVG elements in a box of 100 by 100 in the given colours with the given stroke attributes."""


def drawn_thing(rng: np.random.Generator, long_px: float, kinds: tuple[str, ...] = ()) -> Pixels:
    """One of the things below, or of the given kinds, trimmed."""
    colours = tuple(hex_of(colour) for colour in palette(rng).vivid)
    line = 'stroke="none"'
    if rng.uniform() < 0.35:
        ink, width = hex_of(hsv(rng.uniform(), 0.3, 0.15)), rng.uniform(1, 3.2)
        line = f'stroke="{ink}" stroke-width="{width:.1f}" stroke-linejoin="round"'
    names = kinds or tuple(DRAWINGS)
    body = DRAWINGS[names[rng.integers(len(names))]](rng, colours, line)
    side = max(8, round(long_px))
    return trimmed(draw_shapes(f'<g transform="scale({side / 100})">{body}</g>', side, side))


def drawn_ground(rng: np.random.Generator, width: int, height: int) -> Pixels:
    """(height, width, 4), opaque: a mottled picture, where there are no photographs."""
    coarse = rng.uniform(0, 255, (6, 6, 3)).astype(np.uint8)
    body = "".join(
        f'<circle cx="{rng.uniform(0, width):.0f}" cy="{rng.uniform(0, height):.0f}"'
        f' r="{rng.uniform(0.1, 0.4) * height:.0f}" '
        f'fill="rgb({r},{g},{b})" opacity=".35"/>'
        for r, g, b in coarse.reshape(-1, 3)
    )
    pixels = draw_shapes(f'<rect width="{width}" height="{height}" fill="#789"/>{body}', width, height)
    pixels[..., 3] = 255
    return pixels


def _house(rng: np.random.Generator, c: tuple[str, ...], line: str) -> str:
    wall, roof, door, glass = c[0], c[1], c[2], c[3]
    w = rng.uniform(50, 80)
    x, top = 50 - w / 2, rng.uniform(42, 58)
    windows = "".join(
        f'<rect x="{x + w * f:.1f}" y="{top + 9:.1f}" width="{w * 0.2:.1f}" height="{w * 0.2:.1f}"'
        f' fill="{glass}" {line}/>'
        for f in ((0.12, 0.68) if rng.uniform() < 0.7 else (0.14,))
    )
    chimney = f'<rect x="{x + w * 0.7:.1f}" y="{top - 30:.1f}" width="9" height="26" fill="{door}" {line}/>'
    return (
        (chimney if rng.uniform() < 0.6 else "")
        + f'<rect x="{x:.1f}" y="{top}" width="{w:.1f}" height="{98 - top}" fill="{wall}" {line}/>'
        + f'<path d="{polygon([(x - 7, top), (50, top - 36), (x + w + 7, top)])}" fill="{roof}" {line}/>'
        + f'<rect x="{x + w * 0.4:.1f}" y="74" width="{w * 0.2:.1f}" height="24" fill="{door}" {line}/>{windows}'
    )


def _tree(rng: np.random.Generator, _: tuple[str, ...], line: str) -> str:
    leaf = hsv(rng.uniform(0.2, 0.42), rng.uniform(0.5, 0.8), rng.uniform(0.35, 0.75))
    if rng.uniform() < 0.25:
        leaf = hsv(rng.uniform(0.02, 0.13), 0.8, 0.85)
    trunk = (
        f'<rect x="45" y="60" width="10" height="38" fill="{hex_of(hsv(0.07, 0.6, rng.uniform(0.25, 0.5)))}" {line}/>'
    )
    a, b = hex_of(leaf), hex_of(lighter(leaf, 0.25))
    if rng.uniform() < 0.5:
        crown = (
            f'<ellipse cx="50" cy="36" rx="{rng.uniform(22, 38):.0f}" ry="34" fill="{a}" {line}/>'
            f'<ellipse cx="42" cy="28" rx="12" ry="14" fill="{b}"/>'
        )
    else:
        crown = "".join(
            f'<path d="{polygon([(50 - s, y + 30), (50, y), (50 + s, y + 30)])}" fill="{shade}" {line}/>'
            for y, s, shade in ((38, 32, a), (22, 26, b), (5, 19, a))
        )
    return trunk + crown


def _sun(rng: np.random.Generator, _: tuple[str, ...], line: str) -> str:
    colour = hsv(rng.uniform(0.08, 0.16), rng.uniform(0.5, 0.95), 1)
    rays = (
        f'<path d="{star(int(rng.integers(10, 20)), 0.35)(96, 96)}" transform="translate(2 2)"'
        f' fill="{hex_of(lighter(colour))}" {line}/>'
    )
    return (rays if rng.uniform() < 0.5 else "") + f'<circle cx="50" cy="50" r="32" fill="{hex_of(colour)}" {line}/>'


def _cloud(rng: np.random.Generator, _: tuple[str, ...], line: str) -> str:
    shade = hex_of(hsv(0.58, rng.uniform(0, 0.15), rng.uniform(0.85, 1)))
    return f'<path d="{cloud(92, rng.uniform(45, 62))}" transform="translate(4 20)" fill="{shade}" {line}/>'


def _boat(rng: np.random.Generator, c: tuple[str, ...], line: str) -> str:
    return (
        f'<rect x="48" y="6" width="4" height="66" fill="{c[4]}" {line}/><path d="M54 8L90 62H54Z"'
        f' fill="{c[0]}" {line}/>'
        f'<path d="M46 16V62H{rng.uniform(14, 24):.0f}Z" fill="{c[1]}" {line}/><path d="M4 70H96L80 94H20Z"'
        f' fill="{c[2]}" {line}/>'
        f'<path d="M8 76H92L90 80H11Z" fill="{c[3]}"/>'
    )


def _car(rng: np.random.Generator, c: tuple[str, ...], line: str) -> str:
    roof = rng.uniform(22, 34)
    wheels = "".join(
        f'<circle cx="{x}" cy="76" r="11" fill="#222" {line}/><circle cx="{x}" cy="76" r="5" fill="#ccc"/>'
        for x in (26, 74)
    )
    return (
        f'<path d="M22 52L32 {roof}H68L82 52Z" fill="{c[0]}" {line}/>'
        f'<path d="M29 51L36 {roof + 5}H48V51ZM52 51V{roof + 5}H65L74 51Z" fill="#cfe8f5"/>'
        f'<path d="{rectangle(92, 26, 9)}" transform="translate(4 50)" fill="{c[0]}" {line}/>'
        f'<rect x="86" y="56" width="9" height="7" fill="{c[1]}"/>{wheels}'
    )


def _flower(rng: np.random.Generator, c: tuple[str, ...], line: str) -> str:
    count = int(rng.integers(5, 10))
    petals = "".join(
        f'<ellipse cx="50" cy="20" rx="11" ry="17" fill="{c[0]}" {line}'
        f' transform="rotate({i * 360 / count:.0f} 50 38)"/>'
        for i in range(count)
    )
    stem = (
        '<path d="M48 40C46 60 49 80 47 99H53C55 80 52 60 52 40Z" fill="#3c8d40"/>'
        f'<path d="M50 80C66 76 76 66 78 58C62 60 52 68 50 80Z" fill="#4caf50" {line}/>'
    )
    return (stem if rng.uniform() < 0.6 else "") + petals + f'<circle cx="50" cy="38" r="11" fill="{c[1]}" {line}/>'


def _star(rng: np.random.Generator, c: tuple[str, ...], line: str) -> str:
    return (
        f'<path d="{star(int(rng.integers(4, 9)), rng.uniform(0.35, 0.62))(96, 96)}"'
        f' transform="translate(2 2)" fill="{c[0]}" {line}/>'
    )


def _heart(rng: np.random.Generator, c: tuple[str, ...], line: str) -> str:
    shine = '<ellipse cx="28" cy="32" rx="8" ry="12" fill="#fff" opacity=".6" transform="rotate(30 28 32)"/>'
    return f'<path d="{heart(92, 86)}" transform="translate(4 6)" fill="{c[0]}" {line}/>' + (
        shine if rng.uniform() < 0.6 else ""
    )


def _book(rng: np.random.Generator, c: tuple[str, ...], line: str) -> str:
    return (
        f'<path d="{rectangle(66, 90, 5)}" transform="translate(17 5)" fill="{c[0]}" {line}/>'
        f'<rect x="17" y="5" width="11" height="90" fill="{c[1]}" {line}/>'
        f'<rect x="36" y="{rng.uniform(16, 30):.0f}" width="38" height="20" fill="{c[2]}" {line}/>'
    )


def _cup(rng: np.random.Generator, c: tuple[str, ...], line: str) -> str:
    band = f'<rect x="18" y="54" width="54" height="9" fill="{c[1]}"/>' if rng.uniform() < 0.6 else ""
    return (
        f'<path d="M70 44C96 40 96 78 68 76" fill="none" stroke="{c[2]}" stroke-width="8"/>'
        f'<path d="M16 34H74L68 92H22Z" fill="{c[0]}" {line}/>{band}<ellipse cx="45" cy="34" rx="29" ry="7"'
        f' fill="{c[3]}" {line}/>'
    )


def _rocket(rng: np.random.Generator, c: tuple[str, ...], line: str) -> str:
    flame = f'<path d="M40 76L50 {rng.uniform(88, 99):.0f}L60 76Z" fill="#ffb300" {line}/>'
    return (
        f'{flame}<path d="M34 52L16 80H36ZM66 52L84 80H64Z" fill="{c[1]}" {line}/>'
        f'<path d="M50 2C72 22 70 56 62 78H38C30 56 28 22 50 2Z" fill="{c[0]}" {line}/>'
        f'<circle cx="50" cy="38" r="9" fill="#d7f0ff" stroke="{c[2]}" stroke-width="4"/>'
    )


def _fish(rng: np.random.Generator, c: tuple[str, ...], line: str) -> str:
    tail = f'<path d="M72 50L96 {rng.uniform(24, 36):.0f}V{rng.uniform(64, 76):.0f}Z" fill="{c[1]}" {line}/>'
    return tail + (
        f'<ellipse cx="44" cy="50" rx="38" ry="24" fill="{c[0]}" {line}/><path d="M48 30C58 42 58 58 48 70"'
        f' fill="none" stroke="{c[2]}" stroke-width="4"/><circle cx="24" cy="45" r="5" fill="#fff"/>'
        '<circle cx="23" cy="45" r="2.4" fill="#111"/>'
    )


def _balloon(rng: np.random.Generator, c: tuple[str, ...], line: str) -> str:
    return (
        f'<path d="M50 66C{rng.uniform(38, 62):.0f} 80 56 88 48 99" fill="none" stroke="#555" stroke-width="1.6"/>'
        f'<ellipse cx="50" cy="34" rx="27" ry="32" fill="{c[0]}" {line}/><path d="M50 64L45 71H55Z"'
        f' fill="{c[0]}" {line}/><ellipse cx="40" cy="22" rx="6" ry="10" fill="#fff" opacity=".5"/>'
    )


def _gift(rng: np.random.Generator, c: tuple[str, ...], line: str) -> str:
    w = rng.uniform(8, 14)
    return (
        f'<path d="M50 30C20 34 26 2 50 30C74 2 80 34 50 30Z" fill="{c[1]}" {line}/><rect x="12" y="44"'
        f' width="76" height="52" fill="{c[0]}" {line}/>'
        f'<rect x="7" y="30" width="86" height="16" fill="{c[2]}" {line}/><rect x="{50 - w / 2:.1f}" y="30"'
        f' width="{w:.1f}" height="66" fill="{c[1]}" {line}/>'
    )


def _person(rng: np.random.Generator, c: tuple[str, ...], line: str) -> str:
    skin = hex_of(hsv(0.07, rng.uniform(0.25, 0.6), rng.uniform(0.4, 0.97)))
    hair = hex_of(hsv(rng.uniform(0, 0.13), 0.6, rng.uniform(0.08, 0.6)))
    return (
        f'<path d="M36 62H64L62 98H52L50 74L48 98H38Z" fill="{c[2]}" {line}/><path d="{rectangle(36, 36, 12)}"'
        f' transform="translate(32 30)" fill="{c[0]}" {line}/>'
        '<path d="M32 34C22 44 22 56 26 64L33 62C31 52 33 46 36 42ZM68 34C78 44 78 56 74 64L67 62C69 52 67 46 64 42Z"'
        f' fill="{skin}" {line}/>'
        f'<circle cx="50" cy="18" r="13" fill="{skin}" {line}/>'
        f'<path d="M36 18C34 0 66 0 64 18C58 10 46 10 36 18Z" fill="{hair}" {line}/>'
    )


def _mountain(rng: np.random.Generator, c: tuple[str, ...], line: str) -> str:
    peak = rng.uniform(35, 65)
    cap = [(peak, 12), (peak + 14, 36), (peak + 5, 31), (peak - 2, 39), (peak - 12, 34)]
    return (
        f'<path d="{polygon([(2, 96), (peak, 12), (98, 96)])}" fill="{c[0]}" {line}/><path d="{polygon(cap)}"'
        f' fill="#fff" {line}/>'
    )


def _leaf(rng: np.random.Generator, _: tuple[str, ...], line: str) -> str:
    green = hsv(rng.uniform(0.22, 0.4), 0.6, rng.uniform(0.4, 0.8))
    vein = f'<path d="M50 98V24" stroke="{hex_of(darker(green))}" stroke-width="2.5" fill="none"/>'
    outline = smooth(np.array([(50, 4), (76, 36), (70, 70), (50, 92), (30, 70), (24, 36)], float))
    return f'<path d="{outline}" fill="{hex_of(green)}" {line}/>{vein}'


DRAWINGS: dict[str, Drawing] = {
    "house": _house,
    "tree": _tree,
    "sun": _sun,
    "cloud": _cloud,
    "boat": _boat,
    "car": _car,
    "flower": _flower,
    "star": _star,
    "heart": _heart,
    "book": _book,
    "cup": _cup,
    "rocket": _rocket,
    "fish": _fish,
    "balloon": _balloon,
    "gift": _gift,
    "person": _person,
    "mountain": _mountain,
    "leaf": _leaf,
}
