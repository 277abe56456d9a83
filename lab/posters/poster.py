"""Draws one poster from a seed: plan, ground, panel, texts, things; the layers are the exact truth."""

from dataclasses import dataclass

import numpy as np

from lab.posters.backgrounds import BACKGROUNDS, Background, ground
from lab.posters.board import Board, NoRoomError
from lab.posters.colours import palette
from lab.posters.objects import cast, place_objects
from lab.posters.panels import panel
from lab.posters.texts import place_texts, wordings
from lamina.core.layers import Layer, LayerKind, LayerStack

SIZES = ((1024, 1024), (768, 1024), (1024, 640), (1024, 768), (820, 1024))
_LAYOUTS = 200


@dataclass(frozen=True, slots=True)
class Poster:
    """`stack`: the truth, bottom first, its composite the flat picture."""

    seed: int
    background: Background
    stack: LayerStack


def poster(seed: int, background: Background, size: tuple[int, int] | None = None) -> Poster:
    """The poster of a seed on a kind of background; `size` is width and height in pixels, drawn by the seed if None.

    The same seed, kind and size give the same pixels on every machine with the same versions of numpy, OpenCV and
    Pillow. At most 10 layers: a background, at most one panel, six or seven objects, two or three lines of text.
    """
    rng = np.random.Generator(np.random.PCG64([seed, BACKGROUNDS.index(background)]))
    width, height = size or SIZES[rng.integers(len(SIZES))]
    for _ in range(_LAYOUTS):
        try:
            return Poster(seed, background, _laid_out(rng, background, width, height))
        except NoRoomError:
            continue
    raise AssertionError(f"poster {seed} on {background} at {width} x {height} has no layout")


def _laid_out(rng: np.random.Generator, kind: Background, width: int, height: int) -> LayerStack:
    colours = palette(rng)
    board = Board(Layer("Background", LayerKind.BACKGROUND, ground(rng, kind, width, height, colours)))
    if rng.uniform() < 0.5:
        board.add_panel(panel(rng, board, colours))
    text_count = 2 if board.panel is not None or rng.uniform() < 0.45 else 3
    object_count = 6 if board.panel is not None or text_count == 3 else int(rng.integers(6, 8))
    texts = place_texts(rng, board, wordings(rng, text_count), colours)
    is_panel_bare = board.panel is not None and not any(board.share_on(text, board.panel) for text in texts)
    things = cast(rng, object_count, colours, board.short_px)
    place_objects(rng, board, things, int(rng.integers(1, 3)), is_panel_bare)
    for text in texts:
        board.add(text)
    return board.stack()
