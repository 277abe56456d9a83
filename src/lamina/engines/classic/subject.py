"""Finds the subject of a photograph, if there is a distinct one."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.guided_filter import guided_filter
from lamina.engines.classic.raster import (
    Mask,
    Rgb,
    Values,
    bounding_box,
    close_mask,
    components,
    grow,
    means_by_label,
    open_mask,
    shrink,
    sums_by_label,
    window_of,
)
from lamina.engines.classic.saliency import downscale, saliency
from lamina.engines.classic.separation import Separation, iou, separation

_SALIENCY_PX = 256  # image size for saliency
_CUT_PX = 352  # image size for the segmentation
_CUTS = 2  # GrabCut takes most of the time
_CUT_ITERATIONS = 3
_MIN_SHARE, _MAX_SHARE = 0.005, 0.85
_MIN_HINT_SCORE = 0.04  # regions with a lower score are not segmented
_MIN_SCORE = 0.31
_GOOD_SCORE_RATIO = 0.75  # of the best score
_SEED = 7


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """The subject of a photograph.

    `mask`: (h, w) bool, alpha of at least 0.5. `alpha`: (h, w) float32 in 0..1, exactly 1 inside and exactly 0 outside,
    fractional only along the outline. `confidence`: 0..1.
    """

    mask: Mask
    alpha: Values
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A region at the size of the segmentation, and the evidence for it."""

    mask: Mask
    evidence: Separation


def find_subject(rgb: Rgb, salient: Values | None = None) -> Subject | None:
    """The subject of `rgb` (h, w, 3) uint8, or None if nothing can be separated with confidence.

    `salient`: how salient each part is, in 0..1 and at any size, if that is known.
    None if it would cover less than 0.5 % or more than 85 % of the image, if its outline has no colour steps, if inside
    and outside share their colours, or if saliency is spread everywhere. The result is deterministic.
    """
    chosen = _largest_of_the_best(subject_candidates(rgb, salient))
    if chosen is None:
        return None
    alpha = _refine_outline(rgb, chosen.mask)
    return Subject(alpha >= 0.5, alpha, chosen.evidence.score)


def _largest_of_the_best(candidates: list[Candidate]) -> Candidate | None:
    """The largest candidate with a good score: parts of an object often score slightly better than the whole."""
    if not candidates:
        return None
    min_score = max(_MIN_SCORE, _GOOD_SCORE_RATIO * candidates[0].evidence.score)
    good = [candidate for candidate in candidates if candidate.evidence.score >= min_score]
    return max(good, key=lambda candidate: candidate.evidence.share, default=None)


def subject_candidates(rgb: Rgb, salient: Values | None = None) -> list[Candidate]:
    """Candidates at about 350 px, the most convincing first; may be empty."""
    small = downscale(rgb, _CUT_PX)
    height, width = small.shape[:2]
    if min(height, width) < 16:
        return []
    if salient is None:
        salient = saliency(downscale(small, _SALIENCY_PX))
    salience = np.asarray(cv2.resize(salient, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    cuts: list[Candidate] = []
    for hint, level in _hints(small, salience)[:_CUTS]:
        mask = _cut_out(small, salience, hint, level)
        if _MIN_SHARE <= mask.mean() <= _MAX_SHARE:
            cuts.append(Candidate(mask, separation(small, salience, mask, hint)))
    return sorted(cuts, key=lambda cut: -cut.evidence.score)


def _hints(small: Rgb, salience: Values) -> list[tuple[Mask, float]]:
    """Salient regions at several thresholds, each with its threshold, the most promising first."""
    hints: list[tuple[float, Mask, float]] = []
    for level in _levels(salience):
        region = _region(salience, level)
        if not _MIN_SHARE <= region.mean() <= _MAX_SHARE or any(iou(region, mask) > 0.85 for _, mask, _ in hints):
            continue
        score = separation(small, salience, region, region).score
        if score >= _MIN_HINT_SCORE:
            hints.append((score, region, level))
    return [(mask, level) for _, mask, level in sorted(hints, key=lambda hint: -hint[0])]


def _levels(salience: Values) -> list[float]:
    otsu, _ = cv2.threshold((salience * 255).astype(np.uint8), 0, 255, cv2.THRESH_OTSU)
    middle = otsu / 255
    return [middle, min(0.9, 2 * float(salience.mean())), 0.6 * middle, min(0.9, 1.5 * middle)]


def _region(salience: Values, level: float) -> Mask:
    """The pixels above the threshold after closing: the most salient component, and others almost as salient."""
    above = close_mask(salience > level, max(1, round(0.01 * max(salience.shape))))
    return _fill_irrelevant_holes(_main_parts(above, salience, 0.25), salience, level)


def _main_parts(mask: Mask, weight: Values, min_share: float) -> Mask:
    parts = components(mask)
    if len(parts) < 2:
        return mask
    weights = sums_by_label(parts.labels, weight[..., None], len(parts))[:, 0]
    weights[0] = 0
    is_kept = weights >= min_share * weights.max()
    is_kept[0] = False
    return is_kept[parts.labels]


def _fill_irrelevant_holes(mask: Mask, salience: Values, level: float) -> Mask:
    """Fills holes that are small or salient; others show the background."""
    holes = components(np.pad(~mask, 1, constant_values=True), connectivity=4)
    labels = holes.labels[1:-1, 1:-1]
    mean = means_by_label(labels, salience[..., None], len(holes))[:, 0]
    is_filled = (holes.areas < 0.02 * mask.sum()) | (mean > 0.5 * level)
    is_filled[[0, int(holes.labels[0, 0])]] = False
    return mask | is_filled[labels]


def _cut_out(small: Rgb, salience: Values, hint: Mask, level: float) -> Mask:
    """Segments the neighbourhood of the hint by GrabCut (Rother et al., 2004)."""
    box = bounding_box(hint)
    reach = max(6, round(0.12 * max(box[2:])))
    window = window_of(box, 2 * reach)
    state = _trimap(hint[window], salience[window] > level, reach)
    is_certain = np.isin(state, (cv2.GC_BGD, cv2.GC_PR_BGD))
    if is_certain.all() or not is_certain.any():
        return hint
    cv2.setRNGSeed(_SEED)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    patch = np.ascontiguousarray(small[window])
    cv2.grabCut(patch, state, (0, 0, 1, 1), *models, _CUT_ITERATIONS, cv2.GC_INIT_WITH_MASK)
    mask = np.zeros_like(hint)
    mask[window] = np.isin(state, (cv2.GC_FGD, cv2.GC_PR_FGD))
    mask = _main_parts(open_mask(mask, 1), np.ones(mask.shape, np.float32), 0.12)
    return _fill_irrelevant_holes(mask, salience, level)


def _trimap(hint: Mask, is_salient: Mask, reach: int) -> NDArray[np.uint8]:
    state = np.full(hint.shape, cv2.GC_BGD, np.uint8)
    state[grow(hint, reach)] = cv2.GC_PR_BGD
    state[hint] = cv2.GC_PR_FGD
    state[shrink(hint, max(2, reach // 6)) & is_salient] = cv2.GC_FGD
    return state


def _refine_outline(rgb: Rgb, mask: Mask) -> Values:
    """(h, w) float32 at full size: the mask with its outline aligned with image edges."""
    height, width = rgb.shape[:2]
    enlarged = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    soft = np.asarray(enlarged, np.float32)
    reach = max(3, round(2.5 * max(height, width) / max(mask.shape)))
    aligned = guided_filter(rgb, soft, reach)
    alpha = np.clip((aligned - 0.15) / 0.7, 0, 1)  # the filter leaves a haze on both sides
    inside = soft > 0.5
    alpha[shrink(inside, reach)] = 1
    alpha[~grow(inside, reach)] = 0
    return alpha.astype(np.float32)
