"""Chooses and places the lines of text of a poster: headline, subtitle and small line."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lab.posters import words
from lab.posters.board import Board, NoRoomError
from lab.posters.colours import Colour, Palette, contrast, darker, distance, lighter
from lab.posters.lettering import Lettering, Shadow, Typeface, lettered, moved
from lamina.core.layers import Layer

_Choice = TypeVar("_Choice")

_TRIES = 40
_LATIN = (Typeface.SANS, Typeface.SLAB, Typeface.HAND, Typeface.SCRIPT)
_LEAST_CONTRAST = 4.0  # between WCAG 2.2's 3 for large text and 4.5 for small


@dataclass(frozen=True, slots=True)
class Wording:
    """A line to be set. `size`: the em as a share of the short side; `widest`: the most it may take of the width."""

    role: str
    string: str
    typeface: Typeface
    size: float
    widest: float
    turn: float


def wordings(rng: np.random.Generator, count: int) -> list[Wording]:
    """Headline and subtitle, and a small line if there are three; one poster in four is in Chinese or Japanese."""
    is_cjk = rng.uniform() < 0.25
    heads, subs = (words.CJK_HEADLINES, words.CJK_SUBTITLES) if is_cjk else (words.HEADLINES, words.SUBTITLES)
    first, second = (Typeface.HAN, Typeface.HAN) if is_cjk else (_choose(rng, _LATIN), _choose(rng, _LATIN))
    turn = rng.uniform(-25, 25) if rng.uniform() < 0.3 else 0.0
    lines = [
        Wording("Headline", _choose(rng, heads), first, rng.uniform(0.1, 0.19), rng.uniform(0.6, 0.9), turn),
        Wording(
            "Subtitle", _choose(rng, subs), second, rng.uniform(0.05, 0.085), rng.uniform(0.4, 0.7), _lean(rng, turn)
        ),
        Wording(
            "Small line",
            _choose(rng, words.SMALL_LINES),
            _choose(rng, _LATIN[:3]),
            rng.uniform(0.035, 0.05),
            0.45,
            _lean(rng, 0),
        ),
    ]
    return lines[:count]


def place_texts(rng: np.random.Generator, board: Board, lines: list[Wording], palette: Palette) -> list[Layer]:
    """Finds and reserves a place for every line, without overlap, and returns the lines without laying them.

    Raises NoRoomError."""
    on_panel = rng.integers(len(lines)) if board.panel is not None and rng.uniform() < 0.75 else -1
    placed: list[Layer] = []
    for i, line in enumerate(lines):
        layer = _placed(rng, board, line, palette, board.panel if i == on_panel else None)
        board.reserve(layer)
        placed.append(layer)
    return placed


def _placed(rng: np.random.Generator, board: Board, line: Wording, palette: Palette, panel: Layer | None) -> Layer:
    if panel is not None:
        line = replace(line, turn=0.0, widest=0.85 * panel.width / board.width)
    for attempt in range(_TRIES):
        shape = _set(board, line, 1 - 0.5 * attempt / _TRIES)
        for _ in range(10):
            place = moved(shape, _on_panel(rng, shape, panel) if panel else _anywhere(rng, board, line, shape))
            if not _fits(board, place, panel):
                continue
            styled = _styled(rng, board, place, line, palette)
            if styled is not None and _fits(board, styled, panel):
                return styled
    raise NoRoomError


def _set(board: Board, line: Wording, shrink: float) -> Layer:
    """The line in black, for its shape, as large as its width allows."""
    size_px = line.size * board.short_px * shrink
    lettering = Lettering(line.string, line.typeface, size_px, (0, 0, 0), line.turn)
    shape = lettered(lettering, line.role)
    most = line.widest * board.width
    if shape.width > most:
        shape = lettered(replace(lettering, size_px=size_px * most / shape.width), line.role)
    return shape


def _anywhere(rng: np.random.Generator, board: Board, line: Wording, shape: Layer) -> tuple[int, int]:
    """Headlines prefer the top, small lines the foot, all the middle or a margin."""
    heights = {"Headline": (0.05, 0.05, 0.12, 0.85, rng.uniform()), "Small line": (0.97, 0.97, 0.03, rng.uniform())}
    y = _choose(rng, heights.get(line.role, (rng.uniform(0.1, 0.4), rng.uniform())))
    x = _choose(rng, (0.5, 0.5, 0.02, 0.98, rng.uniform()))
    margin = 0.03 * board.short_px
    left = margin + x * (board.width - shape.width - 2 * margin)
    return round(left), round(margin + y * (board.height - shape.height - 2 * margin))


def _on_panel(rng: np.random.Generator, shape: Layer, panel: Layer) -> tuple[int, int]:
    left = panel.left + (panel.width - shape.width) * _choose(rng, (0.5, 0.5, 0.3, 0.7))
    top = panel.top + (panel.height - shape.height) * _choose(rng, (0.5, 0.5, 0.35, 0.65))
    return round(left), round(top)


def _fits(board: Board, place: Layer, panel: Layer | None) -> bool:
    if board.share_inside(place) < 1 or not board.is_free(place):
        return False
    if panel is None:
        return board.is_clear_of_panel(place)
    # The panel's face has one colour: a line that reaches a border or a ribbon's tail sees another.
    return board.share_on(place, panel) == 1 and not np.ptp(board.under(place), axis=0).any()


def _styled(rng: np.random.Generator, board: Board, place: Layer, line: Wording, palette: Palette) -> Layer | None:
    """The line in colours that can be read where it stands, with an outline or a shadow; None if no colour can."""
    ground = board.under(place)
    colour = _readable(rng, ground, palette)
    if colour is None:
        return None
    lettering = Lettering(line.string, line.typeface, place.text[0].size_px, colour, line.turn)
    look = rng.choice(["plain", "outlined", "hard shadow", "soft shadow"], p=[0.4, 0.25, 0.17, 0.18])
    if look == "outlined" and line.role != "Small line":
        outline = _outline(rng, colour, ground, palette)
        lettering = replace(lettering, outline=outline, outline_width=rng.uniform(0.03, 0.065))
    elif look == "hard shadow":
        tone = _outline(rng, colour, ground, palette)
        lettering = replace(lettering, shadow=Shadow(tone, rng.uniform(0.035, 0.07), 0, rng.choice([1.0, 0.6])))
    elif look == "soft shadow":
        lettering = replace(
            lettering,
            shadow=Shadow((0, 0, 0), rng.uniform(0.03, 0.06), rng.uniform(0.02, 0.05), rng.uniform(0.45, 0.75)),
        )
    styled = lettered(lettering, f"{line.role}: {line.string}")
    return moved(
        styled, (place.left + (place.width - styled.width) // 2, place.top + (place.height - styled.height) // 2)
    )


def _readable(rng: np.random.Generator, ground: NDArray[np.uint8], palette: Palette) -> Colour | None:
    sample = ground[:: max(1, len(ground) // 2000)]
    choices = [palette.paper, palette.ink, (255, 255, 255), (0, 0, 0), *palette.vivid]
    choices += [darker(colour, 0.45) for colour in palette.vivid] + [lighter(colour, 0.5) for colour in palette.vivid]
    for i in rng.permutation(len(choices)):
        if np.quantile(contrast(choices[i], sample), 0.05) >= _LEAST_CONTRAST:
            return choices[i]
    return None


def _outline(rng: np.random.Generator, colour: Colour, ground: NDArray[np.uint8], palette: Palette) -> Colour:
    """Another colour that differs from the letters, and if possible also from the ground."""
    choices = [palette.paper, palette.ink, *palette.vivid, darker(colour, 0.6)]
    order = [choices[i] for i in rng.permutation(len(choices))]
    middle = np.median(ground, axis=0).astype(np.uint8)
    distinct = [c for c in order if distance(np.array(c, np.uint8), np.array(colour, np.uint8)) > 35]
    telling = [c for c in distinct if distance(np.array(c, np.uint8), middle) > 25]
    return (telling or distinct or [palette.ink])[0]


def _lean(rng: np.random.Generator, turn: float) -> float:
    """Mostly parallel to the headline, sometimes vertical, sometimes at another angle."""
    return float(rng.choice([turn, 0.0, rng.uniform(-15, 15)], p=[0.55, 0.3, 0.15]))


def _choose(rng: np.random.Generator, choices: Sequence[_Choice]) -> _Choice:
    return choices[int(rng.integers(len(choices)))]
