"""Predicts masks of what is in boxes or at points, by a network like Segment Anything (Kirillov et al., 2023)."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.segmentation.model_files import outputs_of
from lamina.engines.segmentation.networks import MOBILE_SAM, PromptNetwork

Floats = NDArray[np.float32]

_LOGIT_PX = 4  # pixels of the encoder's input per pixel of the logits
_OUTSIDE, _INSIDE, _TOP_LEFT, _BOTTOM_RIGHT, _PADDING = 0, 1, 2, 3, -1  # labels of points
_NO_POINTS = np.empty((0, 2), np.float32)


@dataclass(frozen=True, eq=False)
class Proposals:
    """For each of n boxes or points some masks, since it may be unclear what is meant: the whole, or a part of it.

    `logits` (n, masks, h, w): above 0 inside the mask, at reduced size. `quality` (n, masks): predicted intersection
    over union.
    """

    logits: Floats
    quality: Floats

    def __len__(self) -> int:
        return len(self.quality)


class PromptableImage:
    """A picture (h, w, 3) that was encoded once, so that each prompt is cheap. Raises `ModelFileError`."""

    def __init__(self, rgb: NDArray[np.uint8], network: PromptNetwork = MOBILE_SAM) -> None:
        self._network, self._shape = network, rgb.shape[:2]
        sides = self._shape if network.is_squeezed else (max(self._shape),) * 2
        self._scale = network.side_px / sides[1], network.side_px / sides[0]  # across, down
        width, height = (max(1, round(self._shape[1 - axis] * self._scale[axis])) for axis in (0, 1))
        self._logit_shape = -(-height // _LOGIT_PX), -(-width // _LOGIT_PX)
        way = cv2.INTER_AREA if min(self._scale) < 1 else cv2.INTER_LINEAR
        resized = np.asarray(cv2.resize(rgb, (width, height), interpolation=way), np.float32)
        values = np.zeros((1, 3, network.side_px, network.side_px), np.float32)
        mean, deviation = (np.array(channels) * 255 for channels in (network.mean, network.deviation))
        normal = (resized - mean.astype(np.float32)) / deviation.astype(np.float32)
        values[0, :, :height, :width] = normal.transpose(2, 0, 1)
        outputs = outputs_of(network.encoder, tuple(name for _, name in network.features), {network.image: values})
        self._features = {taken: output for (taken, _), output in zip(network.features, outputs, strict=True)}

    def from_boxes(self, boxes: Floats, outside: Floats = _NO_POINTS) -> Proposals:
        """Masks of what fills each of `boxes` (n, 4): left, top, right, bottom in pixels.

        `outside` (m, 2): x and y of points that belong to no mask.
        """
        return self._predicted(boxes.reshape(-1, 2, 2), [_TOP_LEFT, _BOTTOM_RIGHT], outside)

    def from_points(self, points: Floats, outside: Floats = _NO_POINTS) -> Proposals:
        """Masks of what is at each of `points` (n, 2): x and y in pixels. `outside`: as in `from_boxes`."""
        return self._predicted(points.reshape(-1, 1, 2), [_INSIDE], outside)

    def _predicted(self, points: Floats, labels: list[int], outside: Floats) -> Proposals:
        """The masks of n prompts of labelled points, (n, labels, 2) in pixels."""
        prompts = np.concatenate([points, np.broadcast_to(outside, (len(points), *outside.shape))], 1)
        labels = [*labels, *[_OUTSIDE] * len(outside)]
        height, width = self._logit_shape
        shape, batch = (len(prompts), self._network.masks), self._network.batch
        logits, quality = np.zeros((*shape, height, width), np.float32), np.zeros(shape, np.float32)
        for start in range(0, len(prompts), batch):
            part = slice(start, start + batch)
            inputs = self._features | self._prompts(prompts[part], labels)
            masks, qualities = outputs_of(self._network.decoder, self._network.outputs, inputs)
            logits[part], quality[part] = masks[:, :, :height, :width], qualities
        return Proposals(logits, quality)

    def full_size(self, logits: Floats) -> Floats:
        """(h, w) at the size of the picture, of one mask's logits."""
        across, down = (scale / _LOGIT_PX for scale in self._scale)
        matrix = np.array([[across, 0, 0.5 * across - 0.5], [0, down, 0.5 * down - 0.5]])
        height, width = self._shape
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        full = cv2.warpAffine(logits, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(full, np.float32)

    def _prompts(self, points: Floats, labels: list[int]) -> dict[str, Floats]:
        """The inputs of the decoder for points (n, labels, 2)."""
        scaled = points * np.array(self._scale)
        if self._network.ends_with_padding:
            scaled = np.concatenate([scaled, np.zeros((len(points), 1, 2))], 1)
            labels = [*labels, _PADDING]
        side = self._network.side_px // _LOGIT_PX
        return {
            "point_coords": scaled.astype(np.float32),
            "point_labels": np.tile(np.array(labels, np.float32), (len(points), 1)),
            "mask_input": np.zeros((1, 1, side, side), np.float32),
            "has_mask_input": np.zeros(1, np.float32),
        }
