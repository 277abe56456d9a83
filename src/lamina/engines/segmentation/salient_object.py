"""Finds what stands out in a picture, by U²-Netp (Qin et al., 2020)."""

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.segmentation.model_files import SALIENCY, session

_SIDE_PX = 320
_MEAN, _DEVIATION = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)


def salience(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(320, 320) in 0..1: how likely each part of `rgb` (h, w, 3) belongs to the salient object.

    The picture is squeezed into a square. Raises `ModelFileError`.
    """
    small = np.asarray(cv2.resize(rgb, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA), np.float32)
    small /= max(float(small.max()), 1.0)
    values = ((small - _MEAN) / _DEVIATION).transpose(2, 0, 1)[None]
    network = session(SALIENCY)
    (first,) = network.run([network.get_outputs()[0].name], {network.get_inputs()[0].name: values})
    return np.asarray(first[0, 0], np.float32)
