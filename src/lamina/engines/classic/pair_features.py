"""Measures pairs of overlapping candidates, of which both may be layers or only one."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.candidate_features import MEASURES, PLAIN_LAB, Measured, Overlaps, outline_of
from lamina.engines.classic.candidates import Candidate, reduced_shape
from lamina.engines.classic.raster import Mask, as_bytes, bounding_box, grow, window_of

PAIR_MEASURES = (
    "inclusion",  # overlap over the smaller area
    "overlap",  # intersection over union
    "area_ratio",
    "colour_difference",
    "holder_plain",
    "on_plain",  # share of the smaller one's surroundings that has the larger one's colour
    "shared_outline",  # share of the smaller one's outline that is an outline of the larger one
    "contrast_within",  # contrast of the smaller one's outline within the larger one
    "merit_small",
    "merit_large",
    "small_ground",
    "large_hull",
    "small_persistence",
    "small_cut",
    "small_log_share",
    "large_log_share",
    "small_largest",
    "small_text",
    "rest_largest",  # share of the largest connected part of what the smaller one leaves of the larger one
)


def overlapping_pairs(overlaps: Overlaps) -> list[tuple[int, int]]:
    """The pairs of candidates that share more than a tenth of the smaller one: (smaller, larger)."""
    areas = overlaps.areas
    smaller = np.minimum(areas[:, None], areas)
    first, second = np.nonzero(np.triu(overlaps.shared > 0.1 * smaller, 1))
    return [(i, j) if areas[i] <= areas[j] else (j, i) for i, j in zip(first.tolist(), second.tolist(), strict=True)]


def measure_pairs(
    measured: Measured, merits: NDArray[np.floating[Any]], pairs: list[tuple[int, int]], candidates: list[Candidate]
) -> NDArray[np.float64]:
    """(len(pairs), len(PAIR_MEASURES)). `merits` (n,): as predicted for each candidate."""
    if not pairs:
        return np.zeros((0, len(PAIR_MEASURES)))
    column = {name: index for index, name in enumerate(MEASURES)}
    values, overlaps = measured.values, measured.overlaps
    shape = reduced_shape(candidates[0].shape)
    masks = {index: overlaps.masks[index].reshape(shape) for index in sorted({i for pair in pairs for i in pair})}
    boxes = {index: bounding_box(mask) for index, mask in masks.items()}
    outlines = {index: outline_of(mask) for index, mask in masks.items()}
    colours = np.asarray(cv2.resize(measured.maps.colours, shape[::-1], interpolation=cv2.INTER_AREA))
    rows: list[list[float]] = []
    for small, large in pairs:
        window = window_of(boxes[small], 3)
        own, holder, rim = masks[small][window], masks[large][window], outlines[small][window]
        near = colours[window][grow(own, 2) & ~own & holder]
        colour, large_colour = measured.colours[small], measured.colours[large]
        difference = np.abs(near - large_colour).sum(1) if len(near) else np.full(1, 100.0)
        rows.append(
            [
                float(overlaps.shared[small, large] / max(1.0, float(overlaps.areas[small]))),
                float(overlaps.iou[small, large]),
                float(overlaps.areas[small] / max(1.0, float(overlaps.areas[large]))),
                float(np.linalg.norm(colour - large_colour)),
                float(values[large, column["plain"]]),
                float((difference < PLAIN_LAB).mean()),
                float((rim & grow(outlines[large][window], 1)).sum() / max(1, rim.sum())),
                float(np.median(np.linalg.norm(near - colour, axis=1))) if len(near) else 0.0,
                float(merits[small]),
                float(merits[large]),
                float(values[small, column["around_ground"]]),
                float(values[large, column["is_hull"]]),
                float(values[small, column["persistence"]]),
                float(values[small, column["cut_score"]]),
                float(values[small, column["log_share"]]),
                float(values[large, column["log_share"]]),
                float(values[small, column["largest"]]),
                float(values[small, column["text"]]),
                _largest_rest(masks[small], masks[large], boxes[large]),
            ]
        )
    return np.array(rows, float)


def _largest_rest(small: Mask, large: Mask, box: tuple[int, int, int, int]) -> float:
    """The share of the largest connected part of what the smaller mask leaves of the larger one, which is in `box`."""
    x, y, width, height = box
    rest = large[y : y + height, x : x + width] & ~small[y : y + height, x : x + width]
    areas = cv2.connectedComponentsWithStats(as_bytes(rest), connectivity=8)[2][1:, cv2.CC_STAT_AREA]
    return float(areas.max() / areas.sum()) if len(areas) else 0.0
