"""Finds the one thing that stands out in a photograph, or says that nothing does."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.guided import guided
from lamina.engines.classic.raster import (
    Mask,
    Rgb,
    Values,
    bounds,
    closed,
    components,
    grow,
    means_by_label,
    opened,
    shrink,
    sums_by_label,
)
from lamina.engines.classic.saliency import reduced, saliency
from lamina.engines.classic.separation import Separation, iou, separation

_GLANCE_PX = 256  # saliency is looked for at this size,
_CUT_PX = 352  # and the subject is cut out at this one
_CUTS = 2  # GrabCut takes most of the time
_CUT_ROUNDS = 3
_LEAST_SHARE, _MOST_SHARE = 0.005, 0.85
_LEAST_HINT = 0.04  # regions that score less are not worth a cut
_LEAST_SCORE = 0.31
_GOOD_ENOUGH = 0.75  # of the best score
_SEED = 7


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One thing that stands out.

    `mask`: (h, w) bool, alpha of a half and more. `alpha`: (h, w) float32 in 0..1, exactly 1 inside and exactly 0
    outside, in between only along the outline. `confidence`: 0..1.
    """

    mask: Mask
    alpha: Values
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A region at the size of the cut, and what speaks for it."""

    mask: Mask
    evidence: Separation


def find_subject(rgb: Rgb) -> Subject | None:
    """The subject of `rgb` (h, w, 3) uint8, or None if nothing can be separated with confidence.

    None: it would take less than 0.5 % or more than 85 % of the picture, its outline is not supported by steps
    in colour, inside and outside share their colours, or attention is spread all over. Same input, same answer.
    """
    chosen = _largest_of_the_best(subject_candidates(rgb))
    if chosen is None:
        return None
    alpha = _refined(rgb, chosen.mask)
    return Subject(alpha >= 0.5, alpha, chosen.evidence.score)


def _largest_of_the_best(candidates: list[Candidate]) -> Candidate | None:
    """A part of a thing often stands apart a little better than the whole, but the whole is what is wanted."""
    if not candidates:
        return None
    least = max(_LEAST_SCORE, _GOOD_ENOUGH * candidates[0].evidence.score)
    good = [candidate for candidate in candidates if candidate.evidence.score >= least]
    return max(good, key=lambda candidate: candidate.evidence.share, default=None)


def subject_candidates(rgb: Rgb) -> list[Candidate]:
    """What was cut out at about 350 px, the most convincing first; may be empty."""
    small = reduced(rgb, _CUT_PX)
    height, width = small.shape[:2]
    if min(height, width) < 16:
        return []
    glance = saliency(reduced(small, _GLANCE_PX))
    salience = np.asarray(cv2.resize(glance, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    cuts: list[Candidate] = []
    for hint, level in _hints(small, salience)[:_CUTS]:
        mask = _cut_out(small, salience, hint, level)
        if _LEAST_SHARE <= mask.mean() <= _MOST_SHARE:
            cuts.append(Candidate(mask, separation(small, salience, mask, hint)))
    return sorted(cuts, key=lambda cut: -cut.evidence.score)


def _hints(small: Rgb, salience: Values) -> list[tuple[Mask, float]]:
    """Salient regions at several levels, each with its level, the most promising first."""
    found: list[tuple[float, Mask, float]] = []
    for level in _levels(salience):
        region = _region(salience, level)
        if not _LEAST_SHARE <= region.mean() <= _MOST_SHARE or any(iou(region, mask) > 0.85 for _, mask, _ in found):
            continue
        score = separation(small, salience, region, region).score
        if score >= _LEAST_HINT:
            found.append((score, region, level))
    return [(mask, level) for _, mask, level in sorted(found, key=lambda hint: -hint[0])]


def _levels(salience: Values) -> list[float]:
    otsu, _ = cv2.threshold((salience * 255).astype(np.uint8), 0, 255, cv2.THRESH_OTSU)
    middle = otsu / 255
    return [middle, min(0.9, 2 * float(salience.mean())), 0.6 * middle, min(0.9, 1.5 * middle)]


def _region(salience: Values, level: float) -> Mask:
    """What is above the level, bridged; the part that matters most, and others that matter nearly as much."""
    above = closed(salience > level, max(1, round(0.01 * max(salience.shape))))
    return _hole_ruled(_main_parts(above, salience, 0.25), salience, level)


def _main_parts(mask: Mask, weight: Values, least: float) -> Mask:
    parts = components(mask)
    if len(parts) < 2:
        return mask
    weights = sums_by_label(parts.labels, weight[..., None], len(parts))[:, 0]
    weights[0] = 0
    is_kept = weights >= least * weights.max()
    is_kept[0] = False
    return is_kept[parts.labels]


def _hole_ruled(mask: Mask, salience: Values, level: float) -> Mask:
    """Fills the holes that are small or salient themselves; others show what lies behind."""
    holes = components(np.pad(~mask, 1, constant_values=True), connectivity=4)
    labels = holes.labels[1:-1, 1:-1]
    mean = means_by_label(labels, salience[..., None], len(holes))[:, 0]
    is_filled = (holes.areas < 0.02 * mask.sum()) | (mean > 0.5 * level)
    is_filled[[0, int(holes.labels[0, 0])]] = False
    return mask | is_filled[labels]


def _cut_out(small: Rgb, salience: Values, hint: Mask, level: float) -> Mask:
    """GrabCut (Rother et al., 2004) in the neighbourhood of the hint."""
    x, y, width, height = bounds(hint)
    reach = max(6, round(0.12 * max(width, height)))
    window = np.s_[max(0, y - 2 * reach) : y + height + 2 * reach, max(0, x - 2 * reach) : x + width + 2 * reach]
    state = _trimap(hint[window], salience[window] > level, reach)
    is_certain = np.isin(state, (cv2.GC_BGD, cv2.GC_PR_BGD))
    if is_certain.all() or not is_certain.any():
        return hint
    cv2.setRNGSeed(_SEED)
    nothing = np.zeros((1, 65)), np.zeros((1, 65))
    patch = np.ascontiguousarray(small[window])
    cv2.grabCut(patch, state, (0, 0, 1, 1), *nothing, _CUT_ROUNDS, cv2.GC_INIT_WITH_MASK)
    mask = np.zeros_like(hint)
    mask[window] = np.isin(state, (cv2.GC_FGD, cv2.GC_PR_FGD))
    mask = _main_parts(opened(mask, 1), np.ones(mask.shape, np.float32), 0.12)
    return _hole_ruled(mask, salience, level)


def _trimap(hint: Mask, is_salient: Mask, reach: int) -> NDArray[np.uint8]:
    state = np.full(hint.shape, cv2.GC_BGD, np.uint8)
    state[grow(hint, reach)] = cv2.GC_PR_BGD
    state[hint] = cv2.GC_PR_FGD
    state[shrink(hint, max(2, reach // 6)) & is_salient] = cv2.GC_FGD
    return state


def _refined(rgb: Rgb, mask: Mask) -> Values:
    """(h, w) float32 at the picture's size: the mask with its outline drawn to the picture's edges."""
    height, width = rgb.shape[:2]
    enlarged = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    soft = np.asarray(enlarged, np.float32)
    reach = max(3, round(2.5 * max(height, width) / max(mask.shape)))
    bent = guided(rgb, soft, reach)
    alpha = np.clip((bent - 0.15) / 0.7, 0, 1)  # the filter leaves a haze on either side
    inside = soft > 0.5
    alpha[shrink(inside, reach)] = 1
    alpha[~grow(inside, reach)] = 0
    return alpha.astype(np.float32)
