"""Finds where the canvas of a document is on that of an earlier one: a program may have cropped or enlarged it."""

from collections import Counter
from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.stacks.content import Shift
from lamina.stacks.document import Document
from lamina.stacks.pixels import PixelStore
from lamina.stacks.rendering import composite_of

Plane = NDArray[np.uint8]

_GROUND = 128  # the level that is seen through what is transparent
_COARSE_SIDE_PX = 512
_MAX_DIFFERENCE = 12.0  # levels, the root of the mean square, up to which two pictures are taken for the same


def canvas_origin(before: Document, after: Document, shifts: Iterable[Shift], pixels: PixelStore) -> Shift | None:
    """The top left of the canvas of `after`, in pixels of that of `before`; None if nothing tells where it is.

    `shifts`: by how many pixels layers with equal pixels are elsewhere on the canvas of `after`. The shift of most of
    them is that of the canvas; without any, the place where the pictures are equal is looked for.
    """
    if (before.width, before.height) == (after.width, after.height):
        return 0, 0
    counts = Counter(shifts)
    if counts:
        right, down = max(counts, key=lambda shift: (counts[shift], -abs(shift[0]) - abs(shift[1])))
        return -right, -down
    return _registered(_plane(before, pixels), _plane(after, pixels))


def _plane(document: Document, pixels: PixelStore) -> Plane:
    canvas = np.zeros((document.height, document.width, 4), np.uint8)
    composite_of(document, pixels, canvas)
    share = canvas[..., 3].astype(np.float32) / 255
    grey = cv2.cvtColor(np.ascontiguousarray(canvas[..., :3]), cv2.COLOR_RGB2GRAY)
    return np.rint(grey * share + _GROUND * (1 - share)).astype(np.uint8)


def _registered(before: Plane, after: Plane) -> Shift | None:
    """Where one picture is within the other, or else the middle of the one after within the one before."""
    if _fits(after, before):
        return _found(after, before)
    if _fits(before, after):
        place = _found(before, after)
        return None if place is None else (-place[0], -place[1])
    height, width = (min(sides) // 2 for sides in zip(before.shape, after.shape, strict=True))
    top, left = (after.shape[0] - height) // 2, (after.shape[1] - width) // 2
    if not height or not width:
        return None
    place = _found(after[top : top + height, left : left + width], before)
    return None if place is None else (place[0] - left, place[1] - top)


def _fits(small: Plane, large: Plane) -> bool:
    return small.shape[0] <= large.shape[0] and small.shape[1] <= large.shape[1]


def _found(small: Plane, large: Plane) -> Shift | None:
    """The place of a picture in another one: found in reduced pictures, and then around it in the whole ones."""
    factor = max(1, -(-max(large.shape) // _COARSE_SIDE_PX))
    if factor == 1 or min(small.shape) < 8 * factor:
        return _matched(small, large)
    coarse, wide = (_reduced(one, factor) for one in (small, large))
    if not _fits(coarse, wide):
        return _matched(small, large)
    x, y = _best(coarse, wide)
    left, top = max(0, (x - 1) * factor), max(0, (y - 1) * factor)
    right, bottom = ((place + 2) * factor + side for place, side in ((x, small.shape[1]), (y, small.shape[0])))
    left, top = min(left, large.shape[1] - small.shape[1]), min(top, large.shape[0] - small.shape[0])
    place = _matched(small, large[top:bottom, left:right])
    return None if place is None else (place[0] + left, place[1] + top)


def _reduced(plane: Plane, factor: int) -> Plane:
    return np.asarray(cv2.resize(plane, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA), np.uint8)


def _matched(small: Plane, large: Plane) -> Shift | None:
    """The place is looked for once more around what OpenCV finds, whose sums are rounded."""
    x, y = _best(small, large)
    height, width = small.shape
    near = [
        (left, top)
        for left in range(max(0, x - 1), min(x + 1, large.shape[1] - width) + 1)
        for top in range(max(0, y - 1), min(y + 1, large.shape[0] - height) + 1)
    ]
    errors = {(left, top): _error(small, large[top : top + height, left : left + width]) for left, top in near}
    place = min(errors, key=errors.__getitem__)
    return place if errors[place] <= _MAX_DIFFERENCE else None


def _error(one: Plane, other: Plane) -> float:
    """The root of the mean squared difference in levels."""
    return float(cv2.norm(one, np.ascontiguousarray(other), cv2.NORM_L2)) / float(np.sqrt(one.size))


def _best(small: Plane, large: Plane) -> Shift:
    """The place with the least squared difference."""
    errors = cv2.matchTemplate(large, small, cv2.TM_SQDIFF)
    y, x = np.unravel_index(int(errors.argmin()), errors.shape)
    return int(x), int(y)
