"""Reads the first image file directory (IFD) of a TIFF or BigTIFF, and counts the others."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lamina.imaging.read_errors import CorruptFileError

_MAX_PAGES = 1 << 20
_BIGTIFF_VERSION = 43  # classic TIFF: 42

# struct formats of the integer field types
_INTEGER_FORMATS = {1: "B", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}


@dataclass(frozen=True, slots=True)
class _Entry:
    """A directory entry. `field_type`: as TIFF 6.0 numbers them; `offset`: of its values in the file."""

    field_type: int
    count: int
    offset: int


@dataclass(frozen=True, slots=True, eq=False)
class Directory:
    """The entries of one page by tag number. Values are read on demand: corrupt unused entries do no harm."""

    data: bytes
    byte_order: Literal["<", ">"]
    entries: Mapping[int, _Entry]
    page_count: int

    def __contains__(self, tag: int) -> bool:
        return tag in self.entries

    def number(self, tag: int, default: int | None = None) -> int:
        """The first number of an entry. Raises `CorruptFileError` if it is missing and there is no default."""
        numbers = self.numbers(tag, () if default is None else (default,))
        if not numbers:
            raise CorruptFileError(f"tag {tag} is missing")
        return numbers[0]

    def numbers(self, tag: int, default: tuple[int, ...]) -> tuple[int, ...]:
        """All numbers of an entry. Raises `CorruptFileError` unless they are integers of 0 or more in the file."""
        entry = self.entries.get(tag)
        if entry is None:
            return default
        number_format = _INTEGER_FORMATS.get(entry.field_type)
        if number_format is None:
            raise CorruptFileError(f"tag {tag} does not contain integers")
        numbers = struct.unpack(f"{self.byte_order}{entry.count}{number_format}", self._value_bytes(tag, entry))
        if any(number < 0 for number in numbers):
            raise CorruptFileError(f"tag {tag} contains a negative number")
        return numbers

    def value_bytes(self, tag: int) -> bytes | None:
        """The values of an entry as stored; None if it is missing."""
        entry = self.entries.get(tag)
        return None if entry is None else self._value_bytes(tag, entry)

    def _value_bytes(self, tag: int, entry: _Entry) -> bytes:
        end = entry.offset + entry.count * _TYPE_SIZES.get(entry.field_type, 1)
        if end > len(self.data):
            raise CorruptFileError(f"tag {tag} ends at byte {end}, but the file has {len(self.data)} bytes")
        return self.data[entry.offset : end]


def read_directory(data: bytes) -> Directory:
    """The first directory. Raises `CorruptFileError` or `struct.error` if it is missing or incomplete."""
    order: Literal["<", ">"] = "<" if data[:2] == b"II" else ">"
    is_big = struct.unpack_from(f"{order}H", data, 2)[0] == _BIGTIFF_VERSION
    first = struct.unpack_from(f"{order}Q" if is_big else f"{order}I", data, 8 if is_big else 4)[0]
    entries, second = _entries(data, first, order, is_big)
    if not entries:
        raise CorruptFileError("its directory is empty")
    return Directory(data, order, entries, 1 + _count_directories(data, second, order, is_big))


def _entries(data: bytes, offset: int, order: str, is_big: bool) -> tuple[dict[int, _Entry], int]:
    """The entries of the directory at `offset`, and the offset of the next directory; 0 after the last."""
    count = _entry_count(data, offset, order, is_big)
    entries: dict[int, _Entry] = {}
    count_bytes, entry_bytes, inline_bytes = (8, 20, 8) if is_big else (2, 12, 4)
    for index in range(count):
        start = offset + count_bytes + entry_bytes * index
        tag, field_type, value_count = struct.unpack_from(f"{order}HHQ" if is_big else f"{order}HHI", data, start)
        value_offset = start + entry_bytes - inline_bytes
        if value_count * _TYPE_SIZES.get(field_type, 1) > inline_bytes:
            value_offset = struct.unpack_from(f"{order}Q" if is_big else f"{order}I", data, value_offset)[0]
        entries.setdefault(tag, _Entry(field_type, value_count, value_offset))  # the first of duplicate tags counts
    return entries, _next_directory(data, offset, count, order, is_big=is_big)


def _entry_count(data: bytes, offset: int, order: str, is_big: bool) -> int:
    count: int = struct.unpack_from(f"{order}Q" if is_big else f"{order}H", data, offset)[0]
    if count > 65535 or offset + count * (20 if is_big else 12) > len(data):
        raise CorruptFileError(f"its directory of {count} entries exceeds the file")
    return count


def _next_directory(data: bytes, offset: int, count: int, order: str, *, is_big: bool) -> int:
    position = offset + (8 + 20 * count if is_big else 2 + 12 * count)
    return struct.unpack_from(f"{order}Q" if is_big else f"{order}I", data, position)[0]


def _count_directories(data: bytes, offset: int, order: str, is_big: bool) -> int:
    """Number of directories from `offset` on; the count ends at a corrupt directory and at a cycle."""
    seen: set[int] = set()
    while offset and offset not in seen and len(seen) < _MAX_PAGES:
        try:
            count = _entry_count(data, offset, order, is_big)
            following = _next_directory(data, offset, count, order, is_big=is_big)
        except (ValueError, struct.error):
            break
        seen.add(offset)
        offset = following
    return len(seen)
