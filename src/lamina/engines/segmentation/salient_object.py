"""Finds what stands out in a picture, by the network that is chosen for it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.segmentation.model_files import outputs_of
from lamina.engines.segmentation.networks import U2NETP, SaliencyNetwork

_MAX_LOGIT = 30.0  # farther ones are 0 or 1


def salience(rgb: NDArray[np.uint8], network: SaliencyNetwork = U2NETP) -> NDArray[np.float32]:
    """(side, side) in 0..1: how likely each part of `rgb` (h, w, 3) belongs to the salient object.

    The picture is squeezed into the square that the network takes. Raises `ModelFileError`.
    """
    side = network.side_px
    small = np.asarray(cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA), np.float32)
    small /= max(float(small.max()), 1.0) if network.is_stretched else 255.0
    values = (small - np.array(network.mean, np.float32)) / np.array(network.deviation, np.float32)
    inputs = {network.input: values.transpose(2, 0, 1)[None]}
    (output,) = outputs_of(network.file, (network.output,), inputs)
    found = np.asarray(output[0, 0], np.float32)
    if network.is_logits:
        found = np.asarray(1 / (1 + np.exp(-np.clip(found, -_MAX_LOGIT, _MAX_LOGIT))), np.float32)
    return found
