"""Converts samples of any bit depth (1 to 64-bit integers, floats) to 8 bits with correct rounding."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Pixels

_STRIP_ROWS = 256  # bounds the temporaries of a large picture
_OVERSHOOT = (
    2.0  # floats up to this value have the range 0..1, with highlights above white; larger ones have the range 0..255
)


def to_8_bit(samples: NDArray[Any], label: str, bits: int | None = None) -> Pixels:
    """Scales samples to 0..255 and rounds half up; uint8 samples are returned without a copy.

    bool, uint16, uint32 and uint64 are scaled from their full range; floats from 0..1, or from 0..255 if any is above 2
    (clipped; NaN becomes 0). `bits`: the significant bits of uint8 or uint16 samples, if not all. `label`: the subject
    of error messages. Raises `LaminaError` (input_not_an_image) for other types and for floats above 255.
    """
    if samples.dtype == np.bool_:
        return samples.astype(np.uint8) * np.uint8(255)
    if samples.dtype.kind == "f":
        return _floats_to_8_bit(samples, label)
    if samples.dtype.kind != "u":
        raise unknown_range_error(label, f"{samples.dtype} samples")
    bit_depth = bits or samples.dtype.itemsize * 8
    if bit_depth == 8:
        return samples.astype(np.uint8, copy=False)
    if samples.dtype.itemsize <= 2:
        return _lookup_table(bit_depth)[samples]
    return _in_strips(samples, _uint64_to_8_bit if samples.dtype.itemsize == 8 else _uint32_to_8_bit)


def to_straight_8_bit(samples: NDArray[Any], label: str, bits: int | None = None) -> Pixels:
    """Like `to_8_bit`, for (height, width, channels) with premultiplied alpha in the last channel.

    Colours are divided by alpha and rounded once. Where alpha is 0, they keep their values.
    """
    white = (
        _float_white(samples, label) if samples.dtype.kind == "f" else float((1 << (bits or 8 * samples.itemsize)) - 1)
    )

    def unpremultiply(strip: NDArray[Any]) -> NDArray[Any]:
        numbers = _finite(strip)
        alpha = np.clip(numbers[..., -1:], 0, white)
        # 255 * colour / alpha, rounded half up; float64 is exact for integers of up to 32 bits
        colour = (numbers[..., :-1] * 510 + alpha) / np.where(alpha > 0, 2 * alpha, 1)
        colour = np.where(alpha > 0, colour, numbers[..., :-1] * (255 / white) + 0.5)
        return np.floor(np.clip(np.concatenate([colour, alpha * (255 / white) + 0.5], -1), 0, 255))

    return _in_strips(samples, unpremultiply)


@cache
def _lookup_table(bits: int) -> Pixels:
    """round(v * 255 / (2^bits - 1)) for each sample value v."""
    full = (1 << bits) - 1
    levels = ((np.arange(full + 1, dtype=np.uint32) * 510 + full) // (2 * full)).astype(np.uint8)
    levels.flags.writeable = False
    return levels


def _uint32_to_8_bit(strip: NDArray[Any]) -> NDArray[Any]:
    full = (1 << 32) - 1
    return (strip.astype(np.uint64) * 510 + full) // (2 * full)


def _uint64_to_8_bit(strip: NDArray[Any]) -> NDArray[Any]:
    return _uint32_to_8_bit(strip >> np.uint64(32))  # the lower 32 bits do not affect the result


def _floats_to_8_bit(samples: NDArray[Any], label: str) -> Pixels:
    scale = 255.0 / _float_white(samples, label)
    return _in_strips(samples, lambda strip: np.floor(np.clip(_finite(strip) * scale, 0, 255) + 0.5))


def _float_white(samples: NDArray[Any], label: str) -> float:
    """The value of white: 1 or 255."""
    tops = range(0, samples.shape[0], _STRIP_ROWS)
    highest = max(float(_finite(samples[top : top + _STRIP_ROWS]).max()) for top in tops)
    if highest > 255:
        raise unknown_range_error(label, f"floats up to {highest:g}")
    return 1.0 if highest <= _OVERSHOOT else 255.0


def _in_strips(samples: NDArray[Any], convert: Callable[[NDArray[Any]], NDArray[Any]]) -> Pixels:
    result = np.zeros(samples.shape, np.uint8)
    for top in range(0, samples.shape[0], _STRIP_ROWS):
        result[top : top + _STRIP_ROWS] = convert(samples[top : top + _STRIP_ROWS])
    return result


def _finite(strip: NDArray[Any]) -> NDArray[np.float64]:
    return np.nan_to_num(strip.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)


def unknown_range_error(label: str, sample_type: str) -> LaminaError:
    """The error input_not_an_image for samples whose values of black and white are not defined."""
    return LaminaError(
        ErrorCode.INPUT_NOT_AN_IMAGE,
        f"{label} contains {sample_type}, whose values of black and white are not defined.",
        "Save it with 8 or 16 bits per channel, or as floats from 0 to 1.",
    )
