"""Reads one picture from a file, from standard input, from bytes or from memory: upright, sRGB, 8-bit RGBA."""

import io
import os
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Pixels
from lamina.imaging import decoding
from lamina.imaging.deep_samples import eight_bit
from lamina.imaging.picture_format import HEAD_BYTES, format_of_bytes

STDIN = "-"
DEFAULT_NAME = "picture"  # what a picture without a file name is called

MAX_MEGAPIXELS = 64
_CHUNK_BYTES = 1 << 24
_MAX_FILE_BYTES = 2 << 30  # 64 megapixels of four 32-bit floats are 1 GiB


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture as every engine takes it.

    `pixels`: (height, width, 4) uint8, RGBA, sRGB, straight alpha, upright, made read-only. `source`: the path, or "-".
    `format`: "PNG", "JPEG", ...; "array" for a picture from memory. `frame_count`: frames or pages in the file; the
    first one is read. `has_alpha`: some pixel is not opaque.
    """

    pixels: Pixels = field(repr=False)
    source: str
    format: str
    frame_count: int = 1

    def __post_init__(self) -> None:
        self.pixels.flags.writeable = False

    @property
    def width(self) -> int:
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        return self.pixels.shape[0]

    @property
    def has_alpha(self) -> bool:
        return bool((self.pixels[..., 3] < 255).any())


def read_picture(source: str | os.PathLike[str] | bytes, max_megapixels: float = MAX_MEGAPIXELS) -> Picture:
    """Read a PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF from a path, from standard input ("-") or from its bytes.

    Rotated as its EXIF says, converted to sRGB where it carries a colour profile, alpha kept; of an animation or a
    multi-page file the first frame. Sizes are checked before anything is decoded.
    Raises `LaminaError`: input_not_found, input_unreadable, input_empty, input_not_an_image, input_corrupt,
    input_too_large.
    """
    if isinstance(source, bytes):
        name, shown, data = DEFAULT_NAME, "The picture", source
    elif (name := os.fspath(source)) == STDIN:
        shown, data = "Standard input", _read_stdin()
    else:
        shown, data = repr(name), _read_file(name)
    format_name = _checked_format(data, shown)
    decoded = decoding.decode(data, format_name, shown, max_megapixels)
    return Picture(decoded.pixels, name, format_name, decoded.frame_count)


def picture_from_image(image: Image.Image, max_megapixels: float = MAX_MEGAPIXELS) -> Picture:
    """A Pillow image, treated as one read from a file: its EXIF rotation, colour profile and alpha count."""
    decoding.check_size(image.width, image.height, "The picture", max_megapixels)
    decoded = decoding.decode_image(image, "The picture")
    return Picture(decoded.pixels, DEFAULT_NAME, image.format or "array")


def picture_from_array(array: NDArray[Any], max_megapixels: float = MAX_MEGAPIXELS) -> Picture:
    """A numpy array, (height, width) grey or (height, width, 1..4) grey, grey + alpha, RGB or RGBA, taken as sRGB.

    uint8; bool; uint16 over its full range; floats from 0 to 1.
    """
    if array.ndim not in (2, 3) or 0 in array.shape or (array.ndim == 3 and array.shape[2] > 4):
        raise LaminaError(
            ErrorCode.INPUT_NOT_AN_IMAGE,
            f"The array has the shape {array.shape}.",
            "Give (height, width) grey, or (height, width, 3) RGB or (height, width, 4) RGBA.",
        )
    decoding.check_size(array.shape[1], array.shape[0], "The array", max_megapixels)
    return Picture(_with_four_channels(eight_bit(array, "The array")), DEFAULT_NAME, "array")


def _with_four_channels(samples: Pixels) -> Pixels:
    channels = samples if samples.ndim == 3 else samples[..., None]
    pixels = np.full((*channels.shape[:2], 4), 255, np.uint8)
    count = channels.shape[2]
    pixels[..., :3] = channels[..., :3] if count >= 3 else channels[..., :1]
    if count in (2, 4):
        pixels[..., 3] = channels[..., -1]
    return pixels


def _read_file(name: str) -> bytes:
    try:
        if not name:
            raise FileNotFoundError
        with Path(name).open("rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode) and status.st_size > _MAX_FILE_BYTES:
                raise _too_many_bytes(repr(name))
            return _read_stream(file, repr(name))
    except FileNotFoundError:
        raise LaminaError(
            ErrorCode.INPUT_NOT_FOUND, f"There is no file {name!r}.", "Check its name and the folder you are in."
        ) from None
    except IsADirectoryError:
        raise LaminaError(
            ErrorCode.INPUT_UNREADABLE, f"{name!r} is a folder, not a picture.", "Name a picture in it."
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise LaminaError(
            ErrorCode.INPUT_UNREADABLE,
            f"{name!r} cannot be read: {reason}.",
            "Check the file and your permission to read it.",
        ) from None


def _read_stdin() -> bytes:
    hint = f"Send a picture to it, as in: lamina decompose {STDIN} < poster.png"
    if sys.stdin is None:
        raise LaminaError(ErrorCode.INPUT_UNREADABLE, "Standard input is closed.", hint)
    if sys.stdin.isatty():
        raise LaminaError(ErrorCode.INPUT_UNREADABLE, "Standard input is the keyboard.", hint)
    try:
        return _read_stream(sys.stdin.buffer, "Standard input")
    except OSError as error:
        message = f"Standard input cannot be read: {error.strerror or error}."
        raise LaminaError(ErrorCode.INPUT_UNREADABLE, message, hint) from None


def _read_stream(stream: IO[bytes], shown: str) -> bytes:
    """All bytes of the stream; no more than its head if that is not a picture's, so that an endless device ends."""
    head = stream.read(HEAD_BYTES)
    if not head or format_of_bytes(head) is None:
        return head
    data = io.BytesIO(head)
    data.seek(0, os.SEEK_END)
    while chunk := stream.read(_CHUNK_BYTES):  # all at once would take the memory of the largest file for every file
        if data.tell() + len(chunk) > _MAX_FILE_BYTES:
            raise _too_many_bytes(shown)
        data.write(chunk)
    return data.getvalue()


def _too_many_bytes(shown: str) -> LaminaError:
    return LaminaError(
        ErrorCode.INPUT_TOO_LARGE,
        f"{shown} is larger than {_MAX_FILE_BYTES >> 30} GiB.",
        "Save it compressed, or with 8 bits a channel.",
    )


def _checked_format(data: bytes, shown: str) -> str:
    if not data:
        raise LaminaError(ErrorCode.INPUT_EMPTY, f"{shown} is empty (0 bytes).", "Export or download it again.")
    found = format_of_bytes(data)
    if found is None or not found.is_readable:
        what = "is not a picture in a format that Lamina knows" if found is None else f"is {found.name}"
        raise LaminaError(
            ErrorCode.INPUT_NOT_AN_IMAGE,
            f"{shown} {what}.",
            "Lamina reads PNG, JPEG, WebP, GIF, BMP, TIFF and AVIF; save it as one of those.",
        )
    return found.name
