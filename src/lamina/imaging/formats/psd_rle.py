"""Checks that RLE rows in Photoshop files decode to the full length; psd-tools fills missing bytes with black."""

import io
from typing import Any

import numpy as np
from psd_tools import PSDImage
from psd_tools.api.layers import Layer as PsdLayer
from psd_tools.compression import rle_impl  # pyright: ignore[reportAttributeAccessIssue]
from psd_tools.constants import ChannelID, Compression

from lamina.imaging.formats.records import layer_label
from lamina.imaging.read_errors import CorruptFileError
from lamina.imaging.size_limits import SizeLimits

_LONGEST_RUN = 128
_MARKER = b"\x01"
# As many no-operations (128) as a truncated run can consume, and then the marker as a literal.
_SENTINEL = b"\x80" * _LONGEST_RUN + b"\x00" + _MARKER


def check_layer_rows(document: PSDImage, limits: SizeLimits) -> None:
    """Checks all layers within the size limit. Raises `CorruptFileError` with the name of the layer."""
    for layer in document.descendants():
        record = layer._record  # pyright: ignore[reportPrivateUsage]
        for info, channel in zip(record.channel_info, layer._channels, strict=False):  # pyright: ignore[reportPrivateUsage]
            width, height = _size(layer, info.id)
            is_packed = channel.compression is Compression.RLE and len(channel.data) > 0
            if not is_packed or min(width, height) < 1 or width * height > limits.max_layer_pixels:
                continue
            row_bytes = (width * document.depth + 7) // 8
            if not are_rows_complete(channel.data, height, row_bytes, version=document.version):
                raise CorruptFileError(f"rows of the {layer_label('layer', layer.name)} have the wrong length")


def are_rows_complete(data: bytes, rows: int, row_bytes: int, *, version: int) -> bool:
    """Whether PackBits data, which begin with a table of row lengths, decode to rows of exactly `row_bytes`."""
    table = rows * 2 * version
    lengths = np.frombuffer(data[:table], f">u{2 * version}")
    if len(lengths) < rows or len(data) < table + int(lengths.sum(dtype=np.int64)):
        return False
    if row_bytes > _LONGEST_RUN // 2 * (int(lengths.min()) + 1):
        return False  # two bytes decode to at most 128: checked before memory is allocated
    packed = io.BytesIO(data)
    packed.seek(table)
    return all(_is_row_complete(packed.read(length), row_bytes) for length in lengths.tolist())


def _is_row_complete(row: bytes, size: int) -> bool:
    """Whether a row decodes to exactly `size` bytes.

    The decoder of psd-tools truncates and pads silently. Therefore a marker is appended: in a row that is too short,
    it appears before the end; in a row that is too long, it does not appear; a truncated run is padded with zeros or
    with no-operations of the sentinel.
    """
    decoded = rle_impl.decode(row, size + 1)
    return decoded[size:] == b"\x00" and rle_impl.decode(row + _SENTINEL, size + 1) == decoded[:size] + _MARKER


def _size(layer: PsdLayer, channel: int) -> tuple[int, int]:
    mask: Any = layer._record.mask_data  # pyright: ignore[reportPrivateUsage]
    if channel == ChannelID.USER_LAYER_MASK:
        return (0, 0) if mask is None else (mask.width, mask.height)
    if channel == ChannelID.REAL_USER_LAYER_MASK:
        return (0, 0) if mask is None else (mask.real_width or 0, mask.real_height or 0)
    record = layer._record  # pyright: ignore[reportPrivateUsage]
    return record.width, record.height
