"""Decodes the strips or tiles of a TIFF page into one array, and checks that every sample was decoded."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.imaging.read_errors import CorruptFileError
from lamina.imaging.tiff.compression import decode_bytes, decode_image, is_image_codec
from lamina.imaging.tiff.header import TiffHeader
from lamina.imaging.tiff.numbers import Compression, Predictor, SampleFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class _Segment:
    """A strip or a tile.

    `plane`: its channel if the planar configuration is separate, else 0. `rows`: the least number of rows that it must
    contain; the last strip may have fewer than the others.
    """

    index: int
    plane: int
    top: int
    left: int
    rows: int


def read_samples(header: TiffHeader, data: bytes, channels: list[int]) -> NDArray[Any]:
    """(height, width, len(channels)): the stored samples of `channels` in native byte order, unsigned or floats.

    `header`: accepted by `variants`. Raises `CorruptFileError`, and errors of imagecodecs, if a segment is missing or
    incomplete.
    """
    _check_segments(header, len(data))
    dtype = dtype_of(header)
    samples = np.zeros((header.height, header.width, len(channels)), dtype)
    selection = slice(len(channels)) if channels == list(range(len(channels))) else channels
    decoded_count = 0
    for segment in _segments(header):
        if header.is_planar and segment.plane not in channels:
            continue
        block = _decode_segment(header, segment, data)
        rows = min(segment.rows, header.height - segment.top)
        columns = min(header.segment_width, header.width - segment.left)
        if block.shape[0] < rows or block.shape[1] < columns or block.dtype != dtype:
            raise CorruptFileError(f"strip or tile {segment.index} has {block.shape[1]} x {block.shape[0]} pixels")
        target = samples[segment.top : segment.top + rows, segment.left : segment.left + columns]
        if header.is_planar:
            target[..., channels.index(segment.plane)] = block[:rows, :columns, 0]
        else:
            target[...] = block[:rows, :columns, selection]
        decoded_count += rows * columns * (1 if header.is_planar else len(channels))
    if decoded_count != samples.size:
        raise CorruptFileError(f"it contains {decoded_count} of {samples.size} samples")
    return samples


def dtype_of(header: TiffHeader) -> np.dtype[Any]:
    """The data type of the decoded samples, in native byte order."""
    bits = header.bits[0]
    size = next(size for size in (8, 16, 32, 64) if bits <= size) // 8
    return np.dtype(f"{'f' if header.sample_formats[0] == SampleFormat.FLOAT else 'u'}{size}")


def _check_segments(header: TiffHeader, file_bytes: int) -> None:
    if header.segment_width < 1 or header.segment_height < 1:
        raise CorruptFileError("its strips or tiles have no pixels")
    count = header.columns * header.rows * header.planes
    if len(header.offsets) < count:
        raise CorruptFileError(f"it has offsets of {len(header.offsets)} of {count} strips or tiles")
    for index in range(count):
        start, length = header.offsets[index], _byte_count(header, index)
        if length == 0 or start == 0:
            raise CorruptFileError(f"strip or tile {index} is empty")
        if start + length > file_bytes:
            raise CorruptFileError(
                f"strip or tile {index} ends at byte {start + length}, but the file has {file_bytes} bytes"
            )


def _byte_count(header: TiffHeader, index: int) -> int:
    """Bytes of a strip or tile; old writers omit the tag in uncompressed files."""
    if index < len(header.byte_counts):
        return header.byte_counts[index]
    if header.byte_counts or header.compression != Compression.NONE:
        raise CorruptFileError(f"the byte count of strip or tile {index} is missing")
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
                yield _Segment(index=index, plane=plane, top=top, left=left, rows=rows)
                index += 1


def _decode_segment(header: TiffHeader, segment: _Segment, data: bytes) -> NDArray[Any]:
    """(rows, columns, channels) of one strip or tile; padded strips have more rows than needed."""
    start = header.offsets[segment.index]
    stored = data[start : start + _byte_count(header, segment.index)]
    channels = 1 if header.is_planar else header.channels
    if is_image_codec(header.compression):
        return decode_image(header, stored, (segment.rows, header.segment_width, channels))
    row_bytes = _row_bytes(header)
    decoded = decode_bytes(header, stored, row_bytes * header.segment_height)
    if len(decoded) < segment.rows * row_bytes:
        raise CorruptFileError(f"strip or tile {segment.index} ends after {len(decoded)} bytes")
    rows = min(len(decoded) // row_bytes, header.segment_height)
    return _to_samples(header, decoded[: rows * row_bytes], (rows, header.segment_width, channels))


def _to_samples(header: TiffHeader, decoded: bytes | memoryview, shape: tuple[int, int, int]) -> NDArray[Any]:
    dtype = dtype_of(header)
    if header.predictor == Predictor.FLOAT:
        return _undo_float_predictor(decoded, shape, dtype)
    if header.bits[0] != dtype.itemsize * 8:
        return _unpack_bits(decoded, shape, header.bits[0])
    stored = np.frombuffer(decoded, dtype.newbyteorder(header.byte_order)).reshape(shape)
    if header.predictor != Predictor.HORIZONTAL:
        return stored.astype(dtype, copy=False)  # native byte order
    samples = stored.astype(dtype)
    integers = samples.view(f"u{dtype.itemsize}")  # the predictor treats floats as integers, too
    np.cumsum(integers, axis=1, dtype=integers.dtype, out=integers)
    return samples


def _unpack_bits(packed: bytes | memoryview, shape: tuple[int, int, int], bits: int) -> NDArray[Any]:
    """Unpacks samples of 1 to 15 bits, most significant bit first; rows are byte-aligned (TIFF 6.0, page 14)."""
    rows, columns, channels = shape
    row_bits = np.unpackbits(np.frombuffer(packed, np.uint8).reshape(rows, -1), axis=1)
    digits = row_bits[:, : columns * channels * bits].reshape(rows, columns, channels, bits)
    samples = np.zeros(shape, np.uint8 if bits <= 8 else np.uint16)
    for position in range(bits):
        samples = samples << 1 | digits[..., position]
    return samples


def _undo_float_predictor(
    predicted: bytes | memoryview, shape: tuple[int, int, int], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Undoes the predictor that groups bytes by significance, highest first, and stores their differences.

    See Adobe Photoshop TIFF Technical Note 3.
    """
    rows, columns, channels = shape
    differences = np.frombuffer(predicted, np.uint8).reshape(rows, -1, channels)
    sums = np.cumsum(differences, axis=1, dtype=np.uint8)
    by_significance = sums.reshape(rows, dtype.itemsize, columns * channels)
    interleaved = np.ascontiguousarray(np.moveaxis(by_significance, 1, -1))
    return interleaved.view(dtype.newbyteorder(">")).reshape(shape).astype(dtype)
