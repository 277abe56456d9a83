"""Checks the header of a Photoshop file before the rest is parsed."""

import struct
from typing import BinaryIO

from psd_tools.constants import ColorMode

from lamina.imaging.read_errors import CorruptFileError, InvalidContentError
from lamina.imaging.size_limits import SizeLimits

_HEADER = struct.Struct(">4sH6xHIIHHI")  # with the length of the colour mode data, which follows it
_MAX_SIDE = {1: 30_000, 2: 300_000}  # of PSD and PSB
_FORMATS = {1: "PSD", 2: "PSB"}
_DEPTHS = {ColorMode.BITMAP: (1,), ColorMode.INDEXED: (8,)}  # bits per channel; other modes: _DEFAULT_DEPTHS
_DEFAULT_DEPTHS = (8, 16, 32)
_PALETTE_BYTES = 256 * 3


def check_header(file: BinaryIO, limits: SizeLimits) -> None:
    """Checks version, size, colour mode and bit depth; leaves the file at its beginning.

    Raises `LaminaError` (input_too_large), `InvalidContentError` and `CorruptFileError`.
    """
    data = file.read(_HEADER.size)
    file.seek(0)
    if len(data) < _HEADER.size:
        raise CorruptFileError("it ends within its header")
    _, version, _, height, width, depth, mode, palette_bytes = _HEADER.unpack(data)
    if version not in _FORMATS:
        raise InvalidContentError(f"its version is {version}, but only 1 (PSD) and 2 (PSB) are valid")
    if max(width, height) > _MAX_SIDE[version]:
        max_side = _MAX_SIDE[version]
        raise InvalidContentError(
            f"it is {width} x {height} pixels, but a {_FORMATS[version]} has at most {max_side} per side"
        )
    limits.check_canvas(width, height)
    if mode not in list(ColorMode):
        raise InvalidContentError(f"its colour mode is {mode}, which is not valid")
    name = ColorMode(mode).name.lower()
    if depth not in _DEPTHS.get(ColorMode(mode), _DEFAULT_DEPTHS):
        raise InvalidContentError(f"its colour mode is {name} with {depth} bits per channel, which is not valid")
    if mode == ColorMode.INDEXED and palette_bytes < _PALETTE_BYTES:
        raise InvalidContentError("its colour mode is indexed, but its colour table is incomplete")
