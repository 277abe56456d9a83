"""Continues the contour of a layer where it is hidden, as smoothly as what is seen of it allows.

The signed distance to the contour is interpolated by a thin-plate spline (Turk and O'Brien, "Variational Implicit
Surfaces", 1999): straight edges go on straight, bends go on bending, and strokes meet behind what crosses them.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.raster import Mask, Values, as_bytes, depth, grow
from lamina.stacks.completion.sight import Sight

_SIDE_PX = 160  # of the reduced window in which the spline is evaluated
_ON_CONTOUR, _BESIDE = 260, 340
_SMOOTHING = 1e-3
_BAND_SHARE = 0.25  # of the side of what is hidden: the contour farther away does not matter


def continued(sight: Sight) -> Values | None:
    """(h, w) in 0..1: the layer with its contour continued; None if no contour is seen."""
    height, width = sight.inside.shape
    scale = min(1.0, _SIDE_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    inside, known = (_reduced(mask, size) for mask in (sight.inside, sight.known))
    contour = Sight(inside=inside & known, unknown=~known).contour
    near = known & grow(~known, _reach(~known))
    on_contour = _spread(contour & near, _ON_CONTOUR)
    if len(on_contour) < 6:
        return None
    distance = depth(~contour)
    # the distance is right where no hidden part of the contour can be nearer
    is_right = near & ~contour & (distance <= depth(known) + 2)
    beside = _spread(is_right, _BESIDE)
    signed = np.where(inside, -distance + 0.5, distance - 0.5)
    points = np.concatenate([on_contour, beside])
    values = np.concatenate([np.zeros(len(on_contour)), signed[beside[:, 0], beside[:, 1]]])
    wanted = np.argwhere(grow(~known, 2))
    spline = _thin_plate(points, values, wanted)
    field = np.asarray(signed, np.float32)
    field[wanted[:, 0], wanted[:, 1]] = np.where(
        known[wanted[:, 0], wanted[:, 1]], field[wanted[:, 0], wanted[:, 1]], spline
    )
    field = np.asarray(cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR), np.float32) / scale
    return np.asarray(np.clip(0.5 - field, 0, 1), np.float32)


def _thin_plate(points: NDArray[np.int64], values: Values, wanted: NDArray[np.int64]) -> NDArray[np.float64]:
    """The spline through values at points (n, 2), at other points (m, 2)."""
    centre, unit = points.mean(0), max(1.0, float(np.ptp(points, axis=0).max()))
    at, target = (points - centre) / unit, (wanted - centre) / unit
    count = len(at)
    basis = np.concatenate([np.ones((count, 1)), at], 1)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _kernel(at, at) + _SMOOTHING * np.eye(count)
    system[:count, count:], system[count:, :count] = basis, basis.T
    weights = np.linalg.lstsq(system, np.concatenate([values, np.zeros(3)]), rcond=None)[0]
    results = np.empty(len(target))
    for start in range(0, len(target), 4096):
        part = target[start : start + 4096]
        terms = np.concatenate([_kernel(part, at), np.ones((len(part), 1)), part], 1)
        results[start : start + 4096] = terms @ weights
    return results


def _kernel(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    squared = ((first[:, None] - second[None]) ** 2).sum(-1)
    return squared * np.log(np.maximum(squared, 1e-12)) / 2


def _reach(unknown: Mask) -> int:
    _, _, width, height = cv2.boundingRect(as_bytes(unknown))
    return max(6, round(_BAND_SHARE * max(width, height)))


def _spread(mask: Mask, count: int) -> NDArray[np.int64]:
    """(n, 2): at most about `count` rows and columns of the mask, evenly chosen."""
    found = np.argwhere(mask)
    return found[:: max(1, -(-len(found) // count))]


def _reduced(mask: Mask, size: tuple[int, int]) -> Mask:
    return np.asarray(cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)) >= 0.5
