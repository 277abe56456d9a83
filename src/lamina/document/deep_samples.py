"""Samples of more than 8 bits: 16 and 32 bit integers and floats, brought to 8 bits with correct rounding."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Pixels

_STRIP_ROWS = 256  # bounds the temporaries of a large picture
_OVERSHOOT = 2.0  # floats up to here are 0..1 with highlights that shine over; beyond, they count 0..255


def eight_bit(samples: NDArray[Any], shown: str) -> Pixels:
    """The same picture with 0..255, half up. uint8 as it is; bool, uint16 and uint32 over their full range;
    floats as 0..1, or as 0..255 if any is above 2 (clipped; not-a-number becomes 0).

    Raises `LaminaError` (input_not_an_image) for other types and for floats past 255. `shown` names the picture.
    """
    if samples.dtype == np.uint8:
        return samples.copy()
    if samples.dtype == np.bool_:
        return samples.astype(np.uint8) * np.uint8(255)
    if samples.dtype == np.uint16:
        return _EIGHT_OF_SIXTEEN[samples]
    if samples.dtype == np.uint32:
        return _EIGHT_OF_SIXTEEN[_rounded_shift(samples)]
    if samples.dtype.kind == "f":
        return _eight_of_floats(samples, shown)
    raise _unknown_range(shown, f"{samples.dtype} samples")


# round(v / 257), since 65535 / 255 = 257
_EIGHT_OF_SIXTEEN: Pixels = ((np.arange(65536, dtype=np.uint32) + 128) // 257).astype(np.uint8)


def _rounded_shift(samples: NDArray[np.uint32]) -> NDArray[np.uint16]:
    """v / 65537, the 16-bit value of a 32-bit one."""
    return ((samples.astype(np.uint64) + 32768) // 65537).astype(np.uint16)


def _eight_of_floats(samples: NDArray[Any], shown: str) -> Pixels:
    tops = range(0, samples.shape[0], _STRIP_ROWS)
    highest = max(float(_finite(samples[top : top + _STRIP_ROWS]).max()) for top in tops)
    if highest > 255:
        raise _unknown_range(shown, f"floats up to {highest:g}")
    scale = 255.0 if highest <= _OVERSHOOT else 1.0
    result = np.empty(samples.shape, np.uint8)
    for top in tops:
        strip = _finite(samples[top : top + _STRIP_ROWS])
        result[top : top + _STRIP_ROWS] = np.floor(np.clip(strip * scale, 0, 255) + 0.5)
    return result


def _finite(strip: NDArray[Any]) -> NDArray[np.float64]:
    return np.nan_to_num(strip.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)


def _unknown_range(shown: str, what: str) -> LaminaError:
    return LaminaError(
        ErrorCode.INPUT_NOT_AN_IMAGE,
        f"{shown} holds {what}, whose black and white are unknown.",
        "Save it with 8 or 16 bits a channel, or as floats from 0 to 1.",
    )
