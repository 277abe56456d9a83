"""Reads the entries of a TIFF's first directory, and counts the others; classic TIFF and BigTIFF."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lamina.imaging.read_errors import CorruptFileError

_MOST_PAGES = 1 << 20  # of which each takes a look-up
_BIG = 43  # where classic TIFF has 42

# struct's letters by TIFF's types: those that can hold whole numbers
_WHOLE = {1: "B", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}


@dataclass(frozen=True, slots=True)
class _Entry:
    """`at`: where its values begin in the file."""

    kind: int
    count: int
    at: int


@dataclass(frozen=True, slots=True, eq=False)
class Directory:
    """One page's entries by their codes. Values are looked at when they are asked for: a damaged entry that nobody asks
    for does no harm.
    """

    data: bytes
    byte_order: Literal["<", ">"]
    entries: Mapping[int, _Entry]
    page_count: int

    def __contains__(self, code: int) -> bool:
        return code in self.entries

    def number(self, code: int, default: int | None = None) -> int:
        """The first number of an entry. Raises `CorruptFileError` if it is missing and there is no default."""
        numbers = self.numbers(code, () if default is None else (default,))
        if not numbers:
            raise CorruptFileError(f"its entry {code} is missing")
        return numbers[0]

    def numbers(self, code: int, default: tuple[int, ...]) -> tuple[int, ...]:
        """All numbers of an entry. Raises `CorruptFileError` if they are not whole or below 0, or not in the file."""
        entry = self.entries.get(code)
        if entry is None:
            return default
        letter = _WHOLE.get(entry.kind)
        if letter is None:
            raise CorruptFileError(f"its entry {code} does not hold whole numbers")
        numbers = struct.unpack(f"{self.byte_order}{entry.count}{letter}", self._stored(code, entry))
        if any(number < 0 for number in numbers):
            raise CorruptFileError(f"its entry {code} holds a number below 0")
        return numbers

    def stored(self, code: int) -> bytes | None:
        """The values of an entry as they are stored; None if it is missing."""
        entry = self.entries.get(code)
        return None if entry is None else self._stored(code, entry)

    def _stored(self, code: int, entry: _Entry) -> bytes:
        end = entry.at + entry.count * _SIZES.get(entry.kind, 1)
        if end > len(self.data):
            raise CorruptFileError(f"its entry {code} ends at byte {end} of {len(self.data)}")
        return self.data[entry.at : end]


def read_directory(data: bytes) -> Directory:
    """Raises `CorruptFileError` or `struct.error` if there is no whole first directory."""
    order: Literal["<", ">"] = "<" if data[:2] == b"II" else ">"
    is_big = struct.unpack_from(f"{order}H", data, 2)[0] == _BIG
    first = struct.unpack_from(f"{order}Q" if is_big else f"{order}I", data, 8 if is_big else 4)[0]
    entries, after = _entries(data, first, order, is_big)
    if not entries:
        raise CorruptFileError("its directory is empty")
    return Directory(data, order, entries, 1 + _count(data, after, order, is_big))


def _entries(data: bytes, at: int, order: str, is_big: bool) -> tuple[dict[int, _Entry], int]:
    """The entries of the directory at this byte, and where the next directory is; 0 after the last."""
    count = _number_of_entries(data, at, order, is_big)
    entries: dict[int, _Entry] = {}
    head, size, room = (8, 20, 8) if is_big else (2, 12, 4)
    for index in range(count):
        start = at + head + size * index
        code, kind, values = struct.unpack_from(f"{order}HHQ" if is_big else f"{order}HHI", data, start)
        place = start + size - room
        if values * _SIZES.get(kind, 1) > room:
            place = struct.unpack_from(f"{order}Q" if is_big else f"{order}I", data, place)[0]
        entries.setdefault(code, _Entry(kind, values, place))  # of two of the same code, the first counts
    return entries, _next(data, at, count, order, is_big=is_big)


def _number_of_entries(data: bytes, at: int, order: str, is_big: bool) -> int:
    count: int = struct.unpack_from(f"{order}Q" if is_big else f"{order}H", data, at)[0]
    if count > 65535 or at + count * (20 if is_big else 12) > len(data):
        raise CorruptFileError(f"its directory of {count} entries is longer than the file")
    return count


def _next(data: bytes, at: int, count: int, order: str, *, is_big: bool) -> int:
    where = at + (8 + 20 * count if is_big else 2 + 12 * count)
    return struct.unpack_from(f"{order}Q" if is_big else f"{order}I", data, where)[0]


def _count(data: bytes, at: int, order: str, is_big: bool) -> int:
    """Directories from this byte on; one that is damaged ends the count, as does one that was there before."""
    seen: set[int] = set()
    while at and at not in seen and len(seen) < _MOST_PAGES:
        try:
            following = _next(data, at, _number_of_entries(data, at, order, is_big), order, is_big=is_big)
        except (ValueError, struct.error):
            break
        seen.add(at)
        at = following
    return len(seen)
