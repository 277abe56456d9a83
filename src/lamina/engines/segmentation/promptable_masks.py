"""Predicts masks of what is in boxes, by a network of MobileSAM's architecture (Zhang et al., 2023)."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.segmentation.model_files import DECODER, ENCODER, session

Floats = NDArray[np.float32]

_SIDE_PX = 1024  # the longer side of the picture as the encoder gets it
_LOGIT_PX = 4  # of its pixels per pixel of the logits
_BATCH = 2  # boxes at a time; memory grows with it
_MEAN = np.array([123.675, 116.28, 103.53], np.float32)
_DEVIATION = np.array([58.395, 57.12, 57.375], np.float32)
_TOP_LEFT, _BOTTOM_RIGHT, _PADDING = 2, 3, -1  # labels of points


@dataclass(frozen=True, eq=False)
class Proposals:
    """For each of n boxes four masks: one if it is clear what is meant; else the whole, a part, a part of a part.

    `logits` (n, 4, h, w): above 0 inside the mask, at reduced size. `quality` (n, 4): predicted intersection over
    union.
    """

    logits: Floats
    quality: Floats

    def __len__(self) -> int:
        return len(self.quality)


class PromptableImage:
    """A picture (h, w, 3) that was encoded once, so that each box is cheap. Raises `ModelFileError`."""

    def __init__(self, rgb: NDArray[np.uint8]) -> None:
        self._shape = rgb.shape[:2]
        self._scale = _SIDE_PX / max(self._shape)
        height, width = (max(1, round(side * self._scale)) for side in self._shape)
        self._logit_shape = -(-height // _LOGIT_PX), -(-width // _LOGIT_PX)
        way = cv2.INTER_AREA if self._scale < 1 else cv2.INTER_LINEAR
        resized = np.asarray(cv2.resize(rgb, (width, height), interpolation=way), np.float32)
        values = np.zeros((1, 3, _SIDE_PX, _SIDE_PX), np.float32)
        values[0, :, :height, :width] = ((resized - _MEAN) / _DEVIATION).transpose(2, 0, 1)
        encoder = session(ENCODER)
        (embedding,) = encoder.run(None, {encoder.get_inputs()[0].name: values})
        self._embedding = np.asarray(embedding, np.float32)

    def from_boxes(self, boxes: Floats) -> Proposals:
        """Masks of what fills each of `boxes` (n, 4): left, top, right, bottom in pixels."""
        height, width = self._logit_shape
        count = len(boxes)
        logits, quality = np.zeros((count, 4, height, width), np.float32), np.zeros((count, 4), np.float32)
        for start in range(0, count, _BATCH):
            batch = slice(start, start + _BATCH)
            corners = boxes[batch].reshape(-1, 2, 2) * self._scale
            padding = np.zeros((len(corners), 1, 2))  # the network was exported for points, which end with one
            inputs = {
                "image_embeddings": self._embedding,
                "point_coords": np.concatenate([corners, padding], 1).astype(np.float32),
                "point_labels": np.tile(np.array([_TOP_LEFT, _BOTTOM_RIGHT, _PADDING], np.float32), (len(corners), 1)),
                "mask_input": np.zeros((1, 1, 256, 256), np.float32),
                "has_mask_input": np.zeros(1, np.float32),
            }
            masks, qualities = session(DECODER).run(None, inputs)
            logits[batch], quality[batch] = masks[:, :, :height, :width], qualities
        return Proposals(logits, quality)

    def full_size(self, logits: Floats) -> Floats:
        """(h, w) at the size of the picture, of one mask's logits."""
        scale = self._scale / _LOGIT_PX
        shift = 0.5 * scale - 0.5
        matrix = np.array([[scale, 0, shift], [0, scale, shift]])
        height, width = self._shape
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        full = cv2.warpAffine(logits, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(full, np.float32)
