"""Finds the things of a photograph: what is salient, then what is salient without it, and so on."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.fill import fill
from lamina.engines.classic.guided_filter import guided_filter
from lamina.engines.classic.raster import (
    Mask,
    Rgb,
    Values,
    bounding_box,
    components,
    fill_holes,
    grow,
    shrink,
    window_of,
)
from lamina.engines.classic.subject import find_subject
from lamina.engines.segmentation.model_files import ModelFileError
from lamina.engines.segmentation.promptable_masks import PromptableImage
from lamina.engines.segmentation.salient_object import salience

_MAX_THINGS = 5
_MIN_SIDE_PX = 48  # in smaller pictures the networks see nothing
_MIN_SHARE, _MAX_SHARE = 0.003, 0.85  # of the image
_MIN_SCORE, _MIN_LATER_SCORE = 0.5, 0.7
_GOOD_SCORE_RATIO = 0.95  # of the best: the largest of such masks is the whole, the others may lack a part
_SALIENT_LEVELS = 0.35, 0.7
_MIN_STABILITY = 0.7
_MAX_SHARED = 0.1  # of a thing with those that were found before
_MARGIN_SHARE = 0.008  # of the longer side: what is removed around a thing before looking again
_REACH_SHARE = 0.006  # of the longer side: how far the outline may be off
_MIN_PART_SHARE = 0.01  # of a thing; smaller parts are specks
_MAX_HOLE_SHARE = 0.02


@dataclass(frozen=True, eq=False)
class _Proposal:
    """`mask` (h, w). `score`, 0..1: how well it agrees with what is salient."""

    mask: Mask
    score: float


def found_in_photo(rgb: Rgb, limit: int) -> tuple[list[Mask], tuple[str, ...]]:
    """As `find_photo_things`; without the networks' files its subject alone, and a note that says so."""
    try:
        return find_photo_things(rgb, limit), ()
    except ModelFileError as error:
        subject = find_subject(rgb, _salience_if_any(rgb))
        note = f"{error} Photographs are separated less well without it; install Lamina again."
        return [] if subject is None else [subject.mask], (note,)


def _salience_if_any(rgb: Rgb) -> Values | None:
    try:
        return salience(rgb)
    except ModelFileError:
        return None


def find_photo_things(rgb: Rgb, limit: int) -> list[Mask]:
    """(h, w) each, disjoint: at most `limit` things of `rgb` (h, w, 3), the subject first; empty without a subject.

    Raises `ModelFileError`.
    """
    taken = np.zeros(rgb.shape[:2], bool)
    things: list[Mask] = []
    if min(taken.shape) < _MIN_SIDE_PX or limit < 1:
        return things
    image = PromptableImage(rgb)
    margin = max(3, round(_MARGIN_SHARE * max(taken.shape)))
    while len(things) < min(limit, _MAX_THINGS):
        hole = grow(taken, margin)
        left = fill(rgb, hole, ~hole)
        mask = _most_salient(image, left, taken, _MIN_LATER_SCORE if things else _MIN_SCORE)
        if mask is None:
            break
        mask = _refined(rgb, mask) & ~taken
        if mask.mean() < _MIN_SHARE:
            break
        things.append(mask)
        taken |= mask
    return things


def _most_salient(image: PromptableImage, left: Rgb, taken: Mask, min_score: float) -> Mask | None:
    """The mask that agrees best with what is salient in `left`, the image without what is `taken`."""
    height, width = taken.shape
    small = salience(left)
    salient = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    found = image.from_boxes(_salient_boxes(small, taken.shape))
    proposals: list[_Proposal] = []
    for logits, quality in zip(found.logits, found.quality, strict=True):
        for own, expected in zip(logits, quality.tolist(), strict=True):
            mask = image.full_size(own) > 0
            area = np.count_nonzero(mask)
            is_apart = np.count_nonzero(mask & taken) <= _MAX_SHARED * area
            stability = np.count_nonzero(own > 1) / max(1, np.count_nonzero(own > -1))
            if is_apart and stability >= _MIN_STABILITY and _MIN_SHARE <= area / mask.size <= _MAX_SHARE:
                proposals.append(_Proposal(mask, _agreement(mask, salient) * min(1.0, expected) * stability))
    best = max((proposal.score for proposal in proposals), default=0.0)
    if best < min_score:
        return None
    good = [proposal.mask for proposal in proposals if proposal.score >= _GOOD_SCORE_RATIO * best]
    return max(good, key=np.count_nonzero)


def _salient_boxes(salience: Values, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """(n, 4): left, top, right, bottom of what is salient, in pixels of an image of `shape`."""
    across, down = shape[1] / salience.shape[1], shape[0] / salience.shape[0]
    boxes: list[tuple[float, float, float, float]] = []
    for level in _SALIENT_LEVELS:
        parts = components(salience > level)
        for label in np.flatnonzero(parts.areas > _MIN_SHARE * salience.size).tolist():
            if label > 0:
                rows, columns = parts.window(label)
                boxes.append((columns.start * across, rows.start * down, columns.stop * across, rows.stop * down))
    return np.array(boxes, np.float32).reshape(-1, 4)


def _agreement(mask: Mask, salient: Values) -> float:
    """Intersection over union with the salience in the bounding box of the mask: other things come later."""
    window = window_of(bounding_box(mask))
    own, near = mask[window], salient[window]
    shared = float(near[own].sum())
    return shared / (float(near.sum()) + np.count_nonzero(own) - shared)


def _refined(rgb: Rgb, mask: Mask) -> Mask:
    """The mask with its outline on the edges of the image, without specks and pinholes."""
    reach = max(3, round(_REACH_SHARE * max(mask.shape)))
    aligned = guided_filter(rgb, mask.astype(np.float32), reach) > 0.5
    refined = (aligned | shrink(mask, reach)) & grow(mask, reach)
    parts = components(refined)
    is_kept = parts.areas > _MIN_PART_SHARE * np.count_nonzero(refined)
    is_kept[0] = False
    refined = is_kept[parts.labels]
    holes = components(fill_holes(refined) & ~refined)
    is_filled = holes.areas < _MAX_HOLE_SHARE * np.count_nonzero(refined)
    is_filled[0] = False
    return refined | is_filled[holes.labels]
