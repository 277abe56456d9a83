"""Draws the pictures that nano is trained on: coloured shapes and letters on a ground, as exact layers with captions.

All choices come from a random generator, so that a seed determines a picture. Compositions whose `is_held_out` is true
are never used for training; the figures of the model card are measured on them.
"""

import re
import zlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (220, 40, 40),
    "green": (40, 170, 60),
    "blue": (50, 80, 220),
    "yellow": (240, 210, 40),
    "purple": (140, 50, 170),
    "orange": (245, 140, 30),
    "cyan": (40, 200, 210),
    "pink": (245, 130, 180),
    "black": (20, 20, 20),
    "white": (245, 245, 245),
}
SHAPES = ("circle", "square", "triangle", "diamond", "ring", "cross", "star")
LETTERS = tuple("AEFHLMTXYZ")
SIZES = ((64, 64), (80, 48), (48, 80))  # (width, height) px of the pictures that nano reads and its VAE was trained on
_COLOUR_JITTER = 10  # levels
_SUPERSAMPLING = 4
_HELD_OUT_OF = 8  # one composition in 8 is not used for training
_STROKE = 0.36  # of half a letter's height
_PLACES: dict[int, tuple[tuple[float, float], ...]] = {  # along the longer and the shorter side, by number of things
    0: (),
    1: ((0.5, 0.5),),
    2: ((0.25, 0.5), (0.75, 0.5)),
    3: ((0.5, 0.25), (0.25, 0.75), (0.75, 0.75)),
}
_ALONE, _APART, _SHIFT_PX = 0.6, 0.44, 1.0  # sizes in shares of the shorter side

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Thing:
    """A shape or letter of a named colour; `middle` and `size` (its larger side) are in pixels."""

    kind: str
    colour: str
    rgb: Colour
    middle: tuple[float, float]
    size: float

    @property
    def name(self) -> str:
        return f"letter {self.kind}" if self.kind in LETTERS else self.kind


@dataclass(frozen=True, slots=True)
class Ground:
    """One colour, or a gradient of two: "horizontal" changes from left to right."""

    colours: tuple[str, ...]
    rgb: tuple[Colour, ...]
    direction: str = ""

    @property
    def name(self) -> str:
        if len(self.colours) == 1:
            return f"{self.colours[0]} background"
        return f"{self.colours[0]} to {self.colours[1]} {self.direction} gradient background"


@dataclass(frozen=True, slots=True)
class Composition:
    """A ground and the things on it, bottom first, on a canvas of `width` x `height` px."""

    width: int
    height: int
    ground: Ground
    things: tuple[Thing, ...]

    @property
    def caption(self) -> str:
        """The caption, top thing first: "a red circle and a blue letter K on a green background"."""
        things = " and ".join(with_article(f"{thing.colour} {thing.name}") for thing in reversed(self.things))
        ground = with_article(self.ground.name)
        return f"{things} on {ground}" if things else ground

    @property
    def is_held_out(self) -> bool:
        """Depends on the caption, not on positions, so that held-out captions are unseen in training."""
        names = sorted(f"{thing.colour} {thing.kind}" for thing in self.things)
        return zlib.crc32(" ".join([*names, self.ground.colours[0]]).encode()) % _HELD_OUT_OF == 0

    def layers(self) -> NDArray[np.float32]:
        """(1 + things, 4, height, width): straight RGBA in 0..1, bottom first; colour also where alpha is 0."""
        return np.stack([self._ground_layer(), *(self._thing_layer(thing) for thing in self.things)])

    def without(self, index: int) -> "Composition":
        return replace(self, things=self.things[:index] + self.things[index + 1 :])

    def _ground_layer(self) -> NDArray[np.float32]:
        first, last = (
            np.array(rgb, np.float32)[:, None, None] / 255 for rgb in (self.ground.rgb[0], self.ground.rgb[-1])
        )
        across = np.linspace(0, 1, self.width, dtype=np.float32)[None, None, :]
        down = np.linspace(0, 1, self.height, dtype=np.float32)[None, :, None]
        share = across + 0 * down if self.ground.direction == "horizontal" else down + 0 * across
        return np.concatenate([first * (1 - share) + last * share, np.ones((1, self.height, self.width), np.float32)])

    def _thing_layer(self, thing: Thing) -> NDArray[np.float32]:
        alpha = drawn(thing, self.width, self.height)
        rgb = np.broadcast_to(np.array(thing.rgb, np.float32)[:, None, None] / 255, (3, *alpha.shape))
        return np.concatenate([rgb, alpha[None]])


def flattened(layers: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 4, h, w) straight RGBA, bottom first, the bottom opaque -> (4, h, w): their composite."""
    seen = layers[0, :3]
    for layer in layers[1:]:
        seen = seen * (1 - layer[3:]) + layer[:3] * layer[3:]
    return np.concatenate([seen, np.ones_like(layers[0, 3:])])


def drawn(thing: Thing, width: int, height: int) -> NDArray[np.float32]:
    """(height, width): how much of each pixel the thing covers, 0..1."""
    mask = Image.new("L", (width * _SUPERSAMPLING, height * _SUPERSAMPLING), 0)
    pen = ImageDraw.Draw(mask)
    middle = np.array(thing.middle) * _SUPERSAMPLING
    for corners, is_hole in outlines(thing.kind):
        points = middle + corners * thing.size * _SUPERSAMPLING / 2
        pen.polygon([(float(x), float(y)) for x, y in points], fill=0 if is_hole else 255)
    return np.asarray(mask.resize((width, height), Image.Resampling.BOX), np.float32) / 255


def outlines(kind: str) -> list[tuple[NDArray[np.float64], bool]]:
    """The polygons of a shape or letter in a square from -1 to 1, y down; True for a hole in those before it."""
    if kind in _SEGMENTS:
        return [(_stroke(*segment), False) for segment in _SEGMENTS[kind]]
    match kind:
        case "circle":
            return [(_round(48), False)]
        case "ring":
            return [(_round(48), False), (0.55 * _round(48), True)]
        case "square":
            return [(np.array([(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]), False)]
        case "diamond":
            return [(_round(4), False)]
        case "triangle":
            return [(np.array([(0, -1), (1, 0.85), (-1, 0.85)]), False)]
        case "cross":
            bar = np.array([(-1, -0.35), (1, -0.35), (1, 0.35), (-1, 0.35)])
            return [(bar, False), (bar[:, ::-1], False)]
        case "star":
            return [(_round(10) * np.where(np.arange(10) % 2, 0.45, 1.05)[:, None], False)]
        case _:
            raise ValueError(kind)


def _round(count: int) -> NDArray[np.float64]:
    angles = np.arange(count) * 2 * np.pi / count - np.pi / 2
    return np.stack([np.cos(angles), np.sin(angles)], 1)


def _stroke(start: tuple[float, float], end: tuple[float, float]) -> NDArray[np.float64]:
    """A bar from start to end with square ends."""
    a, b = np.array(start), np.array(end)
    along = (b - a) / np.linalg.norm(b - a) * _STROKE / 2
    across = np.array([-along[1], along[0]])
    return np.array([a - along + across, b + along + across, b + along - across, a - along - across])


_L, _R, _T, _B, _M = -0.62, 0.62, -0.82, 0.82, 0.0
_SEGMENTS: dict[str, list[tuple[tuple[float, float], tuple[float, float]]]] = {
    "A": [((_L, _B), (0, _T)), ((0, _T), (_R, _B)), ((-0.35, 0.3), (0.35, 0.3))],
    "E": [((_L, _T), (_L, _B)), ((_L, _T), (_R, _T)), ((_L, _M), (0.4, _M)), ((_L, _B), (_R, _B))],
    "F": [((_L, _T), (_L, _B)), ((_L, _T), (_R, _T)), ((_L, _M), (0.4, _M))],
    "H": [((_L, _T), (_L, _B)), ((_R, _T), (_R, _B)), ((_L, _M), (_R, _M))],
    "L": [((_L, _T), (_L, _B)), ((_L, _B), (_R, _B))],
    "M": [((-0.75, _B), (-0.75, _T)), ((-0.75, _T), (0, 0.3)), ((0, 0.3), (0.75, _T)), ((0.75, _T), (0.75, _B))],
    "T": [((_L, _T), (_R, _T)), ((0, _T), (0, _B))],
    "X": [((_L, _T), (_R, _B)), ((_R, _T), (_L, _B))],
    "Y": [((_L, _T), (0, _M)), ((_R, _T), (0, _M)), ((0, _M), (0, _B))],
    "Z": [((_L, _T), (_R, _T)), ((_R, _T), (_L, _B)), ((_L, _B), (_R, _B))],
}


def random_composition(
    rng: np.random.Generator,
    things: int,
    size: tuple[int, int] = SIZES[0],
    min_seen: float = 0.35,
    is_held_out: bool | None = False,
) -> Composition:
    """A composition of `things` things in different colours, of each of which at least `min_seen` is visible.

    With None for `is_held_out` it is of either kind, for tests and for the tokenizer.
    """
    width, height = size
    while True:
        colours = [str(name) for name in rng.permutation(list(COLOURS))]
        ground = _random_ground(rng, colours)
        drawn_things = tuple(random_thing(rng, colours[2 + i], width, height) for i in range(things))
        composition = Composition(width, height, ground, drawn_things)
        if is_held_out is not None and composition.is_held_out != is_held_out:
            continue
        if seen_shares(composition).min(initial=1) >= min_seen:
            return composition


def in_canonical_order(composition: Composition) -> Composition:
    """The same picture with its things ordered from the top edge down, except for those that cover one another.

    A picture does not show which of two things that do not touch is the upper layer, so this rule decides.
    """
    waiting = list(composition.things)
    covers = {thing: drawn(thing, composition.width, composition.height) > 0 for thing in waiting}
    ordered: list[Thing] = []
    while waiting:
        free = [
            thing
            for i, thing in enumerate(waiting)
            if not any((covers[thing] & covers[below]).any() for below in waiting[:i])
        ]
        ordered.append(min(free, key=lambda thing: thing.middle[1]))
        waiting.remove(ordered[-1])
    return replace(composition, things=tuple(ordered))


def arranged(rng: np.random.Generator, composition: Composition) -> Composition:
    """The composition with its things side by side in the order of the caption, each moved by about a pixel.

    A caption does not determine positions; a model of this size learns shapes many times faster with fixed positions.
    """
    long, short = max(composition.width, composition.height), min(composition.width, composition.height)
    is_wide = composition.width >= composition.height
    size = short * (_ALONE if len(composition.things) == 1 else _APART)
    things: list[Thing] = []
    for thing, place in zip(reversed(composition.things), _PLACES[len(composition.things)], strict=True):
        x, y = (at * side + rng.uniform(-_SHIFT_PX, _SHIFT_PX) for at, side in zip(place, (long, short), strict=True))
        middle = (float(x), float(y)) if is_wide else (float(y), float(x))
        things.append(replace(thing, middle=middle, size=float(size * rng.uniform(0.92, 1))))
    return replace(composition, things=tuple(reversed(things)))


def random_thing(rng: np.random.Generator, colour: str, width: int, height: int, kind: str = "") -> Thing:
    shapes = LETTERS if rng.random() < 0.2 else SHAPES
    size = float(rng.uniform(0.36, 0.66) * min(width, height))
    margin = size / 2 + 1
    middle = (float(rng.uniform(margin, width - margin)), float(rng.uniform(margin, height - margin)))
    return Thing(kind or str(rng.choice(shapes)), colour, shade(rng, colour), middle, size)


def shade(rng: np.random.Generator, colour: str) -> Colour:
    """The named colour with a small random deviation."""
    r, g, b = (
        int(np.clip(level + rng.integers(-_COLOUR_JITTER, _COLOUR_JITTER + 1), 0, 255)) for level in COLOURS[colour]
    )
    return r, g, b


def _random_ground(rng: np.random.Generator, colours: list[str]) -> Ground:
    if rng.random() < 0.7:
        return Ground((colours[0],), (shade(rng, colours[0]),))
    direction = str(rng.choice(["horizontal", "vertical"]))
    return Ground((colours[0], colours[1]), (shade(rng, colours[0]), shade(rng, colours[1])), direction)


def seen_shares(composition: Composition) -> NDArray[np.float64]:
    """(things,): the share of each thing that the things above do not cover, 0..1."""
    above = np.zeros((composition.height, composition.width), np.float32)
    shares: list[float] = []
    for thing in reversed(composition.things):
        alpha = drawn(thing, composition.width, composition.height)
        shares.append(float((alpha * (1 - above)).sum() / max(alpha.sum(), 1e-6)))
        above = np.maximum(above, alpha)
    return np.array(shares[::-1])


def with_article(phrase: str) -> str:
    return f"an {phrase}" if phrase[0] in "aeio" else f"a {phrase}"


_PHRASINGS = (
    "{caption}",
    "{caption}",
    "{caption}",
    "{bare}",
    "{bare}",
    "{comma}",
    "a picture of {caption}",
    "an image of {caption}",
    "draw {caption}",
    "{caption}.",
)


def phrased(rng: np.random.Generator, composition: Composition) -> str:
    """The caption in one of several phrasings."""
    caption = composition.caption
    bare = re.sub(r"\ban? ", "", caption)
    comma = re.sub(r" (on|and) (?=an? )", ", ", caption)
    return str(rng.choice(_PHRASINGS)).format(caption=caption, bare=bare, comma=comma)
