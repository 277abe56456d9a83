"""Reads TIFFs of 16 and 32 bits a channel and of floats, which Pillow reads at 8 bits or not at all."""

import io
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Pixels
from lamina.document.deep_samples import eight_bit
from lamina.document.native_noise import silenced

# TIFF 6.0: PhotometricInterpretation and ExtraSamples
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_ASSOCIATED, _UNASSOCIATED = 1, 2
_ORIENTATION_TAG = 274


@dataclass(frozen=True, slots=True)
class TiffHeader:
    """What a TIFF says about its first page. `orientation`: 1..8 as in EXIF. `photometric`: TIFF's number."""

    width: int
    height: int
    bits: int
    photometric: int
    extra_samples: tuple[int, ...]
    orientation: int
    profile: bytes | None
    page_count: int

    @property
    def is_deep(self) -> bool:
        return self.bits > 8 and self.photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB)

    @property
    def channel_count(self) -> int:
        """Colours, and alpha if there is one; further samples are not for the eye."""
        has_alpha = self.extra_samples[:1] in ((_ASSOCIATED,), (_UNASSOCIATED,))
        return (3 if self.photometric == _RGB else 1) + has_alpha


def read_header(data: bytes) -> TiffHeader:
    """Decodes nothing. Raises ValueError (and other errors of tifffile) if it is damaged or the file is cut short."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
        end = max((at + count for at, count in zip(page.dataoffsets, page.databytecounts, strict=False)), default=0)
        if not 0 < end <= len(data):
            raise ValueError(f"{end} bytes are expected, {len(data)} are there")
        turn = page.tags.get(_ORIENTATION_TAG)
        return TiffHeader(
            width=page.imagewidth,
            height=page.imagelength,
            bits=page.bitspersample,
            photometric=int(page.photometric or 0),
            extra_samples=tuple(int(sample) for sample in page.extrasamples),
            orientation=turn.value if turn is not None else 1,
            profile=page.iccprofile,
            page_count=len(file.pages),
        )


def read(header: TiffHeader, data: bytes, shown: str) -> Pixels:
    """(height, width, 1..4): grey, grey + alpha, RGB or RGBA at 8 bits, correctly rounded, straight alpha.

    Raises `LaminaError` (input_not_an_image) for samples whose range or packing is unknown; ValueError and other errors
    of tifffile if they are damaged.
    """
    samples = _samples(header, data, shown)[..., : header.channel_count]
    if samples.shape != (header.height, header.width, header.channel_count):
        raise ValueError(f"its pixels have the shape {samples.shape}")
    if header.channel_count in (2, 4) and header.extra_samples[0] == _ASSOCIATED:
        samples = _straight(samples)
    pixels = eight_bit(samples, shown)
    if header.photometric == _WHITE_IS_ZERO:
        pixels[..., 0] = 255 - pixels[..., 0]
    return pixels


def _samples(header: TiffHeader, data: bytes, shown: str) -> NDArray[Any]:
    """(height, width, channels), as stored. tifffile knows every layout, OpenCV the compressions that it lacks."""
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            page = file.pages.first
            samples = page.asarray()
            return np.moveaxis(samples, 0, -1) if page.axes.startswith("S") else samples.reshape(*samples.shape[:2], -1)
    except ValueError as error:
        if "imagecodecs" not in str(error):
            raise
    with silenced():
        decoded = cv2.imdecode(np.frombuffer(_as_stored(data), np.uint8), cv2.IMREAD_UNCHANGED)
    is_usable = (
        decoded is not None and header.photometric != _WHITE_IS_ZERO and decoded.dtype.itemsize * 8 == header.bits
    )
    if decoded is None or not is_usable:
        raise LaminaError(
            ErrorCode.INPUT_NOT_AN_IMAGE,
            f"{shown} is a TIFF packed in a way that Lamina cannot read.",
            "Save it with 8 or 16 bits a channel, without compression or with deflate.",
        )
    channels = decoded if decoded.ndim == 3 else decoded[..., None]
    return channels[..., [2, 1, 0, 3][: channels.shape[2]]] if channels.shape[2] >= 3 else channels


def _as_stored(data: bytes) -> bytes:
    """The file without its orientation, which OpenCV would apply for some values and not for others."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        turn = file.pages.first.tags.get(_ORIENTATION_TAG)
        if turn is None:
            return data
        upright = (1).to_bytes(2, "little" if file.byteorder == "<" else "big")
        return data[: turn.valueoffset] + upright + data[turn.valueoffset + 2 :]


def _straight(samples: NDArray[Any]) -> NDArray[Any]:
    """Colour that was multiplied by alpha, divided again; integers and floats over their full range."""
    full = 1.0 if samples.dtype.kind == "f" else float(np.iinfo(samples.dtype).max)
    result = samples.copy()
    for row, stored in zip(result, samples, strict=True):
        alpha = stored[..., -1:].astype(np.float64) / full
        colour = stored[..., :-1] / np.where(alpha > 0, alpha, 1)
        row[..., :-1] = np.clip(colour, 0, full) if full == 1.0 else np.clip(np.floor(colour + 0.5), 0, full)
    return result
