"""Decodes the strips or tiles of a TIFF page into one array, each of whose samples is proven to be written."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.imaging.read_errors import CorruptFileError
from lamina.imaging.tiff.compression import decoded_bytes, decoded_picture, is_of_pictures
from lamina.imaging.tiff.header import TiffHeader
from lamina.imaging.tiff.numbers import Compression, Predictor, SampleFormat


@dataclass(frozen=True, slots=True)
class _Segment:
    """A strip or a tile. `plane`: its channel if the channels are stored apart, else 0. `rows`: those that it must
    have at least; a strip at the bottom has fewer than the others.
    """

    index: int
    plane: int
    top: int
    left: int
    rows: int


def read_samples(header: TiffHeader, data: bytes, channels: list[int]) -> NDArray[Any]:
    """(height, width, len(channels)) of the asked channels, as stored, in the machine's byte order: unsigned whole
    numbers or floats.

    `header`: accepted by `variants`. Raises `CorruptFileError`, and errors of imagecodecs, if a segment is missing or
    incomplete.
    """
    _check_segments(header, len(data))
    dtype = dtype_of(header)
    samples = np.zeros((header.height, header.width, len(channels)), dtype)
    wanted = slice(len(channels)) if channels == list(range(len(channels))) else channels
    filled = 0
    for segment in _segments(header):
        if header.is_planar and segment.plane not in channels:
            continue
        block = _decoded(header, segment, data)
        rows = min(segment.rows, header.height - segment.top)
        columns = min(header.segment_width, header.width - segment.left)
        if block.shape[0] < rows or block.shape[1] < columns or block.dtype != dtype:
            raise CorruptFileError(f"strip or tile {segment.index} holds {block.shape[1]} x {block.shape[0]} pixels")
        place = samples[segment.top : segment.top + rows, segment.left : segment.left + columns]
        if header.is_planar:
            place[..., channels.index(segment.plane)] = block[:rows, :columns, 0]
        else:
            place[...] = block[:rows, :columns, wanted]
        filled += rows * columns * (1 if header.is_planar else len(channels))
    if filled != samples.size:
        raise CorruptFileError(f"{filled} of its {samples.size} samples are there")
    return samples


def dtype_of(header: TiffHeader) -> np.dtype[Any]:
    """Of the decoded samples."""
    bits = header.bits[0]
    size = next(size for size in (8, 16, 32, 64) if bits <= size) // 8
    return np.dtype(f"{'f' if header.sample_formats[0] == SampleFormat.FLOAT else 'u'}{size}")


def _check_segments(header: TiffHeader, file_bytes: int) -> None:
    if header.segment_width < 1 or header.segment_height < 1:
        raise CorruptFileError("its strips or tiles have no pixels")
    count = header.columns * header.rows * header.planes
    if len(header.offsets) < count:
        raise CorruptFileError(f"it names {len(header.offsets)} of its {count} strips or tiles")
    for index in range(count):
        start, length = header.offsets[index], _byte_count(header, index)
        if length == 0 or start == 0:
            raise CorruptFileError(f"strip or tile {index} is empty")
        if start + length > file_bytes:
            raise CorruptFileError(f"{start + length} bytes are expected, {file_bytes} are there")


def _byte_count(header: TiffHeader, index: int) -> int:
    """As the file says; old writers leave it out where nothing is compressed."""
    if index < len(header.byte_counts):
        return header.byte_counts[index]
    if header.byte_counts or header.compression != Compression.NONE:
        raise CorruptFileError(f"it does not say how long strip or tile {index} is")
    rows = header.segment_height
    if not header.is_tiled:
        rows = min(rows, header.height - index % header.rows * rows)
    return rows * _row_bytes(header)


def _row_bytes(header: TiffHeader) -> int:
    channels = 1 if header.is_planar else header.channels
    return (header.segment_width * channels * header.bits[0] + 7) // 8


def _segments(header: TiffHeader) -> Iterator[_Segment]:
    index = 0
    for plane in range(header.planes):
        for top in range(0, header.height, header.segment_height):
            rows = header.segment_height if header.is_tiled else min(header.segment_height, header.height - top)
            for left in range(0, header.width, header.segment_width):
                yield _Segment(index, plane, top, left, rows)
                index += 1


def _decoded(header: TiffHeader, segment: _Segment, data: bytes) -> NDArray[Any]:
    """(rows, columns, channels) of one strip or tile; more rows than needed where a strip was filled up."""
    start = header.offsets[segment.index]
    stored = data[start : start + _byte_count(header, segment.index)]
    channels = 1 if header.is_planar else header.channels
    if is_of_pictures(header.compression):
        return decoded_picture(header, stored, (segment.rows, header.segment_width, channels))
    row_bytes = _row_bytes(header)
    plain = decoded_bytes(header, stored, row_bytes * header.segment_height)
    if len(plain) < segment.rows * row_bytes:
        raise CorruptFileError(f"strip or tile {segment.index} ends after {len(plain)} bytes")
    rows = min(len(plain) // row_bytes, header.segment_height)
    return _unpacked(header, plain[: rows * row_bytes], (rows, header.segment_width, channels))


def _unpacked(header: TiffHeader, plain: bytes | memoryview, shape: tuple[int, int, int]) -> NDArray[Any]:
    dtype = dtype_of(header)
    if header.predictor == Predictor.FLOAT:
        return _without_float_predictor(plain, shape, dtype)
    if header.bits[0] != dtype.itemsize * 8:
        return _without_packing(plain, shape, header.bits[0])
    stored = np.frombuffer(plain, dtype.newbyteorder(header.byte_order)).reshape(shape)
    if header.predictor != Predictor.HORIZONTAL:
        return stored.astype(dtype, copy=False)  # in the machine's byte order
    samples = stored.astype(dtype)
    whole = samples.view(f"u{dtype.itemsize}")  # floats, too, are predicted by their bits
    np.cumsum(whole, axis=1, dtype=whole.dtype, out=whole)
    return samples


def _without_packing(plain: bytes | memoryview, shape: tuple[int, int, int], bits: int) -> NDArray[Any]:
    """Samples of 1 to 15 bits, the most significant bit first; every row begins at a byte (TIFF 6.0, page 14)."""
    rows, columns, channels = shape
    row_bits = np.unpackbits(np.frombuffer(plain, np.uint8).reshape(rows, -1), axis=1)
    digits = row_bits[:, : columns * channels * bits].reshape(rows, columns, channels, bits)
    samples = np.zeros(shape, np.uint8 if bits <= 8 else np.uint16)
    for place in range(bits):
        samples = samples << 1 | digits[..., place]
    return samples


def _without_float_predictor(
    plain: bytes | memoryview, shape: tuple[int, int, int], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Bytes of equal weight stand together, the highest first, as differences (Photoshop TIFF Technical Note 3)."""
    rows, columns, channels = shape
    differences = np.frombuffer(plain, np.uint8).reshape(rows, -1, channels)
    whole = np.cumsum(differences, axis=1, dtype=np.uint8)
    by_weight = whole.reshape(rows, dtype.itemsize, columns * channels)
    together = np.ascontiguousarray(np.moveaxis(by_weight, 1, -1))
    return together.view(dtype.newbyteorder(">")).reshape(shape).astype(dtype)
