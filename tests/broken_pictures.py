"""Damaged pictures by lot: every kind of file, cut short, with bytes changed, taken out or put in."""

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lamina.core.errors import LaminaError
from lamina.imaging.picture import read_picture
from picture_formats import files_of
from used_memory import fill_freed_memory

_HEAD_BYTES = 300  # where most of what decides is; a half of the changes falls there
_MOST_MEGAPIXELS = 1
_LEVELS = (0x5A, 0xC3)
_FAXES = ("tiff_ccitt", "group3", "group4")


@dataclass(frozen=True, slots=True)
class Broken:
    """`what`: kind of file and number, to find it again."""

    what: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Fate:
    """What reading came to: `message` is empty if it was read. `fault`: what must not be, else empty."""

    message: str
    fault: str
    seconds: float


def broken_files(seed: int, count: int) -> Iterator[Broken]:
    lot = Random(seed)  # noqa: S311  # what is wanted is the same again
    whole = _whole_files()
    for number in range(count):
        kind = lot.choice(list(whole))
        yield Broken(f"{kind} {seed}/{number}", _damaged(whole[kind], lot))


def fate_of(data: bytes) -> Fate:
    """Read twice, each time after other pictures were in the memory: with the same end, a picture or a `LaminaError`
    in our own words.
    """
    begun = time.perf_counter()
    ends = [_end(data, level) for level in _LEVELS]
    seconds = (time.perf_counter() - begun) / len(ends)
    message, fault = ends[0][1:]
    if ends[0] != ends[1]:
        fault = "another end the second time"
    return Fate(message, fault, seconds)


def _end(data: bytes, level: int) -> tuple[bytes, str, str]:
    """The pixels, the message and the fault."""
    fill_freed_memory(level, 64 * 48 * 4)
    try:
        picture = read_picture(data, _MOST_MEGAPIXELS)
    except LaminaError as error:
        is_foreign = any(sign in error.message for sign in ("<", "b'", "Error", "PIL", "\n", "0x7f", "errno"))
        return b"", error.message, "words of a library" if is_foreign else ""
    except Exception as error:  # noqa: BLE001  # that is what is looked for
        return b"", "", f"{type(error).__name__}: {error}"
    return picture.pixels.tobytes(), "", ""


@cache
def _whole_files() -> dict[str, bytes]:
    y, x = np.mgrid[0:48, 0:64]
    noise = np.random.default_rng(1).integers(0, 32, (48, 64, 4))
    files = files_of((np.stack([x + y, 2 * x, 3 * y, 255 - x], -1) % 224 + noise).astype(np.uint8))
    return files | {f"tiff {compression}": _fax(noise[..., 0] > 15, compression) for compression in _FAXES}


def _fax(dots: NDArray[np.bool_], compression: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(dots).save(file, "TIFF", compression=compression)
    return file.getvalue()


def _damaged(data: bytes, lot: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(lot.choice((1, 1, 1, 2, 4))):
        at = lot.randrange(min(_HEAD_BYTES, len(changed)) if lot.random() < 0.5 else len(changed))
        size = lot.choice((1, 1, 2, 4, 16, 100))
        match lot.randrange(6):
            case 0:
                changed = changed[: max(1, lot.randrange(len(changed)))]
            case 1:
                changed[at] ^= 1 << lot.randrange(8)
            case 2:
                changed[at : at + size] = lot.randbytes(len(changed[at : at + size]))
            case 3:
                changed[at : at + size] = bytes([lot.choice((0, 255))]) * len(changed[at : at + size])
            case 4:
                del changed[at : at + size]
            case _:
                changed[at:at] = lot.randbytes(size)
        if not changed:
            return data[:1]
    return bytes(changed)
