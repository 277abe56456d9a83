"""Makes parts of a layer composite to it in every sample, over whatever is below them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lamina.core.composite import place
from lamina.core.layers import Layer, Pixels


def exact_parts(parts: Sequence[Layer], whole: Pixels, *, may_overlap: bool) -> list[Layer]:
    """The parts, lowest first, with the pixels changed where they do not add up to `whole` (height, width, 4).

    The parts are placed on the canvas of `whole`, and lie within it. A translucent pixel, and each pixel unless
    `may_overlap`, belongs to one part only: two roundings would differ from one, and a blend mode or an opacity would
    work twice. Parts that are left without a visible pixel are omitted.
    """
    height, width = whole.shape[:2]
    together = np.zeros_like(whole)
    count = np.zeros((height, width), np.int32)
    has_opaque = np.zeros((height, width), np.bool_)
    for part in parts:
        place(together, part)
        view = _slices(part)
        count[view] += part.pixels[..., 3] > 0
        has_opaque[view] |= part.pixels[..., 3] == 255
    is_right = (together == whole).all(-1) & ((count <= 1) | (has_opaque & may_overlap))
    is_right |= (whole[..., 3] == 0) & (count == 0)
    owner = _owners(parts, height, width)
    results: list[Layer] = []
    for index, part in enumerate(parts):
        own = part if index or not (~is_right & (owner < 0)).any() else _enlarged(part, height, width)
        view = _slices(own)
        is_own = (owner[view] == index) | ((owner[view] < 0) & (index == 0))
        kept = np.where(is_own[..., None], whole[view], np.uint8(0))
        pixels = np.where(is_right[view][..., None], own.pixels, kept)
        if pixels[..., 3].any():
            results.append(replace(own, pixels=pixels).cropped())
    return results


def _owners(parts: Sequence[Layer], height: int, width: int) -> np.ndarray:
    """(height, width): the index of the part that is seen most at each pixel; -1 where all are transparent."""
    owner = np.full((height, width), -1, np.int32)
    most = np.zeros((height, width), np.float32)
    passing = np.ones((height, width), np.float32)
    for index in range(len(parts) - 1, -1, -1):
        view = _slices(parts[index])
        alpha = parts[index].pixels[..., 3].astype(np.float32) / 255
        seen = passing[view] * alpha
        is_more = seen > most[view]
        owner[view][is_more] = index
        most[view][is_more] = seen[is_more]
        passing[view] *= 1 - alpha
    return owner


def _enlarged(part: Layer, height: int, width: int) -> Layer:
    return replace(part, pixels=part.on_canvas(width, height), left=0, top=0)


def _slices(part: Layer) -> tuple[slice, slice]:
    return slice(part.top, part.top + part.height), slice(part.left, part.left + part.width)
