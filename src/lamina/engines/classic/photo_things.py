"""Finds the things of a photograph: what is salient, then what is salient without it, and so on."""

import cv2
import numpy as np

from lamina.engines.classic.fill import fill
from lamina.engines.classic.mask_proposals import MIN_SHARE, propose, refined, salient_boxes
from lamina.engines.classic.raster import Mask, Rgb, Values, bounding_box, grow, window_of
from lamina.engines.classic.subject import find_subject
from lamina.engines.segmentation.model_files import ModelFileError
from lamina.engines.segmentation.networks import SHIPPED, MaskNetworks
from lamina.engines.segmentation.promptable_masks import PromptableImage
from lamina.engines.segmentation.salient_object import salience

_MAX_THINGS = 5
_MIN_SIDE_PX = 48  # in smaller pictures the networks see nothing
_MIN_SCORE, _MIN_LATER_SCORE = 0.5, 0.7
_GOOD_SCORE_RATIO = 0.95  # of the best: the largest of such masks is the whole, the others may lack a part
_MAX_SHARED = 0.1  # of a thing with those that were found before
_MARGIN_SHARE = 0.008  # of the longer side: what is removed around a thing before looking again


def found_in_photo(rgb: Rgb, limit: int, networks: MaskNetworks = SHIPPED) -> tuple[list[Mask], tuple[str, ...]]:
    """As `find_photo_things`, with notes for the user; without the shipped networks' files its subject alone."""
    try:
        return find_photo_things(rgb, limit, networks), networks.notes
    except ModelFileError as error:
        if not networks.are_shipped:
            masks, notes = found_in_photo(rgb, limit, SHIPPED)
            return masks, (*networks.notes, f"{error} The networks in the package were used instead.", *notes)
        subject = find_subject(rgb, _salience_if_any(rgb))
        note = f"{error} Photographs are separated less well without it; install Lamina again."
        return [] if subject is None else [subject.mask], (*networks.notes, note)


def _salience_if_any(rgb: Rgb) -> Values | None:
    try:
        return salience(rgb)
    except ModelFileError:
        return None


def find_photo_things(rgb: Rgb, limit: int, networks: MaskNetworks = SHIPPED) -> list[Mask]:
    """(h, w) each, disjoint: at most `limit` things of `rgb` (h, w, 3), the subject first; empty without a subject.

    Raises `ModelFileError`.
    """
    taken = np.zeros(rgb.shape[:2], bool)
    things: list[Mask] = []
    if min(taken.shape) < _MIN_SIDE_PX or limit < 1:
        return things
    image = PromptableImage(rgb, networks.prompts)
    margin = max(3, round(_MARGIN_SHARE * max(taken.shape)))
    while len(things) < min(limit, _MAX_THINGS):
        hole = grow(taken, margin)
        small = salience(fill(rgb, hole, ~hole), networks.salience)
        mask = _most_salient(image, small, taken, _MIN_LATER_SCORE if things else _MIN_SCORE)
        if mask is None:
            break
        mask = refined(rgb, mask) & ~taken
        if mask.mean() < MIN_SHARE:
            break
        things.append(mask)
        taken |= mask
    return things


def _most_salient(image: PromptableImage, small: Values, taken: Mask, min_score: float) -> Mask | None:
    """The mask that agrees best with `small`, the salience in the image without what is `taken`."""
    height, width = taken.shape
    salient = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    scored: list[tuple[float, Mask]] = []
    for proposal in propose(image, salient_boxes(small, taken.shape)):
        mask = proposal.mask()
        if np.count_nonzero(mask & taken) <= _MAX_SHARED * np.count_nonzero(mask):
            scored.append((_agreement(mask, salient) * proposal.quality, mask))
    best = max((score for score, _ in scored), default=0.0)
    if best < min_score:
        return None
    return max((mask for score, mask in scored if score >= _GOOD_SCORE_RATIO * best), key=np.count_nonzero)


def _agreement(mask: Mask, salient: Values) -> float:
    """Intersection over union with the salience in the bounding box of the mask: other things come later."""
    window = window_of(bounding_box(mask))
    own, near = mask[window], salient[window]
    shared = float(near[own].sum())
    return shared / (float(near.sum()) + np.count_nonzero(own) - shared)
