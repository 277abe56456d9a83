"""Masks and label maps: OpenCV's operations on them, with boolean masks and exact types."""

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

_FEW_LABELS = 4  # comparing with each is quicker than a table


@dataclass(frozen=True, eq=False)
class Components:
    """Connected parts of a mask: `labels` (h, w), 0 outside; index 0 of `areas` and `boxes` is the outside."""

    labels: Labels
    areas: NDArray[np.int64]
    boxes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.areas)

    def window(self, label: int) -> tuple[slice, slice]:
        """Rows and columns of one part's bounding box."""
        x, y, width, height = (int(value) for value in self.boxes[label])
        return slice(y, y + height), slice(x, x + width)


def components(mask: Mask, connectivity: int = 8) -> Components:
    """The connected parts of a mask."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(as_bytes(mask), connectivity=connectivity)
    stats = np.asarray(stats, np.int64)
    return Components(np.asarray(labels, np.int32), stats[:, cv2.CC_STAT_AREA], stats[:, :4])


def grow(mask: Mask, px: int) -> Mask:
    """The mask and everything within `px` of it (a disc)."""
    return np.asarray(cv2.dilate(as_bytes(mask), _disc(px))).view(np.bool_) if px > 0 else mask


def shrink(mask: Mask, px: int) -> Mask:
    """What lies deeper than `px` inside the mask; the picture's border does not count as an edge."""
    return np.asarray(cv2.erode(as_bytes(mask), _disc(px), borderValue=1)).view(np.bool_) if px > 0 else mask


def closed(mask: Mask, px: int) -> Mask:
    """The mask with gaps narrower than `2 px` bridged."""
    return np.asarray(cv2.morphologyEx(as_bytes(mask), cv2.MORPH_CLOSE, _disc(px))).view(np.bool_)


def opened(mask: Mask, px: int) -> Mask:
    """The mask without parts thinner than `2 px`."""
    return np.asarray(cv2.morphologyEx(as_bytes(mask), cv2.MORPH_OPEN, _disc(px))).view(np.bool_)


def without_holes(mask: Mask) -> Mask:
    """The mask and everything that it encloses."""
    outside = components(np.pad(~mask, 1, constant_values=True), connectivity=4)
    return (outside.labels != outside.labels[0, 0])[1:-1, 1:-1]


def bounds(mask: Mask) -> tuple[int, int, int, int]:
    """x, y, width, height of the smallest rectangle that holds the mask."""
    x, y, width, height = cv2.boundingRect(as_bytes(mask))
    return x, y, width, height


def depth(mask: Mask) -> Values:
    """(h, w): distance in pixels to the nearest pixel outside the mask, 0 outside.

    The larger side throughout where nothing lies outside: OpenCV then gives numbers too large to add up.
    """
    if mask.all():
        return np.full(mask.shape, max(mask.shape), np.float32)
    return np.asarray(cv2.distanceTransform(as_bytes(mask), cv2.DIST_L2, 5), np.float32)


def spread_from(values: NDArray[Any], mask: Mask) -> NDArray[Any]:
    """`values` (h, w) or (h, w, c), each pixel taking that of the nearest one of the mask (which must hold any)."""
    _, labels = cv2.distanceTransformWithLabels(as_bytes(~mask), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    labels = np.asarray(labels, np.int32)
    of_label = np.zeros((int(labels.max()) + 1, *values.shape[2:]), values.dtype)
    of_label[labels[mask]] = values[mask]
    return looked_up(of_label, labels)


def of_labels(labels: Labels, chosen: Sequence[int]) -> Mask:
    """(h, w): the pixels that bear one of the chosen labels."""
    if len(chosen) <= _FEW_LABELS:
        return np.logical_or.reduce([labels == label for label in chosen] or [np.zeros(labels.shape, bool)])
    is_chosen = np.zeros(int(labels.max()) + 1, bool)
    is_chosen[list(chosen)] = True
    return looked_up(is_chosen, labels)


def looked_up(values: NDArray[Any], labels: Labels) -> NDArray[Any]:
    """`values[labels]` in half the time: labels are all within range."""
    return values.take(labels, axis=0, mode="clip")


def sums_by_label(labels: NDArray[np.integer[Any]], values: NDArray[Any], count: int) -> NDArray[np.float64]:
    """(count, c): the sums of `values` (..., c) over the places that bear each label 0..count - 1.

    0 for a label that no place bears, and 0 throughout if there is no place at all.
    """
    where = labels.ravel()
    planes = values.reshape(where.size, values.shape[-1])
    # Without a single value to weigh, numpy counts in integers, which nothing can be divided into.
    return np.stack([np.bincount(where, planes[:, c], count).astype(np.float64) for c in range(planes.shape[1])], -1)


def means_by_label(labels: NDArray[np.integer[Any]], values: NDArray[Any], count: int) -> NDArray[np.float64]:
    """(count, c): the means of `values` (..., c) over the places that bear each label; 0 where none does."""
    borne = np.bincount(labels.ravel(), minlength=count)
    return sums_by_label(labels, values, count) / np.maximum(borne, 1)[:, None]


def share_by_label(labels: NDArray[np.integer[Any]], count: int) -> NDArray[np.float64]:
    """(count,): the share 0..1 of the places that bears each label; 0 throughout if there is no place."""
    return np.bincount(labels.ravel(), minlength=count) / max(1, labels.size)


def steps(values: NDArray[Any], axis: int) -> NDArray[Any]:
    """(h - 1, w) or (h, w - 1): by how much each pixel of (h, w, 3) and the next along the axis differ at most."""
    one, next_one = (values[:-1], values[1:]) if axis == 0 else (values[:, :-1], values[:, 1:])
    if not one.size:
        return np.zeros(one.shape[:2], values.dtype)
    return largest(np.asarray(cv2.absdiff(one, next_one)))


def only_where(mask: Mask, values: NDArray[Any]) -> NDArray[Any]:
    """`values` (h, w, c), and 0 outside the mask; many times faster than multiplying the two."""
    return np.asarray(cv2.copyTo(values, as_bytes(mask)))


def levels(values: Values) -> NDArray[np.uint8]:
    """Values of any shape rounded to 8 bits, halves to the even number, as `np.rint` does."""
    return np.asarray(cv2.add(values, np.zeros(4), dtype=cv2.CV_8U), np.uint8)


def largest(planes: NDArray[Any]) -> NDArray[Any]:
    """(h, w): the largest of the three values of each pixel (h, w, 3); several times faster than `max(-1)`."""
    return np.maximum(np.maximum(planes[..., 0], planes[..., 1]), planes[..., 2])


def smallest(planes: NDArray[Any]) -> NDArray[Any]:
    """(h, w): the smallest of the three values of each pixel."""
    return np.minimum(np.minimum(planes[..., 0], planes[..., 1]), planes[..., 2])


def as_bytes(mask: Mask) -> NDArray[np.uint8]:
    """The same memory as 0 and 1."""
    return np.ascontiguousarray(mask).view(np.uint8)


def _disc(px: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * px + 1, 2 * px + 1)), np.uint8)
