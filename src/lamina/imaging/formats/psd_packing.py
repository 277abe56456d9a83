"""Checks that rows in Photoshop files unpack to all their bytes; psd-tools fills up with black what is missing."""

import io
from typing import Any

import numpy as np
from psd_tools import PSDImage
from psd_tools.api.layers import Layer as PsdLayer
from psd_tools.compression import rle_impl  # pyright: ignore[reportAttributeAccessIssue]
from psd_tools.constants import ChannelID, Compression

from lamina.imaging.formats.records import called
from lamina.imaging.read_errors import CorruptFileError
from lamina.imaging.size_limits import SizeLimits

_LONGEST_RUN = 128
_MARK = b"\x01"
# Commands that do nothing (128), as many as a run that was cut short could swallow, and then the mark as a literal.
_ENDING = b"\x80" * _LONGEST_RUN + b"\x00" + _MARK


def check_layer_rows(document: PSDImage, limits: SizeLimits) -> None:
    """Of all layers that are not too large to be read. Raises `CorruptFileError`, with the layer's name."""
    for layer in document.descendants():
        record = layer._record  # pyright: ignore[reportPrivateUsage]
        for info, channel in zip(record.channel_info, layer._channels, strict=False):  # pyright: ignore[reportPrivateUsage]
            width, height = _size(layer, info.id)
            is_packed = channel.compression is Compression.RLE and len(channel.data) > 0
            if not is_packed or min(width, height) < 1 or width * height > limits.max_layer_pixels:
                continue
            row_bytes = (width * document.depth + 7) // 8
            if not are_rows_whole(channel.data, height, row_bytes, version=document.version):
                raise CorruptFileError(f"rows of the {called('layer', layer.name)} do not unpack to its width")


def are_rows_whole(data: bytes, rows: int, row_bytes: int, *, version: int) -> bool:
    """Whether PackBits data, which begin with the table of the rows' packed lengths, give each row exactly."""
    table = rows * 2 * version
    lengths = np.frombuffer(data[:table], f">u{2 * version}")
    if len(lengths) < rows or len(data) < table + int(lengths.sum(dtype=np.int64)):
        return False
    if row_bytes > _LONGEST_RUN // 2 * (int(lengths.min()) + 1):
        return False  # two bytes make 128 at most: told before anything is allocated
    packed = io.BytesIO(data)
    packed.seek(table)
    return all(_is_row_whole(packed.read(length), row_bytes) for length in lengths.tolist())


def _is_row_whole(row: bytes, size: int) -> bool:
    """The decoder of psd-tools cuts off and fills up silently; what it makes of a mark behind the row gives it away.

    A row too short has the mark before its end, and one too long does not come to it; a run that was cut short is
    filled up with zeros, or with the ending's 128.
    """
    plain = rle_impl.decode(row, size + 1)
    return plain[size:] == b"\x00" and rle_impl.decode(row + _ENDING, size + 1) == plain[:size] + _MARK


def _size(layer: PsdLayer, channel: int) -> tuple[int, int]:
    mask: Any = layer._record.mask_data  # pyright: ignore[reportPrivateUsage]
    if channel == ChannelID.USER_LAYER_MASK:
        return (0, 0) if mask is None else (mask.width, mask.height)
    if channel == ChannelID.REAL_USER_LAYER_MASK:
        return (0, 0) if mask is None else (mask.real_width or 0, mask.real_height or 0)
    record = layer._record  # pyright: ignore[reportPrivateUsage]
    return record.width, record.height
