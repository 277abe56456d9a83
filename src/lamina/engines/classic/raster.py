"""Wraps OpenCV operations on masks and label maps with boolean masks and exact types."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.colours import lab as lab

Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]
Values = NDArray[np.floating[Any]]

_LARGE_DISC_PX = 8
_FEW_LABELS = 4  # up to this number, comparisons are faster than a table


@dataclass(frozen=True, eq=False)
class Components:
    """Connected components of a mask: `labels` (h, w), 0 outside; index 0 of `areas` and `boxes` is the outside."""

    labels: Labels
    areas: NDArray[np.int64]
    boxes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.areas)

    def window(self, label: int) -> tuple[slice, slice]:
        """Rows and columns of the bounding box of one component."""
        x, y, width, height = (int(value) for value in self.boxes[label])
        return slice(y, y + height), slice(x, x + width)


def components(mask: Mask, connectivity: int = 8) -> Components:
    """The connected components of a mask."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(as_bytes(mask), connectivity=connectivity)
    stats = np.asarray(stats, np.int64)
    return Components(np.asarray(labels, np.int32), stats[:, cv2.CC_STAT_AREA], stats[:, :4])


def grow(mask: Mask, px: int) -> Mask:
    """The mask dilated by a disc of `px` pixels."""
    if px >= _LARGE_DISC_PX:
        return _grow_far(mask, px)
    return np.asarray(cv2.dilate(as_bytes(mask), _disc(px))).view(np.bool_) if px > 0 else mask


def _grow_far(mask: Mask, px: int) -> Mask:
    """The same row by row of the disc, in time linear in `px`; OpenCV takes quadratic time."""
    disc, height = _disc(px), len(mask)
    grown, wide, reached = np.zeros(mask.shape, np.uint8), as_bytes(mask), 0
    for down in range(min(px, height - 1), -1, -1):
        reach = int(disc[px - down].sum()) // 2
        if reach > reached:
            wide = np.asarray(cv2.dilate(wide, np.ones((1, 2 * (reach - reached) + 1), np.uint8)), np.uint8)
            reached = reach
        grown[down:] |= wide[: height - down]
        grown[: height - down] |= wide[down:]
    return grown.view(np.bool_)


def shrink(mask: Mask, px: int) -> Mask:
    """The mask eroded by a disc of `px` pixels; the image border does not count as an edge."""
    return np.asarray(cv2.erode(as_bytes(mask), _disc(px), borderValue=1)).view(np.bool_) if px > 0 else mask


def close_mask(mask: Mask, px: int) -> Mask:
    """Morphological closing: gaps narrower than `2 px` are filled."""
    return np.asarray(cv2.morphologyEx(as_bytes(mask), cv2.MORPH_CLOSE, _disc(px))).view(np.bool_)


def open_mask(mask: Mask, px: int) -> Mask:
    """Morphological opening: parts thinner than `2 px` are removed."""
    return np.asarray(cv2.morphologyEx(as_bytes(mask), cv2.MORPH_OPEN, _disc(px))).view(np.bool_)


def fill_holes(mask: Mask) -> Mask:
    """The mask with its holes filled."""
    outside = components(np.pad(~mask, 1, constant_values=True), connectivity=4)
    return (outside.labels != outside.labels[0, 0])[1:-1, 1:-1]


def bounding_box(mask: Mask) -> tuple[int, int, int, int]:
    """x, y, width, height of the bounding box of the mask."""
    x, y, width, height = cv2.boundingRect(as_bytes(mask))
    return x, y, width, height


def window_of(box: tuple[int, int, int, int], margin: int = 0) -> tuple[slice, slice]:
    """Rows and columns of a bounding box (x, y, width, height) with a margin, from the image border on."""
    x, y, width, height = box
    return slice(max(0, y - margin), y + height + margin), slice(max(0, x - margin), x + width + margin)


def depth(mask: Mask) -> Values:
    """(h, w): distance transform: distance in pixels to the nearest pixel outside the mask, 0 outside.

    The larger side everywhere if nothing is outside, where OpenCV returns values too large to add.
    """
    if mask.all():
        return np.full(mask.shape, max(mask.shape), np.float32)
    return np.asarray(cv2.distanceTransform(as_bytes(mask), cv2.DIST_L2, 5), np.float32)


def nearest_values(values: NDArray[Any], mask: Mask) -> NDArray[Any]:
    """`values` (h, w) or (h, w, c) with each pixel replaced by the nearest one of the mask; 0 if it is empty."""
    if not mask.any():
        return np.zeros_like(values)
    known = values.reshape(mask.size, *values.shape[2:]).take(np.flatnonzero(mask), axis=0)
    return take_by_label(known, nearest_numbers(mask))


def nearest_numbers(mask: Mask, kernel: int = 5) -> Labels:
    """(h, w): the number, from 0 row by row, of the nearest pixel of the (non-empty) mask.

    `kernel`: 3 or 5, for how exact distances are.
    """
    _, labels = cv2.distanceTransformWithLabels(as_bytes(~mask), cv2.DIST_L2, kernel, labelType=cv2.DIST_LABEL_PIXEL)
    numbers = np.asarray(labels, np.int32)
    numbers -= 1
    return numbers


def labels_mask(labels: Labels, chosen: Sequence[int]) -> Mask:
    """(h, w): mask of the pixels with one of the chosen labels."""
    if len(chosen) <= _FEW_LABELS:
        return np.logical_or.reduce([labels == label for label in chosen] or [np.zeros(labels.shape, bool)])
    is_chosen = np.zeros(int(labels.max()) + 1, bool)
    is_chosen[list(chosen)] = True
    return take_by_label(is_chosen, labels)


def take_by_label(values: NDArray[Any], labels: Labels) -> NDArray[Any]:
    """`values[labels]`, twice as fast; labels must be within range."""
    return values.take(labels, axis=0, mode="clip")


def sums_by_label(labels: NDArray[np.integer[Any]], values: NDArray[Any], count: int) -> NDArray[np.float64]:
    """(count, c): sums of `values` (..., c) per label 0..count - 1; 0 for labels that do not occur."""
    where = labels.ravel()
    planes = values.reshape(where.size, values.shape[-1])
    # For empty input, np.bincount returns integers.
    return np.stack([np.bincount(where, planes[:, c], count).astype(np.float64) for c in range(planes.shape[1])], -1)


def means_by_label(labels: NDArray[np.integer[Any]], values: NDArray[Any], count: int) -> NDArray[np.float64]:
    """(count, c): means of `values` (..., c) per label; 0 for labels that do not occur."""
    counts = np.bincount(labels.ravel(), minlength=count)
    return sums_by_label(labels, values, count) / np.maximum(counts, 1)[:, None]


def bounds_by_label(labels: Labels, count: int) -> NDArray[np.int64]:
    """(count, 4): first row, first column, and the row and column after the last of each label; all must occur."""
    bounds = np.zeros((count, 4), np.int64)
    for axis, lines in enumerate((labels, np.ascontiguousarray(labels.T))):
        starts = np.ones(lines.shape, bool)  # of runs of one label
        starts[:, 1:] = lines[:, 1:] != lines[:, :-1]
        occurs = np.zeros((len(lines), count), bool)
        occurs[np.nonzero(starts)[0], lines[starts]] = True
        bounds[:, axis], bounds[:, axis + 2] = occurs.argmax(0), len(lines) - occurs[::-1].argmax(0)
    return bounds


def share_by_label(labels: NDArray[np.integer[Any]], count: int) -> NDArray[np.float64]:
    """(count,): share 0..1 of each label; 0 everywhere if `labels` is empty."""
    return np.bincount(labels.ravel(), minlength=count) / max(1, labels.size)


def share_within(among: Mask, mask: Mask) -> float:
    """The share 0..1 of `among` that the mask covers; 0 if `among` is empty."""
    return np.count_nonzero(mask & among) / max(1, np.count_nonzero(among))


def steps(values: NDArray[Any], axis: int) -> NDArray[Any]:
    """(h - 1, w) or (h, w - 1): maximum channel difference of neighbours in (h, w, 3) along the axis."""
    current, following = (values[:-1], values[1:]) if axis == 0 else (values[:, :-1], values[:, 1:])
    if not current.size:
        return np.zeros(current.shape[:2], values.dtype)
    return channel_max(np.asarray(cv2.absdiff(current, following)))


def zero_outside(mask: Mask, values: NDArray[Any]) -> NDArray[Any]:
    """`values` (h, w, c), and 0 outside the mask; many times faster than a multiplication."""
    return np.asarray(cv2.copyTo(values, as_bytes(mask)))


def levels(values: Values) -> NDArray[np.uint8]:
    """Values of any shape rounded to 8 bits, half to even, as in `np.rint`."""
    return np.asarray(cv2.add(values, np.zeros(4), dtype=cv2.CV_8U), np.uint8)


def channel_max(planes: NDArray[Any]) -> NDArray[Any]:
    """(h, w): maximum of the three channels (h, w, 3); several times faster than `max(-1)`."""
    return np.maximum(np.maximum(planes[..., 0], planes[..., 1]), planes[..., 2])


def channel_min(planes: NDArray[Any]) -> NDArray[Any]:
    """(h, w): minimum of the three channels."""
    return np.minimum(np.minimum(planes[..., 0], planes[..., 1]), planes[..., 2])


def as_bytes(mask: Mask) -> NDArray[np.uint8]:
    """The mask as 0 and 1 in the same memory."""
    return np.ascontiguousarray(mask).view(np.uint8)


def _disc(px: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * px + 1, 2 * px + 1)), np.uint8)
