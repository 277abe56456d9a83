"""Samples of other than 8 bits: whole numbers of 1 to 64 bits and floats, brought to 8 bits with correct rounding."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Pixels

_STRIP_ROWS = 256  # bounds the temporaries of a large picture
_OVERSHOOT = 2.0  # floats up to here are 0..1 with highlights that shine over; beyond, they count 0..255


def eight_bit(samples: NDArray[Any], shown: str, bits: int | None = None) -> Pixels:
    """The same picture with 0..255, half up. uint8 as it is, not copied; bool, uint16, uint32 and uint64 over their
    full range; floats as 0..1, or as 0..255 if any is above 2 (clipped; not-a-number becomes 0).

    `bits`: so many of uint8 or uint16 samples are used, if not all. Raises `LaminaError` (input_not_an_image) for other
    types and for floats past 255. `shown` names the picture.
    """
    if samples.dtype == np.bool_:
        return samples.astype(np.uint8) * np.uint8(255)
    if samples.dtype.kind == "f":
        return _eight_of_floats(samples, shown)
    if samples.dtype.kind != "u":
        raise unknown_range(shown, f"{samples.dtype} samples")
    used = bits or samples.dtype.itemsize * 8
    if used == 8:
        return samples.astype(np.uint8, copy=False)
    if samples.dtype.itemsize <= 2:
        return _levels(used)[samples]
    return _in_strips(samples, _eight_of_64 if samples.dtype.itemsize == 8 else _eight_of_32)


def straight_eight_bit(samples: NDArray[Any], shown: str, bits: int | None = None) -> Pixels:
    """The same as `eight_bit` of (height, width, channels) whose last channel is alpha and whose others were multiplied
    by it: divided again, with one rounding. Where alpha is 0 the others stay as they are.
    """
    full = (
        _float_full(samples, shown) if samples.dtype.kind == "f" else float((1 << (bits or 8 * samples.itemsize)) - 1)
    )

    def divided(strip: NDArray[Any]) -> NDArray[Any]:
        numbers = _finite(strip)
        alpha = np.clip(numbers[..., -1:], 0, full)
        # 255 * colour / alpha rounded half up, of whole numbers up to 32 bits without any error of floats before it
        colour = (numbers[..., :-1] * 510 + alpha) / np.where(alpha > 0, 2 * alpha, 1)
        colour = np.where(alpha > 0, colour, numbers[..., :-1] * (255 / full) + 0.5)
        return np.floor(np.clip(np.concatenate([colour, alpha * (255 / full) + 0.5], -1), 0, 255))

    return _in_strips(samples, divided)


@cache
def _levels(bits: int) -> Pixels:
    """round(v * 255 / (2^bits - 1)) of every v."""
    full = (1 << bits) - 1
    levels = ((np.arange(full + 1, dtype=np.uint32) * 510 + full) // (2 * full)).astype(np.uint8)
    levels.flags.writeable = False
    return levels


def _eight_of_32(strip: NDArray[Any]) -> NDArray[Any]:
    full = (1 << 32) - 1
    return (strip.astype(np.uint64) * 510 + full) // (2 * full)


def _eight_of_64(strip: NDArray[Any]) -> NDArray[Any]:
    return _eight_of_32(strip >> np.uint64(32))  # what lies below cannot be seen


def _eight_of_floats(samples: NDArray[Any], shown: str) -> Pixels:
    scale = 255.0 / _float_full(samples, shown)
    return _in_strips(samples, lambda strip: np.floor(np.clip(_finite(strip) * scale, 0, 255) + 0.5))


def _float_full(samples: NDArray[Any], shown: str) -> float:
    """What stands for white: 1 or 255."""
    tops = range(0, samples.shape[0], _STRIP_ROWS)
    highest = max(float(_finite(samples[top : top + _STRIP_ROWS]).max()) for top in tops)
    if highest > 255:
        raise unknown_range(shown, f"floats up to {highest:g}")
    return 1.0 if highest <= _OVERSHOOT else 255.0


def _in_strips(samples: NDArray[Any], convert: Any) -> Pixels:
    result = np.zeros(samples.shape, np.uint8)
    for top in range(0, samples.shape[0], _STRIP_ROWS):
        result[top : top + _STRIP_ROWS] = convert(samples[top : top + _STRIP_ROWS])
    return result


def _finite(strip: NDArray[Any]) -> NDArray[np.float64]:
    return np.nan_to_num(strip.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)


def unknown_range(shown: str, what: str) -> LaminaError:
    """The error (input_not_an_image) for samples of which nobody can know what stands for black and white."""
    return LaminaError(
        ErrorCode.INPUT_NOT_AN_IMAGE,
        f"{shown} holds {what}, whose black and white are unknown.",
        "Save it with 8 or 16 bits a channel, or as floats from 0 to 1.",
    )
