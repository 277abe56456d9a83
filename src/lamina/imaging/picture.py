"""Reads an image from a file, standard input, bytes, Pillow or numpy as upright sRGB 8-bit RGBA."""

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
from lamina.imaging.bit_depth import to_8_bit
from lamina.imaging.file_signatures import HEAD_BYTES, detect_file_type

STDIN = "-"
DEFAULT_NAME = "picture"  # the name of an image without a file name

MAX_MEGAPIXELS = 64
_CHUNK_BYTES = 1 << 24
_MAX_FILE_BYTES = 2 << 30  # 64 megapixels of four 32-bit floats are 1 GiB


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded image, the input of every engine.

    `pixels`: (height, width, 4) uint8 RGBA, sRGB, straight alpha, upright; made read-only. `source`: the path, or "-".
    `format`: "PNG", "JPEG", ...; "array" for an image from memory. `frame_count`: frames or pages in the file, of which
    the first was read. `has_alpha`: at least one pixel is not opaque.
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

    The EXIF orientation is applied, an embedded colour profile is converted to sRGB, and alpha is kept. Of an animation
    or a multi-page file, the first frame is read. The size is checked before the samples are decoded.
    Raises `LaminaError`: input_not_found, input_unreadable, input_empty, input_not_an_image, input_corrupt,
    input_too_large.
    """
    if isinstance(source, bytes):
        name, label, data = DEFAULT_NAME, "The picture", source
    elif (name := os.fspath(source)) == STDIN:
        label, data = "Standard input", _read_stdin()
    else:
        label, data = repr(name), _read_file(name)
    format_name = _checked_format(data, label)
    decoded = decoding.decode(data, format_name, label, max_megapixels)
    return Picture(decoded.pixels, name, format_name, decoded.frame_count)


def picture_from_image(image: Image.Image, max_megapixels: float = MAX_MEGAPIXELS) -> Picture:
    """Converts a Pillow image; its EXIF orientation and colour profile are applied and its alpha is kept."""
    decoding.check_size(image.width, image.height, "The picture", max_megapixels)
    decoded = decoding.decode_image(image, "The picture")
    return Picture(decoded.pixels, DEFAULT_NAME, image.format or "array")


def picture_from_array(array: NDArray[Any], max_megapixels: float = MAX_MEGAPIXELS) -> Picture:
    """Converts an array of sRGB samples: (height, width) grey, or (height, width, 1..4) grey, grey + alpha, RGB, RGBA.

    The samples are uint8, bool, uint16 with its full range, or floats from 0 to 1.
    Raises `LaminaError`: input_not_an_image, input_too_large.
    """
    if array.ndim not in (2, 3) or 0 in array.shape or (array.ndim == 3 and array.shape[2] > 4):
        raise LaminaError(
            ErrorCode.INPUT_NOT_AN_IMAGE,
            f"The array has the shape {array.shape}, which is not the shape of an image.",
            "Pass (height, width) grey, or (height, width, 3) RGB or (height, width, 4) RGBA.",
        )
    decoding.check_size(array.shape[1], array.shape[0], "The array", max_megapixels)
    return Picture(_with_four_channels(to_8_bit(array, "The array")), DEFAULT_NAME, "array")


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
            ErrorCode.INPUT_NOT_FOUND, f"There is no file {name!r}.", "Check the name and the current folder."
        ) from None
    except IsADirectoryError:
        raise LaminaError(
            ErrorCode.INPUT_UNREADABLE, f"{name!r} is a folder, not an image.", "Name an image in it."
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        reason = getattr(error, "strerror", None) or error
        raise LaminaError(
            ErrorCode.INPUT_UNREADABLE,
            f"{name!r} cannot be read: {reason}.",
            "Check the file and your permission to read it.",
        ) from None


def _read_stdin() -> bytes:
    hint = f"Redirect an image to it, as in: lamina decompose {STDIN} < poster.png"
    if sys.stdin is None:
        raise LaminaError(ErrorCode.INPUT_UNREADABLE, "Standard input is closed.", hint)
    if sys.stdin.isatty():
        raise LaminaError(ErrorCode.INPUT_UNREADABLE, "Standard input is a terminal.", hint)
    try:
        return _read_stream(sys.stdin.buffer, "Standard input")
    except OSError as error:
        message = f"Standard input cannot be read: {error.strerror or error}."
        raise LaminaError(ErrorCode.INPUT_UNREADABLE, message, hint) from None


def _read_stream(stream: IO[bytes], label: str) -> bytes:
    """All bytes of the stream; only its head if that is not an image, so that an endless device is not read."""
    head = stream.read(HEAD_BYTES)
    if not head or detect_file_type(head) is None:
        return head
    data = io.BytesIO(head)
    data.seek(0, os.SEEK_END)
    while chunk := stream.read(_CHUNK_BYTES):  # a single read would allocate the largest size for every file
        if data.tell() + len(chunk) > _MAX_FILE_BYTES:
            raise _too_many_bytes(label)
        data.write(chunk)
    return data.getvalue()


def _too_many_bytes(label: str) -> LaminaError:
    return LaminaError(
        ErrorCode.INPUT_TOO_LARGE,
        f"{label} is larger than {_MAX_FILE_BYTES >> 30} GiB.",
        "Save it with compression, or with 8 bits per channel.",
    )


def _checked_format(data: bytes, label: str) -> str:
    if not data:
        raise LaminaError(ErrorCode.INPUT_EMPTY, f"{label} is empty (0 bytes).", "Export or download it again.")
    file_type = detect_file_type(data)
    if file_type is None or not file_type.is_supported:
        reason = "is not an image of a known format" if file_type is None else f"is {file_type.name}"
        raise LaminaError(
            ErrorCode.INPUT_NOT_AN_IMAGE,
            f"{label} {reason}.",
            "Lamina reads PNG, JPEG, WebP, GIF, BMP, TIFF and AVIF; save it as one of these.",
        )
    return file_type.name
