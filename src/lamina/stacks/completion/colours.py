"""The colours of the hidden part of a layer, from those that are seen."""

import cv2
import numpy as np

from lamina.core.layers import Pixels
from lamina.engines.classic.exemplar_fill import exemplar_fill
from lamina.engines.classic.fill import fill
from lamina.engines.classic.raster import Mask, depth, nearest_values

_TEXTURE_LEVELS = 5.0
_EDGE_PX = 2.5  # at its edges a layer has mixed colours, unless nothing else is left of it


def coloured(pixels: Pixels, known: Mask, wanted: Mask) -> Pixels:
    """(h, w, 4): the pixels with the colours of `wanted` continued from those of `known`; alpha is 255 in both."""
    deep = known & (depth(known) > _EDGE_PX)
    sure = deep if deep.any() else known
    opaque = pixels.copy()
    opaque[..., 3] = 255
    smooth = fill(opaque, wanted, sure)
    if not _is_textured(opaque, sure):
        return smooth
    # the search takes pieces from everywhere: where nothing is known, it finds the smooth continuation
    ground = nearest_values(opaque, sure)
    ground[sure | wanted] = smooth[sure | wanted]
    textured = exemplar_fill(ground, wanted)
    return smooth if textured is None else textured


def _is_textured(pixels: Pixels, known: Mask) -> bool:
    """True if most of the known pixels differ from a smooth picture."""
    inner = known & (depth(known) > 2 * _EDGE_PX)
    if not inner.any():
        return False
    values = pixels[..., :3].astype(np.float32)
    roughness = np.abs(values - np.asarray(cv2.blur(values, (5, 5)))).max(-1)
    return float(np.median(roughness[inner])) > _TEXTURE_LEVELS
