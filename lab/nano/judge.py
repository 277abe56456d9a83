"""Recognizes the shapes and letters in a small picture by their colour, to score nano.

Templates of every kind and size are matched with the pixels of a colour at every position; the best overlap decides.
The judge shares only the outlines with nano's training pictures.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lab.nano.drawing import COLOURS, LETTERS, SHAPES, Composition, Ground, Thing, drawn, flattened
from lab.nano.edits import Edit

LEAST_FIT = 0.7  # the least IoU of a thing with its template
_OFF_CHANGED, _OFF_REST = 0.08, 0.05  # mean difference in 0..1 in the changed area, and elsewhere
_EDGE = 0.05  # alpha below which a pixel counts as ground
_LEAST_VISIBLE = 0.6  # share of a thing's pixels that other things must not hide
_GROUND = "ground"
# For a shorter side of 64 px; all three are scaled with it.
_LEAST_PX = 60  # of a colour: half of the thinnest letter in its smallest size
_END_PX = 6  # of a ground, at both ends
_SIZES_PX = tuple(range(20, 48, 2))
_KINDS = (*SHAPES, *LETTERS)

Picture = NDArray[np.float32]
"""(3, height, width), 0..1."""
Mask = NDArray[np.bool_]
Masks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Match:
    """The kind that fits best, its IoU, and the pixels that it covers."""

    kind: str
    fit: float
    covered: Mask


def shows_caption(picture: Picture, composition: Composition) -> bool:
    """True if the picture shows each thing of the caption in its shape and colour, anywhere, on the right ground."""
    are_things = all(_is_thing(picture, thing, composition) for thing in composition.things)
    return are_things and _is_ground(picture, composition)


def shows_colours(picture: Picture, composition: Composition) -> bool:
    """True if the picture shows enough of each thing's colour, in any shape, on the right ground."""
    nearest, names = _nearest(picture, composition)
    least = _LEAST_PX * _scale(*_size(picture)) ** 2
    are_there = all((nearest == names.index(thing.colour)).sum() >= least for thing in composition.things)
    return are_there and _is_ground(picture, composition)


def follows_edit(picture: Picture, edit: Edit) -> bool:
    """True if the picture shows the requested change and is otherwise unchanged."""
    expected = flattened(edit.result.layers())[:3]
    if edit.changed is None:
        changed = _things(edit.result) < _EDGE
        return _is_near(picture, expected, changed)
    before, size = edit.references[0], _size(picture)
    thing = (before if edit.kind == "remove" else edit.result).things[edit.changed]
    changed = _grown(drawn(thing, *size) > 0)
    if edit.kind == "add":  # at any position
        changed = _grown(best_match(picture, thing.colour, edit.result).covered)
        rest_off = np.abs(picture - flattened(before.layers())[:3]).mean(0)[~changed].mean()
        return _is_thing(picture, thing, edit.result) and bool(rest_off < _OFF_REST)
    if edit.kind == "replace":
        changed |= _grown(drawn(before.things[edit.changed], *size) > 0)
    is_there = edit.kind == "remove" or _is_thing(picture, thing, edit.result)
    return is_there and _is_near(picture, expected, changed)


def best_match(picture: Picture, colour: str, composition: Composition) -> Match:
    """The best match for a colour in a picture of `composition`, whose other things may hide a part of it."""
    nearest, names = _nearest(picture, composition)
    mine = nearest == names.index(colour)
    visible = mine | (nearest == names.index(_GROUND))
    kinds, shapes, spectra, areas = _templates(*_size(picture))
    both = _everywhere(mine, spectra)
    of_template = _everywhere(visible, spectra)
    overlap = both / np.maximum(of_template + mine.sum() - both, 1)
    overlap[of_template < _LEAST_VISIBLE * areas[:, None, None]] = 0
    best, row, column = np.unravel_index(int(overlap.argmax()), overlap.shape)
    covered = np.roll(shapes[best], (row, column), (0, 1))
    return Match(kinds[best], float(overlap[best, row, column]), covered)


def _is_thing(picture: Picture, thing: Thing, composition: Composition) -> bool:
    match = best_match(picture, thing.colour, composition)
    return match.kind == thing.kind and match.fit >= LEAST_FIT


def _is_near(picture: Picture, expected: Picture, changed: Mask) -> bool:
    off = np.abs(picture - expected).mean(0)
    return bool(off[changed].mean() < _OFF_CHANGED and off[~changed].mean() < _OFF_REST)


def _is_ground(picture: Picture, composition: Composition) -> bool:
    """True if the ground has the right colours at both ends."""
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
    """(height, width): index of the nearest colour of the composition for each pixel, including its ground; and the
    names.

    A gradient passes through other colours, so the ground is compared pixel by pixel.
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
    """The kinds, the masks of every kind and size around (0, 0), wrapped, their conjugate spectra, and their areas."""
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
    """(S, height, width): the number of pixels of the mask that each template covers at each position."""
    spectrum_HW = np.fft.rfft2(mask.astype(np.float32))
    return np.rint(np.fft.irfft2(spectrum_HW * spectra_SHW, mask.shape))


def _things(composition: Composition) -> NDArray[np.float32]:
    """(height, width): alpha of all things together."""
    alphas = [drawn(thing, composition.width, composition.height) for thing in composition.things]
    return np.max([np.zeros((composition.height, composition.width), np.float32), *alphas], axis=0)


def _grown(mask: Mask) -> Mask:
    """The mask dilated by one pixel, scaled with the size of the picture."""
    grown = mask.copy()
    for axis in (0, 1) * round(_scale(*mask.shape)):
        grown = grown | np.roll(grown, 1, axis) | np.roll(grown, -1, axis)
    return grown


def _scale(width: int, height: int) -> float:
    return max(1.0, min(width, height) / 64)


def _size(picture: Picture) -> tuple[int, int]:
    return picture.shape[2], picture.shape[1]
