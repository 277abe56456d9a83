"""Tells what a small picture shows, to score nano: which shape or letter there is of a colour, how well, and where.

Every kind is drawn in every size and laid over the pixels of the colour at every place; the best overlap tells. It
shares the outlines with what nano was taught on, and nothing else.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lab.nano.drawing import COLOURS, LETTERS, SHAPES, Composition, Ground, Thing, drawn, flattened
from lab.nano.edits import Edit

LEAST_FIT = 0.7  # of the overlap of a thing with what it should be (intersection over union)
_OFF_CHANGED, _OFF_REST = 0.08, 0.05  # mean difference in 0..1 where a change was asked for, and elsewhere
_EDGE = 0.05  # of alpha, below which a pixel shows the ground alone
_LEAST_KNOWN = 0.6  # of a thing's pixels must not be hidden by another
_GROUND = "ground"
# On a picture whose shorter side is 64 px; all three grow with it.
_LEAST_PX = 60  # of a colour: half of the thinnest letter in its smallest size
_END_PX = 6  # of a ground, at both ends
_SIZES_PX = tuple(range(20, 48, 2))
_KINDS = (*SHAPES, *LETTERS)

Picture = NDArray[np.float32]
"""(3, height, width), 0..1."""
Mask = NDArray[np.bool_]
Masks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Sight:
    """The kind that fits best, how well (IoU), and the pixels that it covers."""

    kind: str
    fit: float
    covered: Mask


def shows_caption(picture: Picture, composition: Composition) -> bool:
    """Each thing of the caption is there in its shape and colour, wherever, on the ground of the caption."""
    are_things = all(_is_thing(picture, thing, composition) for thing in composition.things)
    return are_things and _is_ground(picture, composition)


def shows_colours(picture: Picture, composition: Composition) -> bool:
    """There is enough of each thing's colour, in whatever shape, on the ground of the caption."""
    nearest, names = _nearest(picture, composition)
    least = _LEAST_PX * _scale(*_size(picture)) ** 2
    are_there = all((nearest == names.index(thing.colour)).sum() >= least for thing in composition.things)
    return are_there and _is_ground(picture, composition)


def follows_edit(picture: Picture, edit: Edit) -> bool:
    """What was asked for is there, and the rest is as it was."""
    asked = flattened(edit.result.layers())[:3]
    if edit.changed is None:
        changed = _things(edit.result) < _EDGE
        return _is_near(picture, asked, changed)
    before, size = edit.references[0], _size(picture)
    thing = (before if edit.kind == "remove" else edit.result).things[edit.changed]
    changed = _grown(drawn(thing, *size) > 0)
    if edit.kind == "add":  # wherever it was put
        changed = _grown(sighted(picture, thing.colour, edit.result).covered)
        rest_off = np.abs(picture - flattened(before.layers())[:3]).mean(0)[~changed].mean()
        return _is_thing(picture, thing, edit.result) and bool(rest_off < _OFF_REST)
    if edit.kind == "replace":
        changed |= _grown(drawn(before.things[edit.changed], *size) > 0)
    is_there = edit.kind == "remove" or _is_thing(picture, thing, edit.result)
    return is_there and _is_near(picture, asked, changed)


def sighted(picture: Picture, colour: str, composition: Composition) -> Sight:
    """What there is of a colour in what may be a picture of `composition`; its other things may hide some of it."""
    nearest, names = _nearest(picture, composition)
    mine = nearest == names.index(colour)
    known = mine | (nearest == names.index(_GROUND))
    kinds, shapes, spectra, areas = _templates(*_size(picture))
    both = _everywhere(mine, spectra)
    of_template = _everywhere(known, spectra)
    overlap = both / np.maximum(of_template + mine.sum() - both, 1)
    overlap[of_template < _LEAST_KNOWN * areas[:, None, None]] = 0
    best, row, column = np.unravel_index(int(overlap.argmax()), overlap.shape)
    covered = np.roll(shapes[best], (row, column), (0, 1))
    return Sight(kinds[best], float(overlap[best, row, column]), covered)


def _is_thing(picture: Picture, thing: Thing, composition: Composition) -> bool:
    sight = sighted(picture, thing.colour, composition)
    return sight.kind == thing.kind and sight.fit >= LEAST_FIT


def _is_near(picture: Picture, asked: Picture, changed: Mask) -> bool:
    off = np.abs(picture - asked).mean(0)
    return bool(off[changed].mean() < _OFF_CHANGED and off[~changed].mean() < _OFF_REST)


def _is_ground(picture: Picture, composition: Composition) -> bool:
    """By its colours at both ends."""
    palette = np.array(list(COLOURS.values()), np.float32) / 255
    nearest, names = _nearest(picture, composition)
    by_colour = np.square(picture[:, :, :, None] - palette.T[:, None, None]).sum(0).argmin(-1)
    is_ground = nearest == names.index(_GROUND)
    if composition.ground.direction == "vertical":
        by_colour, is_ground = by_colour.T, is_ground.T
    end = round(_END_PX * _scale(*_size(picture)))
    for part, colour in (
        (slice(0, end), composition.ground.colours[0]),
        (slice(-end, None), composition.ground.colours[-1]),
    ):
        seen = by_colour[:, part][is_ground[:, part]]
        if len(seen) and np.bincount(seen).argmax() != list(COLOURS).index(colour):
            return False
    return True


def _nearest(picture: Picture, composition: Composition) -> tuple[NDArray[np.int64], list[str]]:
    """(height, width): which of the composition's colours each pixel is nearest to, its ground being one of them.

    A ground of two colours passes through others in between, so it is no colour of the list but its own gradient.
    """
    plain = Ground(
        composition.ground.colours, tuple(COLOURS[c] for c in composition.ground.colours), composition.ground.direction
    )
    ground = Composition(*_size(picture), plain, ()).layers()[0, :3]
    names = [thing.colour for thing in composition.things]
    planes = [np.broadcast_to(np.array(COLOURS[c], np.float32)[:, None, None] / 255, ground.shape) for c in names]
    off = np.square(picture[None] - np.stack([*planes, ground])).sum(1)
    return off.argmin(0), [*names, _GROUND]


@cache
def _templates(width: int, height: int) -> tuple[list[str], Masks, NDArray[np.complex64], NDArray[np.int64]]:
    """Every kind in every size around (0, 0), wrapped; the masks' conjugate spectra; their pixels."""
    kinds: list[str] = []
    masks: list[Mask] = []
    for kind in _KINDS:
        for size in (size * _scale(width, height) for size in _SIZES_PX):
            if size <= 0.8 * min(width, height):
                mask = drawn(Thing(kind, "", (0, 0, 0), (width / 2, height / 2), size), width, height) >= 0.5
                kinds.append(kind)
                masks.append(np.roll(mask, (-(height // 2), -(width // 2)), (0, 1)))
    shapes = np.array(masks)
    return kinds, shapes, np.conj(np.fft.rfft2(shapes.astype(np.float32))), shapes.sum((1, 2))


def _everywhere(mask: Mask, spectra_SHW: NDArray[np.complex64]) -> NDArray[np.float32]:
    """(S, height, width): how many pixels of the mask each template covers at each place."""
    spectrum_HW = np.fft.rfft2(mask.astype(np.float32))
    return np.rint(np.fft.irfft2(spectrum_HW * spectra_SHW, mask.shape))


def _things(composition: Composition) -> NDArray[np.float32]:
    """(height, width): alpha of all things together."""
    alphas = [drawn(thing, composition.width, composition.height) for thing in composition.things]
    return np.max([np.zeros((composition.height, composition.width), np.float32), *alphas], axis=0)


def _grown(mask: Mask) -> Mask:
    """By a pixel to every side, or as much as that is in a larger picture."""
    grown = mask.copy()
    for axis in (0, 1) * round(_scale(*mask.shape)):
        grown = grown | np.roll(grown, 1, axis) | np.roll(grown, -1, axis)
    return grown


def _scale(width: int, height: int) -> float:
    return max(1.0, min(width, height) / 64)


def _size(picture: Picture) -> tuple[int, int]:
    return picture.shape[2], picture.shape[1]
