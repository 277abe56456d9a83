"""Detects large text in a reduced copy of the image, because the detector joins large letters with what is near."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.raster import Rgb
from lamina.engines.classic.text_detector import detect_lines

_SIDE_PX = 320  # letters of a fifth of the image are then as high as the detector expects
_MIN_HEIGHT_PX = 10  # in the reduced copy: lower lines are found better at full size
_MAX_SHARED = 0.3  # of the smaller of two lines: more, and they are the same

Quad = NDArray[np.float32]


def large_lines(rgb: Rgb, known: Sequence[Quad]) -> list[tuple[Quad, float]]:
    """Large lines in `rgb` (height, width, 3) besides the `known` ones: their corners and detection scores 0..1."""
    scale = _SIDE_PX / max(rgb.shape[:2])
    if scale >= 1:
        return []
    size = max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale))
    stretch = np.array([rgb.shape[1] / size[0], rgb.shape[0] / size[1]], np.float32)
    found = detect_lines(np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8))
    high = [(quad * stretch, certainty) for quad, certainty in found if _height(quad) >= _MIN_HEIGHT_PX]
    return [(quad, certainty) for quad, certainty in high if not any(are_same(quad, other) for other in known)]


def are_same(first: Quad, second: Quad) -> bool:
    """True if two lines have so much in common that at most one of them is right."""
    areas = [cv2.contourArea(quad) for quad in (first, second)]
    common, _ = cv2.intersectConvexConvex(first, second)
    return common > _MAX_SHARED * min(areas)


def _height(quad: Quad) -> float:
    return float(min(np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1])))
