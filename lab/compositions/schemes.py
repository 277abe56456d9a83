"""The few colours of one design, in one of several moods."""

from dataclasses import dataclass

import numpy as np

from lab.compositions.composition import is_dark, readable
from lab.posters.colours import WHITE, Colour, hsv, lighter, mixed, palette

_BLACK: Colour = (17, 17, 19)


@dataclass(frozen=True, slots=True)
class Scheme:
    """`paper`: the ground; `ink`: legible on paper; `colours`: four or more for things."""

    paper: Colour
    ink: Colour
    colours: tuple[Colour, ...]

    def any(self, rng: np.random.Generator) -> Colour:
        return self.colours[rng.integers(len(self.colours))]

    def ink_on(self, rng: np.random.Generator, ground: Colour) -> Colour:
        """A colour of the scheme, white or black that is legible on the ground."""
        options = [c for c in (*self.colours, self.ink, self.paper, WHITE, _BLACK) if readable(c, ground)]
        if not options:
            return WHITE if is_dark(ground) else _BLACK
        if rng.uniform() < 0.5:
            plain = [c for c in (self.ink, self.paper, WHITE, _BLACK) if readable(c, ground)]
            options = plain or options
        return options[rng.integers(len(options))]


def scheme(rng: np.random.Generator) -> Scheme:
    """A scheme in one of seven moods."""
    mood = rng.choice(
        ["bold", "muted", "one hue", "grey", "two", "dark", "pastel"], p=[0.3, 0.12, 0.16, 0.1, 0.1, 0.14, 0.08]
    )
    hue = rng.uniform()
    if mood == "bold":
        chosen = palette(rng)
        paper = WHITE if rng.uniform() < 0.5 else chosen.paper
        return Scheme(paper, chosen.ink, chosen.vivid[: rng.integers(4, 7)])
    if mood == "muted":
        hues = (hue + rng.uniform(0, 0.5, 5)) % 1
        colours = tuple(hsv(h, rng.uniform(0.2, 0.5), rng.uniform(0.4, 0.85)) for h in hues)
        return Scheme(hsv(hue, 0.06, 0.97), hsv(hue, 0.4, 0.22), colours)
    if mood == "one hue":
        shades = tuple(
            hsv(hue + rng.uniform(-0.03, 0.03), s, v) for s, v in [(0.85, 0.5), (0.75, 0.75), (0.5, 0.9), (0.25, 0.97)]
        )
        return Scheme(WHITE if rng.uniform() < 0.5 else hsv(hue, 0.07, 0.98), hsv(hue, 0.8, 0.2), shades)
    if mood == "grey":
        greys = tuple((int(v), int(v), int(v)) for v in rng.uniform(60, 225, 4))
        return Scheme(WHITE, _BLACK, (*greys, hsv(hue, 0.85, 0.85)))
    if mood == "two":
        first, second = hsv(hue, 0.9, 0.9), hsv(hue + rng.choice([0.5, 0.33, 0.08]), 0.85, 0.75)
        return Scheme(WHITE, _BLACK, (first, second, lighter(first), _BLACK))
    if mood == "dark":
        ground = hsv(hue, rng.uniform(0.2, 0.7), rng.uniform(0.06, 0.25))
        vivid = tuple(hsv(h, rng.uniform(0.4, 0.8), rng.uniform(0.8, 1)) for h in (hue + rng.uniform(0, 1, 5)) % 1)
        return Scheme(ground, mixed(WHITE, ground, 0.06), vivid)
    pastel = tuple(hsv(h, rng.uniform(0.18, 0.4), rng.uniform(0.88, 0.99)) for h in (hue + np.arange(5) / 5) % 1)
    return Scheme(WHITE, hsv(hue, 0.35, 0.3), (*pastel, hsv(hue, 0.6, 0.6)))
