"""Parses a Photoshop file by psd-tools, if need be without the image resources that it stumbles over."""

import io
import struct
from typing import BinaryIO

from psd_tools import ParseLimitError, ParseLimits, PSDImage
from psd_tools.constants import Resource

from lamina.core.errors import ErrorCode, LaminaError
from lamina.imaging.read_errors import CorruptFileError

_MAX_OBJECTS = 1_000_000
_MAX_ALLOCATION_BYTES = 4 << 30  # of psd-tools at a time; `SizeLimits` is stricter for all that is drawn
_UNPARSED = (ArithmeticError, AssertionError, AttributeError, LookupError, OSError, TypeError, ValueError, struct.error)
_HEADER_BYTES = 26
_RESOURCES_READ = (
    Resource.ALPHA_IDENTIFIERS,
    Resource.ALPHA_NAMES_PASCAL,
    Resource.ALPHA_NAMES_UNICODE,
    Resource.ICC_PROFILE,
    Resource.VERSION_INFO,
    Resource.XMP_METADATA,
)


def parse(file: BinaryIO) -> PSDImage:
    """Raises `LaminaError` (input_too_large) and `CorruptFileError`."""
    try:
        return _parsed(file)
    except _UNPARSED:
        pass  # Photoshop 2.5, for one, writes some resources shorter than its specification has them
    try:
        return _parsed(_with_resources_read(file))
    except _UNPARSED as error:  # their texts are for programmers
        raise CorruptFileError("its sections are not as the format has them") from error


def _parsed(file: BinaryIO) -> PSDImage:
    limits = ParseLimits(max_objects=_MAX_OBJECTS)
    try:
        return PSDImage.open(file, max_alloc_bytes=_MAX_ALLOCATION_BYTES, parse_limits=limits)
    except ParseLimitError as error:
        raise LaminaError(
            ErrorCode.INPUT_TOO_LARGE, "It has too many parts to be read.", "Merge some in the program that made it."
        ) from error


def _with_resources_read(file: BinaryIO) -> BinaryIO:
    """The same file with no other image resources than those that Lamina has a use for."""
    file.seek(0)
    head = file.read(_HEADER_BYTES)
    colour_data, resources = _section(file), _section(file)
    kept = _resources_read(resources)
    parts = [_length(colour_data), colour_data, _length(kept), kept, file.read()]
    return io.BytesIO(b"".join([head, *parts]))


def _section(file: BinaryIO) -> bytes:
    (length,) = struct.unpack(">I", file.read(4))
    return file.read(length)


def _length(section: bytes) -> bytes:
    return struct.pack(">I", len(section))


def _resources_read(section: bytes) -> bytes:
    kept, start = b"", 0
    while start + 12 <= len(section):
        (key,) = struct.unpack_from(">H", section, start + 4)
        name_bytes = section[start + 6] + 1
        data_at = start + 6 + name_bytes + name_bytes % 2
        (length,) = struct.unpack_from(">I", section, data_at)
        end = data_at + 4 + length + length % 2
        if key in _RESOURCES_READ:
            kept += section[start:end]
        start = end
    return kept
