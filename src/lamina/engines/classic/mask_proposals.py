"""Proposes masks of things from boxes by the segmentation networks, and moves their outlines onto the image's edges."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.guided_filter import guided_filter
from lamina.engines.classic.raster import Mask, Rgb, Values, components, fill_holes, grow, shrink
from lamina.engines.segmentation.promptable_masks import PromptableImage

MIN_SHARE, MAX_SHARE = 0.003, 0.85  # of the image
_SALIENT_LEVELS = 0.35, 0.7
_MIN_STABILITY = 0.7
_REACH_SHARE = 0.006  # of the longer side: how far the outline may be off
_MIN_PART_SHARE = 0.01  # of a thing; smaller parts are specks
_MAX_HOLE_SHARE = 0.02


@dataclass(frozen=True, eq=False)
class Proposal:
    """A mask at reduced size, since there are many. `quality`, 0..1: its expected intersection over union with a thing
    times its stability.
    """

    image: PromptableImage
    logits: NDArray[np.float32]
    quality: float

    @property
    def reduced(self) -> Mask:
        """(h, w) at the size of the logits."""
        return self.logits > 0

    def mask(self) -> Mask:
        """(h, w) at the size of the image."""
        return self.image.full_size(self.logits) > 0


def propose(image: PromptableImage, boxes: NDArray[np.float32]) -> list[Proposal]:
    """Masks of a sensible size and with a stable outline in `boxes` (n, 4): left, top, right, bottom in pixels.

    There are several of a box, and near-duplicates among them. Raises `ModelFileError`.
    """
    found = image.from_boxes(boxes)
    proposals: list[Proposal] = []
    for logits, quality in zip(found.logits, found.quality, strict=True):
        for own, expected in zip(logits, quality.tolist(), strict=True):
            stability = stability_of(own)
            if stability >= _MIN_STABILITY and MIN_SHARE <= np.count_nonzero(own > 0) / own.size <= MAX_SHARE:
                proposals.append(Proposal(image, own, min(1.0, expected) * stability))
    return proposals


def stability_of(logits: NDArray[np.float32]) -> float:
    """0..1: how little a mask (h, w) depends on the threshold of its logits."""
    return np.count_nonzero(logits > 1) / max(1, np.count_nonzero(logits > -1))


def salient_boxes(salience: Values, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """(n, 4): left, top, right, bottom of what is salient, in pixels of an image of `shape`."""
    across, down = shape[1] / salience.shape[1], shape[0] / salience.shape[0]
    boxes: list[tuple[float, float, float, float]] = []
    for level in _SALIENT_LEVELS:
        parts = components(salience > level)
        for label in np.flatnonzero(parts.areas > MIN_SHARE * salience.size).tolist():
            if label > 0:
                rows, columns = parts.window(label)
                boxes.append((columns.start * across, rows.start * down, columns.stop * across, rows.stop * down))
    return np.array(boxes, np.float32).reshape(-1, 4)


def reach_of(shape: tuple[int, ...]) -> int:
    """How far the outlines of masks of an image may be off, in pixels."""
    return max(3, round(_REACH_SHARE * max(shape)))


def refined(rgb: Rgb, mask: Mask, reach: int | None = None) -> Mask:
    """The mask with its outline on the edges of the image, without specks and pinholes.

    `reach`: see `reach_of`; of the whole image, if this is a part of it.
    """
    reach = reach_of(mask.shape) if reach is None else reach
    aligned = guided_filter(rgb, mask.astype(np.float32), reach) > 0.5
    result = (aligned | shrink(mask, reach)) & grow(mask, reach)
    parts = components(result)
    is_kept = parts.areas > _MIN_PART_SHARE * np.count_nonzero(result)
    is_kept[0] = False
    result = is_kept[parts.labels]
    holes = components(fill_holes(result) & ~result)
    is_filled = holes.areas < _MAX_HOLE_SHARE * np.count_nonzero(result)
    is_filled[0] = False
    return result | is_filled[holes.labels]
