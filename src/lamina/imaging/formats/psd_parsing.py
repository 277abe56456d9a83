"""Parses a Photoshop file with psd-tools, if necessary without image resources that it cannot parse."""

import io
import struct
from typing import BinaryIO

from psd_tools import ParseLimitError, ParseLimits, PSDImage
from psd_tools.constants import Resource

from lamina.core.errors import ErrorCode, LaminaError
from lamina.imaging.read_errors import CorruptFileError

_MAX_OBJECTS = 1_000_000
_MAX_ALLOCATION_BYTES = 4 << 30  # per allocation of psd-tools; `SizeLimits` is stricter for rendered layers
_PARSER_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    TypeError,
    ValueError,
    struct.error,
)
_HEADER_BYTES = 26
_USED_RESOURCES = (
    Resource.ALPHA_IDENTIFIERS,
    Resource.ALPHA_NAMES_PASCAL,
    Resource.ALPHA_NAMES_UNICODE,
    Resource.ICC_PROFILE,
    Resource.VERSION_INFO,
    Resource.XMP_METADATA,
)


def parse(file: BinaryIO) -> PSDImage:
    """The parsed document. Raises `LaminaError` (input_too_large) and `CorruptFileError`."""
    try:
        return _parse(file)
    except _PARSER_ERRORS:
        pass  # Photoshop 2.5, for example, writes some resources shorter than specified
    try:
        return _parse(_without_unused_resources(file))
    except _PARSER_ERRORS as error:  # messages of psd-tools mean nothing to users
        raise CorruptFileError("its sections violate the format") from error


def _parse(file: BinaryIO) -> PSDImage:
    limits = ParseLimits(max_objects=_MAX_OBJECTS)
    try:
        return PSDImage.open(file, max_alloc_bytes=_MAX_ALLOCATION_BYTES, parse_limits=limits)
    except ParseLimitError as error:
        raise LaminaError(
            ErrorCode.INPUT_TOO_LARGE,
            "The file has too many parts to be parsed.",
            "Merge layers in the program that made it.",
        ) from error


def _without_unused_resources(file: BinaryIO) -> BinaryIO:
    """A copy of the file that contains only the image resources that Lamina uses."""
    file.seek(0)
    head = file.read(_HEADER_BYTES)
    colour_data, resources = _section(file), _section(file)
    kept = _filter_resources(resources)
    parts = [_length(colour_data), colour_data, _length(kept), kept, file.read()]
    return io.BytesIO(b"".join([head, *parts]))


def _section(file: BinaryIO) -> bytes:
    (length,) = struct.unpack(">I", file.read(4))
    return file.read(length)


def _length(section: bytes) -> bytes:
    return struct.pack(">I", len(section))


def _filter_resources(section: bytes) -> bytes:
    kept, start = b"", 0
    while start + 12 <= len(section):
        (key,) = struct.unpack_from(">H", section, start + 4)
        name_bytes = section[start + 6] + 1
        data_at = start + 6 + name_bytes + name_bytes % 2
        (length,) = struct.unpack_from(">I", section, data_at)
        end = data_at + 4 + length + length % 2
        if key in _USED_RESOURCES:
            kept += section[start:end]
        start = end
    return kept
