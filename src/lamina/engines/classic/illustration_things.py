"""Chooses the things of a rich illustration: whole things by the segmentation networks, and candidates for the rest."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.atoms import Atoms
from lamina.engines.classic.candidate_features import measure
from lamina.engines.classic.candidates import Candidate, Source, candidate_of
from lamina.engines.classic.judgement import merits
from lamina.engines.classic.mask_proposals import Proposal, propose, refined, salient_boxes
from lamina.engines.classic.observation import Observation
from lamina.engines.classic.raster import Mask, components, open_mask
from lamina.engines.segmentation.promptable_masks import PromptableImage
from lamina.engines.segmentation.salient_object import salience

Floats = NDArray[np.floating[Any]]

_MAX_PROMPTS = 36
_MIN_PROMPT_SHARE = 0.004  # of the image
_SAME_BOX_IOU = 0.85
_SAME_MASK_IOU = 0.8
_MIN_FRONT_SHARE = 0.7  # of a mask: the rest of it is background
_BASE_CONFIDENCE, _CONFIDENCE_BY_MASKS = 0.4, 0.3  # in a candidate: without a mask like it, and with the same one
_MIN_WORTH = 0.08
_SIZE_POWER = 0.3  # whole things before their parts
_THIN_PX = 3
_MIN_BODY_SHARE = 0.3  # of a thing: without a body it is crumbs, or lines along the outlines of other things
_MAX_SHARED = 0.25  # of a thing with those that were chosen before


def choose_illustration_things(
    seen: Observation, atoms: Atoms, candidates: list[Candidate], limit: int
) -> list[Candidate]:
    """At most `limit` things, the best ones first; `candidates` must be in the order of their merit.

    They are disjoint but for masks that lie on a candidate. A mask is one thing, so nothing within it is another; a
    candidate may be several things that touch, so masks within it are things of their own. Raises `ModelFileError`.
    """
    masks = _distinct(_proposals(seen, candidates))
    pool = list(candidates)
    confidences: list[float] = []
    for proposal in masks:
        mask = proposal.mask()
        front = refined(seen.rgb, mask) & ~seen.background.mask
        if np.count_nonzero(front) >= max(1, _MIN_FRONT_SHARE * np.count_nonzero(mask)):
            # to the networks that judge, a mask is a connected shape
            pool.append(candidate_of(front, Source.CUTOUT))
            confidences.append(proposal.quality)
    measured = measure(seen, atoms, pool)
    count = len(candidates)
    agreement = (measured.overlaps.iou[:count, count:] * np.array(confidences, np.float32)).max(1, initial=0.0)
    confidence = np.concatenate([_BASE_CONFIDENCE + _CONFIDENCE_BY_MASKS * agreement, confidences])
    return _chosen(pool, merits(measured) * confidence, count, limit)


def _proposals(seen: Observation, candidates: list[Candidate]) -> list[Proposal]:
    """Masks in the boxes of what is salient and of the best candidates, which come first."""
    boxes: list[Floats] = []
    for candidate in candidates:
        box = np.array(
            [candidate.columns.start, candidate.rows.start, candidate.columns.stop, candidate.rows.stop], np.float32
        )
        if candidate.area >= _MIN_PROMPT_SHARE * seen.smooth.size and all(
            _iou(box, other) < _SAME_BOX_IOU for other in boxes
        ):
            boxes.append(box)
        if len(boxes) >= _MAX_PROMPTS:
            break
    image = PromptableImage(seen.rgb)
    salient = salient_boxes(salience(seen.rgb), seen.smooth.shape)
    return propose(image, np.concatenate([np.array(boxes, np.float32).reshape(-1, 4), salient]))


def _distinct(proposals: list[Proposal]) -> list[Proposal]:
    """Without near-duplicates, of which the best one is kept; the best first."""
    kept: list[Proposal] = []
    masks: list[Mask] = []
    for proposal in sorted(proposals, key=lambda proposal: -proposal.quality):
        own = proposal.reduced
        if all(np.count_nonzero(own & other) < _SAME_MASK_IOU * np.count_nonzero(own | other) for other in masks):
            kept.append(proposal)
            masks.append(own)
    return kept


def _chosen(pool: list[Candidate], worth: Floats, count: int, limit: int) -> list[Candidate]:
    """`worth` (n,) of the pool, whose first `count` members are candidates, and the others masks."""
    shares = np.array([candidate.area for candidate in pool]) / (pool[0].shape[0] * pool[0].shape[1])
    taken, lumps = np.zeros(pool[0].shape, bool), np.zeros(pool[0].shape, bool)
    chosen: list[Candidate] = []
    for index in np.argsort(-worth * shares**_SIZE_POWER, kind="stable").tolist():
        if len(chosen) >= limit:
            break
        if worth[index] < _MIN_WORTH:
            continue
        mask, is_mask = pool[index].full(), index >= count
        others = taken if is_mask else taken | lumps
        if np.count_nonzero(mask & others) > _MAX_SHARED * np.count_nonzero(mask):
            continue
        mask &= ~taken
        body_area = components(open_mask(mask, _THIN_PX)).areas[1:].max(initial=0)
        if body_area < max(1, _MIN_BODY_SHARE * np.count_nonzero(mask)):
            continue
        chosen.append(candidate_of(mask, Source.CUTOUT))
        if is_mask:
            taken |= mask
        else:
            lumps |= mask
    return chosen


def _iou(first: Floats, second: Floats) -> float:
    """Intersection over union of two boxes: left, top, right, bottom."""
    sides = np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])
    shared = float(np.prod(np.maximum(sides, 0)))
    return shared / (float(np.prod(first[2:] - first[:2])) + float(np.prod(second[2:] - second[:2])) - shared)
