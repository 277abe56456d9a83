"""Fills holes in textures and photographs with pieces of what is around them, by PatchMatch (Barnes et al., 2009)."""

import importlib
from functools import cache
from typing import Any

import cv2
import numpy as np

from lamina.core.layers import Pixels
from lamina.engines.classic.raster import Mask, bounding_box, window_of

_SIDE_PX = 384  # the longer side of what is searched; the time grows with the square
_PATCH_RADIUS_PX = 4
_MARGIN_PX = 48
_MAX_HOLE_SHARE = 0.6  # of what is searched: larger holes become tiles of the few pieces that are left
_SEED = 7


def exemplar_fill(picture: Pixels, hole: Mask) -> Pixels | None:
    """`picture` (h, w, 4), opaque, with the pixels of `hole` filled; the same for the same input.

    None if the library is missing, or if too little is around the hole.
    """
    if _library() is None or not hole.any() or hole.all():
        return None
    rows, columns = _window(hole)
    if hole[rows, columns].mean() > _MAX_HOLE_SHARE:
        rows, columns = slice(None), slice(None)
    part, inside = picture[rows, columns, :3], hole[rows, columns]
    if inside.mean() > _MAX_HOLE_SHARE:
        return None
    height, width = inside.shape
    scale = min(1.0, _SIDE_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
    # where a reduced pixel mixes in the hole, it counts as hole
    small_hole = np.asarray(cv2.resize(inside.astype(np.float32), size, interpolation=cv2.INTER_AREA)) > 0
    filled = np.asarray(cv2.resize(_inpainted(small, small_hole), (width, height), interpolation=cv2.INTER_CUBIC))
    out = picture.copy()
    out[rows, columns, :3][inside] = filled[inside]
    return out


def _inpainted(rgb: Pixels, hole: Mask) -> Pixels:
    library = _library()
    library.set_random_seed(_SEED)
    return np.asarray(library.inpaint(rgb, hole.astype(np.uint8), patch_size=_PATCH_RADIUS_PX), np.uint8)


def _window(hole: Mask) -> tuple[slice, slice]:
    """The bounding box of the hole with as much around it again."""
    box = bounding_box(hole)
    return window_of(box, max(_MARGIN_PX, max(box[2:]) // 2))


@cache
def _library() -> Any:
    """The module of pypatchmatch, or None where it has no wheel."""
    try:
        return importlib.import_module("patchmatch")
    except (ImportError, OSError):
        return None
