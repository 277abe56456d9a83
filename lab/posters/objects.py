"""Places things on a poster: some alone, some partly behind another, some cut off by the edge."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from lab.posters.board import Board, NoRoomError
from lab.posters.colours import Palette, darker
from lab.posters.motifs import MOTIFS, paint
from lab.posters.sketch import Sketch, Style
from lamina.core.layers import Layer, LayerKind

_DRAWINGS = 24
_RECOLOURINGS = 5
_SPOTS = 20
_CANDIDATES = 4
_SIZES = (0.14, 0.30)  # of the short side
_COVERED = (0.10, 0.30)  # of the rear thing of an overlapping pair
_MOST_HIDDEN_EDGE = 0.08


@dataclass(frozen=True, slots=True)
class Cast:
    """The things of one poster, in the same style, each at most once."""

    motifs: tuple[str, ...]
    spares: tuple[str, ...]
    style: Style
    palette: Palette
    short_px: int

    def drawn(self, rng: np.random.Generator, index: int) -> Iterator[Layer]:
        """Yields one thing in new colours and smaller each time, then another thing."""
        size = rng.uniform(*_SIZES)
        turn = rng.normal(0, 8) if rng.uniform() < 0.8 else rng.uniform(-30, 30)
        is_mirrored = bool(rng.integers(2))
        own_and_spare = (self.motifs[index], *self.spares[index :: len(self.motifs)])
        for attempt in range(_DRAWINGS):
            name = own_and_spare[attempt // _RECOLOURINGS % len(own_and_spare)]
            size_px = max(_SIZES[0], size * (1 - 0.5 * attempt / _DRAWINGS)) * self.short_px
            sketch = Sketch(size_px, self.style, turn, is_mirrored)
            MOTIFS[name](sketch, paint(rng, self.palette))
            yield replace(Layer(name.capitalize(), LayerKind.OBJECT, sketch.pixels()).cropped(), left=0, top=0)


def cast(rng: np.random.Generator, count: int, palette: Palette, short_px: int) -> Cast:
    names = sorted(MOTIFS)
    shuffled = tuple(names[i] for i in rng.permutation(len(names)))
    look = rng.choice(["flat", "outlined", "shaded", "shaded and outlined"], p=[0.3, 0.3, 0.25, 0.15])
    outline = darker(palette.ink, rng.uniform(0, 0.6)) if "outlined" in look else None
    style = Style(outline, rng.uniform(0.035, 0.07), is_shaded="shaded" in look, has_details=rng.uniform() < 0.75)
    return Cast(shuffled[:count], shuffled[count:], style, palette, short_px)


def place_objects(rng: np.random.Generator, board: Board, things: Cast, pairs: int, is_panel_bare: bool) -> None:
    """Lays all things on the board, the first `pairs` pairs overlapping, one on an empty panel. Raises NoRoomError."""
    for i in range(pairs):
        rear = _free_standing(rng, board, things.drawn(rng, 2 * i))
        front = _in_front(rng, board, things.drawn(rng, 2 * i + 1), rear)
        for thing in (rear, front):
            board.add(thing)
            board.reserve(thing)
    for i in range(2 * pairs, len(things.motifs)):
        is_on_panel = is_panel_bare and i == 2 * pairs
        lone = _free_standing(rng, board, things.drawn(rng, i), is_on_panel, rng.uniform() < 0.14)
        board.add(lone)
        board.reserve(lone)


def _free_standing(
    rng: np.random.Generator,
    board: Board,
    drawings: Iterator[Layer],
    is_on_panel: bool = False,
    is_cut: bool = False,
) -> Layer:
    """The thing at the most remote of a few suitable places."""
    for drawn in drawings:
        places: list[Layer] = []
        for _ in range(_SPOTS):
            placed = replace(drawn, **_spot(rng, board, drawn, is_on_panel, is_cut))
            if board.is_free(placed) and _is_fair(board, placed, is_on_panel):
                places.append(placed)
            if len(places) == _CANDIDATES:
                break
        if places:
            return max(places, key=board.remoteness)
    raise NoRoomError


def _spot(rng: np.random.Generator, board: Board, drawn: Layer, is_on_panel: bool, is_cut: bool) -> dict[str, int]:
    x, y = rng.uniform(0.02, 0.98, 2)
    room = board.panel if is_on_panel and board.panel is not None else board.layers[0]
    left, top = round(room.left + x * (room.width - drawn.width)), round(room.top + y * (room.height - drawn.height))
    if is_cut and not is_on_panel:
        out, side = rng.uniform(0.15, 0.35), rng.integers(4)
        if side < 2:
            left = round(-out * drawn.width) if side == 0 else round(board.width - (1 - out) * drawn.width)
        else:
            top = round(-out * drawn.height) if side == 2 else round(board.height - (1 - out) * drawn.height)
    return {"left": left, "top": top}


def _in_front(rng: np.random.Generator, board: Board, drawings: Iterator[Layer], rear: Layer) -> Layer:
    """A thing that covers a part of the rear one, which is not on the board yet."""
    middle = rear.left + rear.width / 2, rear.top + rear.height / 2
    seen = board.with_layer(rear)
    for drawn in drawings:
        for _ in range(_SPOTS):
            angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 0.55)
            left = middle[0] + np.cos(angle) * reach * (rear.width + drawn.width) - drawn.width / 2
            top = middle[1] + np.sin(angle) * reach * (rear.height + drawn.height) - drawn.height / 2
            placed = replace(drawn, left=round(left), top=round(top))
            if board.share_inside(placed) < 1 or not board.is_free(placed):
                continue
            covered = seen.share_on(rear, placed)
            if _COVERED[0] < covered < _COVERED[1] and _is_fair(seen, placed, is_on_panel=False):
                return placed
    raise NoRoomError


def _is_fair(board: Board, placed: Layer, is_on_panel: bool) -> bool:
    """True if the thing is distinct from its ground and not a sliver at the edge of canvas or panel."""
    if board.share_inside(placed) < 0.55:
        return False
    on_panel = 0.0 if board.panel is None else board.share_on(placed, board.panel)
    if is_on_panel and on_panel < 1:
        return False
    if 0 < on_panel < 0.2 or (on_panel == 0 and not board.is_clear_of_panel(placed)):
        return False
    return board.hidden_edge(placed) <= _MOST_HIDDEN_EDGE
