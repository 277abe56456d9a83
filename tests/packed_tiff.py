"""A TIFF writer of a page: every layout, any number of bits, in the plainest way."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class PackedTiff:
    """`samples`: (height, width, channels) whole numbers. `compression`: 1, 5 (LZW), 8 (deflate) or 32773 (PackBits).
    `more`: further entries of the directory by their codes, shorts or longs, which replace those that are there;
    `left_out`: codes of entries that are not written.
    """

    samples: NDArray[Any]
    bits: int
    photometric: int
    compression: int = 1
    rows_a_strip: int = 8
    tile: int | None = None
    is_planar: bool = False
    byte_order: str = "<"
    has_reversed_bits: bool = False
    extra_samples: tuple[int, ...] = ()
    palette: tuple[int, ...] = ()
    left_out: tuple[int, ...] = ()
    more: dict[int, tuple[int, ...]] = field(default_factory=dict[int, tuple[int, ...]])


def packed(page: PackedTiff) -> bytes:
    height, width, channels = page.samples.shape
    segments = [_compressed(page, block) for block in _blocks(page)]
    entries: dict[int, tuple[int, ...]] = {
        256: (width,), 257: (height,), 258: (page.bits,) * channels, 259: (page.compression,),
        262: (page.photometric,), 277: (channels,), 284: (2 if page.is_planar else 1,),
        266: (2 if page.has_reversed_bits else 1,),
    }  # fmt: skip
    places = (324, 325) if page.tile else (273, 279)
    entries |= {322: (page.tile,), 323: (page.tile,)} if page.tile else {278: (page.rows_a_strip,)}
    if page.extra_samples:
        entries[338] = page.extra_samples
    if page.palette:
        entries[320] = page.palette
    offsets, at = [], 8
    for segment in segments:
        offsets.append(at)
        at += len(segment)
    entries[places[0]] = tuple(offsets)
    entries[places[1]] = tuple(len(segment) for segment in segments)
    entries |= page.more
    entries = {code: numbers for code, numbers in entries.items() if code not in page.left_out}
    body = b"".join(segments)
    start = 8 + len(body) + len(body) % 2
    order = page.byte_order
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, start)
    return head + body + bytes(len(body) % 2) + _directory(entries, start, order)


def _directory(entries: dict[int, tuple[int, ...]], start: int, order: str) -> bytes:
    count = len(entries)
    after = start + 2 + 12 * count + 4
    fields, values = b"", b""
    for code in sorted(entries):
        numbers = entries[code]
        is_long = max(numbers) > 65535 or code in (273, 279, 324, 325)
        stored = struct.pack(f"{order}{len(numbers)}{'I' if is_long else 'H'}", *numbers)
        place = stored.ljust(4, b"\0") if len(stored) <= 4 else struct.pack(f"{order}I", after + len(values))
        values += stored if len(stored) > 4 else b""
        values += bytes(len(values) % 2)
        fields += struct.pack(f"{order}HHI", code, 4 if is_long else 3, len(numbers)) + place
    return struct.pack(f"{order}H", count) + fields + bytes(4) + values


def _blocks(page: PackedTiff) -> Iterator[NDArray[Any]]:
    """(rows, columns, channels) of every strip or tile; tiles are filled up with ones."""
    height, width, channels = page.samples.shape
    planes = [page.samples[..., index : index + 1] for index in range(channels)] if page.is_planar else [page.samples]
    for plane in planes:
        if page.tile is None:
            for top in range(0, height, page.rows_a_strip):
                yield plane[top : top + page.rows_a_strip]
            continue
        side = page.tile
        filled = np.pad(plane, ((0, -height % side), (0, -width % side), (0, 0)), constant_values=1)
        for top in range(0, height, side):
            for left in range(0, width, side):
                yield filled[top : top + side, left : left + side]


def _compressed(page: PackedTiff, block: NDArray[Any]) -> bytes:
    plain = b"".join(_row(row.reshape(-1), page.bits, page.byte_order) for row in block)
    match page.compression:
        case 5:
            stored = _lzw(plain)
        case 8:
            stored = zlib.compress(plain)
        case 32773:
            stored = b"".join(bytes([len(run) - 1]) + run for run in _runs(plain))
        case _:
            stored = plain
    return bytes(int(f"{byte:08b}"[::-1], 2) for byte in stored) if page.has_reversed_bits else stored


def _row(samples: NDArray[Any], bits: int, order: str) -> bytes:
    if bits in (8, 16, 32):
        return samples.astype(f"{order}u{bits // 8}").tobytes()
    digits = "".join(f"{int(sample):0{bits}b}" for sample in samples)
    digits += "0" * (-len(digits) % 8)
    return int(digits, 2).to_bytes(len(digits) // 8, "big")


def _runs(plain: bytes) -> Iterator[bytes]:
    for start in range(0, len(plain), 100):
        yield plain[start : start + 100]


def _lzw(plain: bytes) -> bytes:
    """TIFF 6.0, section 13, with a code wider as soon as the table says so; cleared before it is full."""
    digits = [f"{256:09b}"]
    table: dict[bytes, int] = {bytes([byte]): byte for byte in range(256)}
    width, prefix = 9, b""
    for byte in plain:
        longer = prefix + bytes([byte])
        if longer in table:
            prefix = longer
            continue
        digits.append(f"{table[prefix]:0{width}b}")
        table[longer] = len(table) + 2
        prefix = bytes([byte])
        if len(table) + 2 == 4095:
            digits.append(f"{256:0{width}b}")
            table = {bytes([byte]): byte for byte in range(256)}
            width = 9
        elif len(table) + 2 >= (1 << width):
            width += 1
    if prefix:
        digits.append(f"{table[prefix]:0{width}b}")
    if len(table) + 3 >= (1 << width):
        width += 1
    digits.append(f"{257:0{width}b}")
    bits = "".join(digits)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")
