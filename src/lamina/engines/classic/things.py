"""Things of an image that become layers: what each one covers, and which foreground belongs to none of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from lamina.core.layers import LayerKind
from lamina.engines.classic.candidates import Whole
from lamina.engines.classic.observation import Observation
from lamina.engines.classic.raster import (
    Labels,
    Mask,
    bounding_box,
    components,
    depth,
    grow,
    nearest_values,
    open_mask,
    window_of,
)

_HULL_WEIGHT = 1.5  # a panel lies behind an object of the same area
_MIN_LOOSE_PX = 12
_ATTACHED_SHARE = 0.25  # of the thing that a loose part touches: larger ones are things of their own
_THIN_PX = 1.5
_MIN_SMALL_SHARE = 0.0004  # of the image
_MIN_PIECE_SHARE = 0.0002  # of the image: smaller pieces are no things of their own
_TEXT_EDGE_PX = 3  # around letters, what is left of them
_RIM_PX = 2  # thinner remainders of a thing are the soft edges of its parts
_MIN_BODY_SHARE = 0.08  # of a thing that its parts leave: less is no layer


@dataclass(frozen=True, eq=False)
class Thing:
    """A layer that shows no text. `mask`: (h, w), its visible part, and what lies on it if it `is_hull`.

    `name`: of the layer; empty if it is named by its looks. `is_selected`: the user selected it, as it is. `within`:
    see `Candidate`.
    """

    mask: Mask
    kind: LayerKind
    is_hull: bool = False
    name: str = ""
    is_selected: bool = False
    within: tuple[Whole, ...] = ()

    @property
    def depth(self) -> tuple[tuple[float, int], ...]:
        """Things of lower depth lie in front: those of lower rank, and the parts of a thing before the rest of it."""
        if not self.within:
            return ((rank(int(np.count_nonzero(self.mask)), self.is_hull), -1),)
        return (*((whole.rank, whole.number) for whole in self.within), (inf, 0))


def rank(area: int, is_hull: bool) -> float:
    """Things of lower rank lie in front: the smaller ones, and objects before panels."""
    return area * (_HULL_WEIGHT if is_hull else 1)


def owner_of(masks: Sequence[Mask], shape: tuple[int, ...]) -> Labels:
    """(h, w): the index of the first mask that covers a pixel, or -1."""
    owner = np.full(shape, -1, np.int32)
    for index in range(len(masks) - 1, -1, -1):
        owner[masks[index]] = index
    return owner


def with_loose_parts(seen: Observation, things: list[Thing], limit: int, *, is_flat: bool) -> list[Thing]:
    """Foreground that belongs to no thing is added to the thing that it touches, or becomes the small elements.

    If there is no layer left for small elements, they join the smallest thing. Unless `is_flat`, the larger pieces are
    things of their own, and only the others are small elements.
    """
    things, rest = _attached(seen, things)
    if not is_flat:
        pieces = _pieces(rest & ~grow(seen.text, _TEXT_EDGE_PX), limit - len(things) - 1)
        things = [*things, *pieces]
        for piece in pieces:
            rest &= ~piece.mask
        rest &= ~grow(seen.text, _TEXT_EDGE_PX)
    if np.count_nonzero(rest) / rest.size <= _MIN_SMALL_SHARE:
        return things
    if len(things) < limit:
        return [*things, Thing(rest, LayerKind.SMALL)]
    others = [thing for thing in things if not thing.is_selected]
    if not others:
        return things
    smallest = min(others, key=lambda thing: np.count_nonzero(thing.mask))
    if np.count_nonzero(rest) < np.count_nonzero(smallest.mask):
        return things
    merged = Thing(smallest.mask | rest, LayerKind.SMALL)
    return [merged if thing is smallest else thing for thing in things]


def _attached(seen: Observation, things: list[Thing]) -> tuple[list[Thing], Mask]:
    """The things with the small parts that touch them, and the foreground that still belongs to none."""
    masks = [thing.mask.copy() for thing in things]
    owner = owner_of([thing.mask for thing in things], seen.smooth.shape)
    loose = components((seen.cutouts.labels > 0) & (owner < 0))
    rest = np.zeros(owner.shape, bool)
    for label in range(1, len(loose)):
        if loose.areas[label] < _MIN_LOOSE_PX:
            continue
        rows, columns = loose.window(label)
        window = slice(max(0, rows.start - 3), rows.stop + 3), slice(max(0, columns.start - 3), columns.stop + 3)
        part = loose.labels[window] == label
        near = grow(part, 3) & (owner[window] >= 0)
        is_thin = depth(part).max() <= _THIN_PX
        if near.any():
            toucher = int(np.bincount(owner[window][near]).argmax())
            is_small = loose.areas[label] < _ATTACHED_SHARE * np.count_nonzero(things[toucher].mask)
            if is_thin or (is_small and not things[toucher].is_selected):
                masks[toucher][window] |= part
                continue
        if not is_thin:
            rest[window] |= part
    return [replace(thing, mask=mask) for thing, mask in zip(things, masks, strict=True)], rest


def _pieces(rest: Mask, limit: int) -> list[Thing]:
    """The largest connected pieces as things."""
    found = components(rest)
    order = sorted(range(1, len(found)), key=lambda label: -int(found.areas[label]))
    large = [label for label in order if found.areas[label] >= _MIN_PIECE_SHARE * rest.size]
    return [Thing(found.labels == label, LayerKind.OBJECT) for label in large[: max(0, limit)]]


def _is_part(thing: Thing, number: int) -> bool:
    """Whether it refines the whole with that number, and is no chosen thing that lies on it."""
    numbers = [whole.number for whole in thing.within]
    return number in numbers and not any(whole.is_chosen for whole in thing.within[numbers.index(number) + 1 :])


def without_rims(things: list[Thing]) -> list[Thing]:
    """Where the parts of a thing leave hardly anything of it, that is added to the nearest part.

    `things`: front first, also the result.
    """
    masks = [thing.mask.copy() for thing in things]
    owner = owner_of(masks, things[0].mask.shape) if things else np.zeros((0, 0), np.int32)
    dropped: set[int] = set()
    for index, thing in enumerate(things):
        if not thing.within:
            continue
        number = thing.within[-1].number
        parts = [other for other, part in enumerate(things) if other != index and _is_part(part, number)]
        if not parts:
            continue
        window = window_of(bounding_box(thing.mask))
        owners = owner[window]
        rest = owners == index
        if np.count_nonzero(open_mask(rest, _RIM_PX)) >= _MIN_BODY_SHARE * np.count_nonzero(thing.mask[window]):
            continue
        dropped.add(index)
        is_part = np.isin(owners, parts)
        if rest.any() and is_part.any():
            nearest = nearest_values(owners, is_part)
            for part in parts:
                masks[part][window] |= rest & (nearest == part)
    return [replace(thing, mask=masks[index]) for index, thing in enumerate(things) if index not in dropped]
