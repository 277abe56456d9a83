"""Measures how well a cut-out stands apart from the rest of its picture, so that a poor one can be refused."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.raster import Mask, Rgb, Values, as_bytes, bounds, components, lab

_SIDE_PX = 9  # width of the window in which the two sides of an outline are compared
_STEP_LAB = 12.0  # a difference between the two sides that anybody sees
_BINS = 16, 20, 20  # of L, a, b; about six Lab units each in lightness, ten in colour
_SMALL_SHARE = 0.01  # of the picture: where a cut-out counts half, as it is more often a part than a whole
_SPAN = 0.88  # of the width, starting at one side: a range of hills, a road, a wall
_SCENERY = 0.4
_RAGGED = 3.0  # outline length of a disc of the same area, times this: lace, or a net of mortar


@dataclass(frozen=True, slots=True)
class Separation:
    """What speaks for a cut-out; all 0..1 but `raggedness`.

    `support`: share of the outline across which the colour steps. `overlap`: share of the colours that inside and
    outside have in common. `salience`: how much more the eye is drawn inside than outside. `contact`: share of the
    picture's border that it takes. `share`: of the picture's area. `oneness`: the largest part's share of the whole.
    `steadiness`: IoU with the region that it was cut from. `raggedness`: outline length, 1 for a disc.
    `is_spanning`: whether it reaches from one side of the picture to the opposite one or nearly, as scenery does.
    """

    support: float
    overlap: float
    salience: float
    contact: float
    share: float
    oneness: float
    steadiness: float
    raggedness: float
    is_spanning: bool

    @property
    def score(self) -> float:
        """0..1: how surely this is one thing that stands apart."""
        lone = self.oneness**2 * min(1.0, _RAGGED / max(self.raggedness, 1e-6)) * (1 - self.contact)
        clear = self.support**2 * (1 - self.overlap) ** 2 * min(1.0, 2 * self.salience)
        sized = self.share / (self.share + _SMALL_SHARE)
        if self.is_spanning:
            lone *= _SCENERY
        return float(np.clip(lone * clear * sized * self.steadiness**0.5, 0, 1))


def separation(rgb: Rgb, salience: Values, mask: Mask, origin: Mask) -> Separation:
    """`rgb`: (h, w, 3) uint8 of some 300 px; `salience`: (h, w) in 0..1; `mask`, cut from the region `origin`."""
    if not mask.any() or mask.all():
        return Separation(0, 1, 0, 1, float(mask.mean()), 0, 0, 1, True)
    smooth = lab(np.asarray(cv2.bilateralFilter(rgb, 5, 20, 3), np.uint8))
    rim = mask & ~_eroded(mask)
    border = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    areas = components(mask).areas[1:]
    return Separation(
        support=float((_steps(smooth, mask)[rim] > _STEP_LAB).mean()) if rim.any() else 0.0,
        overlap=_overlap(smooth, mask),
        salience=float(np.clip(salience[mask].mean() - salience[~mask].mean(), 0, 1)),
        contact=float(border.mean()),
        share=float(mask.mean()),
        oneness=float(areas.max() / areas.sum()),
        steadiness=iou(mask, origin),
        raggedness=float(rim.sum() / np.sqrt(4 * np.pi * mask.sum())),
        is_spanning=_is_spanning(mask),
    )


def _is_spanning(mask: Mask) -> bool:
    x, _, width, height = bounds(mask)
    rows, columns = mask.shape
    is_wide = width >= _SPAN * columns and (x == 0 or x + width == columns)
    return is_wide or height == rows  # people stand on the lower edge and nearly reach the upper one


def iou(a: Mask, b: Mask) -> float:
    """Intersection over union of two masks, 0..1; 1 if both are empty."""
    union = int((a | b).sum())
    return float((a & b).sum() / union) if union else 1.0


def _steps(smooth: Values, mask: Mask) -> Values:
    """(h, w): Lab distance between the mean colours nearby inside and nearby outside."""
    inside = mask.astype(np.float32)

    def mean(weight: Values) -> Values:
        total = np.asarray(cv2.blur(weight, (_SIDE_PX, _SIDE_PX)))
        sums = np.asarray(cv2.blur(smooth * weight[..., None], (_SIDE_PX, _SIDE_PX)))
        return sums / np.maximum(total, 1e-3)[..., None]

    return np.linalg.norm(mean(inside) - mean(1 - inside), axis=-1)


def _overlap(smooth: Values, mask: Mask) -> float:
    levels = (smooth + np.array([0, 100, 100])) / np.array([100, 200, 200]) * np.array(_BINS)
    index = np.clip(levels, 0, np.array(_BINS) - 1).astype(np.int64)
    flat = (index[..., 0] * _BINS[1] + index[..., 1]) * _BINS[2] + index[..., 2]
    return float(np.minimum(_histogram(flat[mask]), _histogram(flat[~mask])).sum())


def _histogram(index: NDArray[np.int64]) -> NDArray[np.float64]:
    counts = np.bincount(index, minlength=int(np.prod(_BINS)))
    return counts / max(1, counts.sum())


def _eroded(mask: Mask) -> Mask:
    return np.asarray(cv2.erode(as_bytes(mask), np.ones((3, 3), np.uint8), borderValue=1)).view(np.bool_)
