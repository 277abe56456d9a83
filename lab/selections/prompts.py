"""Makes the boxes and points by which a true layer would be selected, exact ones and those of a hasty user."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.core.selections import Place
from lamina.engines.classic.raster import bounding_box

Mask = NDArray[np.bool_]

_BOX_ERROR = 0.05  # of a side of the box, as a share of its width or height
_MIN_DEPTH_PX, _MIN_DEPTH_SHARE = 4.0, 0.3  # of a random point within the layer: either is enough
_MIN_BOX_PX = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A box or a point, and whether it is exact."""

    place: Place
    is_exact: bool


def prompts_for(mask: Mask, random: np.random.Generator) -> Iterator[Prompt]:
    """The exact box, a loose one, the central point and another one, of the visible pixels (h, w) of a layer."""
    yield Prompt(place=exact_box(mask), is_exact=True)
    yield Prompt(place=_loose_box(mask, random), is_exact=False)
    yield Prompt(place=central_point(mask), is_exact=True)
    yield Prompt(place=_other_point(mask, random), is_exact=False)


def exact_box(mask: Mask) -> Place:
    x, y, width, height = bounding_box(mask)
    return Place(x=x, y=y, width=width, height=height)


def central_point(mask: Mask) -> Place:
    """The pixel nearest to the centre, weighed against its distance from the outline."""
    depths = _depths(mask)
    rows, columns = np.nonzero(mask)
    distances = np.hypot(rows - rows.mean(), columns - columns.mean())
    best = int(np.argmin(distances - 2 * depths[rows, columns]))
    return _point(int(rows[best]), int(columns[best]))


def _loose_box(mask: Mask, random: np.random.Generator) -> Place:
    x, y, width, height = bounding_box(mask)
    errors = random.uniform(-_BOX_ERROR, _BOX_ERROR, 4)
    rows, columns = mask.shape
    left = float(np.clip(x + errors[0] * width, 0, columns - _MIN_BOX_PX))
    top = float(np.clip(y + errors[1] * height, 0, rows - _MIN_BOX_PX))
    right = float(np.clip(x + width + errors[2] * width, left + _MIN_BOX_PX, columns))
    bottom = float(np.clip(y + height + errors[3] * height, top + _MIN_BOX_PX, rows))
    return Place(x=left, y=top, width=right - left, height=bottom - top)


def _other_point(mask: Mask, random: np.random.Generator) -> Place:
    depths = _depths(mask)
    rows, columns = np.nonzero(depths >= min(_MIN_DEPTH_PX, _MIN_DEPTH_SHARE * float(depths.max())))
    index = int(random.integers(len(rows)))
    return _point(int(rows[index]), int(columns[index]))


def _depths(mask: Mask) -> NDArray[np.float32]:
    depths = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    return np.asarray(depths, np.float32)


def _point(row: int, column: int) -> Place:
    return Place(x=column + 0.5, y=row + 0.5)
