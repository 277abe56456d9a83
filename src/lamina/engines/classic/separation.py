"""Measures how well a cut-out is separated from the rest of its image, so that poor ones can be rejected."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.raster import Mask, Rgb, Values, as_bytes, bounding_box, components, lab

_SIDE_PX = 9  # window in which the two sides of an outline are compared
_STEP_LAB = 12.0  # a clearly visible difference
_BINS = 16, 20, 20  # of L, a, b: about six Lab units in lightness, ten in colour
_SMALL_SHARE = 0.01  # of the image: cut-outs of this size count half, because they are often parts of an object
_SPAN = 0.88  # of the width, from one side on: hills, a road, a wall
_SCENERY = 0.4
_RAGGED = 3.0  # maximum raggedness; more indicates lace or mortar joints


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """The evidence for a cut-out; all values are 0..1 except `raggedness`.

    `support`: share of the outline with a colour step. `overlap`: share of colours common to inside and outside.
    `salience`: mean saliency inside minus outside. `contact`: share of the image border that it touches. `share`: of
    the image area. `oneness`: share of its largest component. `steadiness`: IoU with the region that it was cut from.
    `raggedness`: outline length relative to a disc. `is_spanning`: it extends (nearly) between opposite sides of the
    image, as scenery does.
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
        """Confidence 0..1 that this is one separate object."""
        lone = self.oneness**2 * min(1.0, _RAGGED / max(self.raggedness, 1e-6)) * (1 - self.contact)
        clear = self.support**2 * (1 - self.overlap) ** 2 * min(1.0, 2 * self.salience)
        sized = self.share / (self.share + _SMALL_SHARE)
        if self.is_spanning:
            lone *= _SCENERY
        return float(np.clip(lone * clear * sized * self.steadiness**0.5, 0, 1))


def separation(rgb: Rgb, salience: Values, mask: Mask, origin: Mask) -> Separation:
    """The evidence for `mask`, cut from `origin`; `rgb`: (h, w, 3) uint8 of about 300 px; `salience`: (h, w), 0..1."""
    if not mask.any() or mask.all():
        return Separation(
            support=0,
            overlap=1,
            salience=0,
            contact=1,
            share=float(mask.mean()),
            oneness=0,
            steadiness=0,
            raggedness=1,
            is_spanning=True,
        )
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
    x, _, width, height = bounding_box(mask)
    rows, columns = mask.shape
    is_wide = width >= _SPAN * columns and (x == 0 or x + width == columns)
    return is_wide or height == rows  # people stand on the bottom edge and nearly reach the top one


def iou(a: Mask, b: Mask) -> float:
    """Intersection over union of two masks, 0..1; 1 if both are empty."""
    union = int((a | b).sum())
    return float((a & b).sum() / union) if union else 1.0


def _steps(smooth: Values, mask: Mask) -> Values:
    """(h, w): Lab distance of the mean colours nearby inside and outside the mask."""
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
