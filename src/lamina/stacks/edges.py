"""Finds the edge of a thing in a picture from a rough mask of it."""

import math

import cv2
import numpy as np

from lamina.core.layers import Pixels
from lamina.engines.classic.fill import fill
from lamina.engines.classic.guided_filter import guided_filter
from lamina.engines.classic.raster import Mask, Values, as_bytes, grow, shrink

_REACH_SHARE, _MIN_REACH_PX, _MAX_REACH_PX = 0.2, 6, 64
_ROUNDS = 4
_MAX_CUT_PIXELS = 500_000  # the time of the cut grows faster than the picture
_SEED = 7
_SOFT_PX = 3
_LOW_CONTRAST = 900.0  # squared distance of two colours that are hard to distinguish
_NONE, _ALL = 0.02, 0.98


def reach_of(mask: Mask) -> int:
    """How far from the edge of a rough mask the true edge is looked for, in pixels."""
    return int(np.clip(_REACH_SHARE * np.sqrt(np.count_nonzero(mask)), _MIN_REACH_PX, _MAX_REACH_PX))


def edge_alpha(picture: Pixels, rough: Values) -> Values:
    """(h, w) in 0..1: what belongs to the thing, along the edges of `picture` (h, w, 4) near those of the mask.

    `rough`: (h, w) in 0..1. Colours inside and outside are modelled by mixtures of Gaussians in a band around the
    mask's edge (GrabCut: Rother, Kolmogorov, Blake, 2004), and the border is made soft where the picture is.
    """
    mask = rough >= 0.5
    reach = reach_of(mask)
    inner, outer = shrink(mask, reach) & (rough > _ALL), grow(mask, reach) | (rough > _NONE)
    if not inner.any():  # thinner than the band
        inner = mask & ~grow(~mask, 1)
    rgb = np.ascontiguousarray(picture[..., :3])
    scale = min(1.0, math.sqrt(_MAX_CUT_PIXELS / mask.size))
    is_thing = _cut_out(rgb, (inner, mask, outer), scale) if inner.any() and not outer.all() else mask
    soft_px = math.ceil(_SOFT_PX / scale)
    soft = guided_filter(rgb, is_thing.astype(np.float32), soft_px, shrink=1)
    near = grow(is_thing, soft_px) & ~shrink(is_thing, soft_px)
    return np.where(near, np.clip((soft - 0.5) * 1.5 + 0.5, 0, 1), is_thing).astype(np.float32)


def unmixed(picture: Pixels, below: Pixels, alpha: Values) -> Pixels:
    """(h, w, 4): the thing's own colours and its alpha, so that over `below` it looks as in the picture, or nearly.

    All are (h, w, 4) but `alpha`, (h, w) in 0..1, which is kept where the two colours are hard to distinguish.
    """
    band = (alpha > _NONE) & (alpha < _ALL)
    whole = alpha >= _ALL
    opaque = picture.copy()
    opaque[..., 3] = 255
    thing = fill(opaque, band, whole) if whole.any() else opaque
    front, back, seen = (pixels[..., :3].astype(np.float32) for pixels in (thing, below, picture))
    direction = front - back
    squared = (direction**2).sum(-1)
    position = np.clip(((seen - back) * direction).sum(-1) / np.maximum(squared, 1), 0, 1)
    trust = squared / (squared + _LOW_CONTRAST) * (below[..., 3] == 255)
    mixed = np.where(band, alpha + trust * (position - alpha), np.where(whole, 1, 0))
    out = np.where(band[..., None], thing, picture)
    out[..., 3] = np.rint(mixed * picture[..., 3])
    return out


def _cut_out(rgb: Pixels, masks: tuple[Mask, Mask, Mask], scale: float) -> Mask:
    """The thing, found on a reduced copy. `masks`: surely of the thing, roughly of it, and possibly of it."""
    height, width = rgb.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    inner, mask, outer = (cv2.resize(as_bytes(one), size, interpolation=cv2.INTER_NEAREST) > 0 for one in masks)
    labels = np.full(small.shape[:2], cv2.GC_BGD, np.uint8)
    labels[outer] = cv2.GC_PR_BGD
    labels[mask] = cv2.GC_PR_FGD
    labels[inner] = cv2.GC_FGD
    if not (inner.any() and (labels == cv2.GC_BGD).any()):
        return masks[1]
    cv2.setRNGSeed(_SEED)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(small, labels, (0, 0, 0, 0), *models, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    found = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)
    found = np.asarray(cv2.medianBlur(found, 3))  # single pixels are noise
    return np.asarray(cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR)) >= 0.5
