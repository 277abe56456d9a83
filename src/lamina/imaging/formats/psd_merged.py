"""Reads the merged image of a Photoshop file, and compares other images with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psd_tools import PSDImage
from psd_tools.api.utils import has_transparency
from psd_tools.constants import ColorMode, Compression, Resource, Tag

from lamina.core.composite import strips_of_rows
from lamina.core.layers import Pixels
from lamina.imaging.formats.psd_colours import CHANNELS, DocumentColours
from lamina.imaging.formats.psd_rle import are_rows_complete
from lamina.imaging.read_errors import CorruptFileError

_BITS = 1
_ON_WHITE_TOLERANCE = 8  # levels; colour profiles cause small differences
_MERGED_TRANSPARENCY = (
    Tag.SAVING_MERGED_TRANSPARENCY,
    Tag.SAVING_MERGED_TRANSPARENCY16,
    Tag.SAVING_MERGED_TRANSPARENCY32,
)


@dataclass(frozen=True)
class Difference:
    """The mean and the largest difference of two images on white, in levels of 255."""

    mean: float
    largest: int


@dataclass(frozen=True, eq=False)
class MergedImage:
    """The composite image that Photoshop stores.

    `on_white`: (height, width, 3) sRGB. `alpha`: (height, width); None for an image without transparency.
    `extra_channels`: number of alpha channels (saved selections) and spot colours.
    """

    on_white: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None
    extra_channels: int

    def as_layer(self) -> Pixels:
        """(height, width, 4), straight alpha."""
        if self.alpha is None:
            return np.concatenate([self.on_white, np.full_like(self.on_white[..., :1], 255)], -1)
        out = np.empty((*self.alpha.shape, 4), np.uint8)
        for rows in strips_of_rows(*self.alpha.shape):
            alpha = self.alpha[rows, :, None].astype(np.float32) / 255
            colour = (self.on_white[rows].astype(np.float32) - 255 * (1 - alpha)) / np.maximum(alpha, 1e-6)
            out[rows, :, :3] = np.where(alpha > 0, np.clip(np.round(colour), 0, 255), 0)
        out[..., 3] = self.alpha
        return out

    def difference(self, picture: Pixels) -> Difference:
        """The difference from an RGBA image of the same size: colours on white or alpha, whichever differs more."""
        total, alpha_total, largest = 0.0, 0.0, 0.0
        for rows in strips_of_rows(*picture.shape[:2]):
            alpha = picture[rows, :, 3:].astype(np.float32) / 255
            difference = np.abs(picture[rows, :, :3] * alpha + 255 * (1 - alpha) - self.on_white[rows])
            total, largest = total + float(difference.sum()) / 3, max(largest, float(difference.max()))
            if self.alpha is not None:
                alpha_off = np.abs(picture[rows, :, 3].astype(np.float32) - self.alpha[rows])
                alpha_total, largest = alpha_total + float(alpha_off.sum()), max(largest, float(alpha_off.max()))
        pixels = picture.shape[0] * picture.shape[1]
        return Difference(max(total, alpha_total) / pixels, round(largest))

    def difference_of_colours(self, picture: Pixels) -> Difference:
        """The difference of the colours where the other image is not transparent, for files without transparency."""
        total, pixels, largest = 0.0, 0, 0
        for rows in strips_of_rows(*picture.shape[:2]):
            covered = picture[rows, :, 3] > 0
            difference = np.abs(picture[rows, :, :3].astype(np.int16) - self.on_white[rows])[covered]
            total, pixels = total + float(difference.sum()) / 3, pixels + len(difference)
            largest = max(largest, int(difference.max(initial=0)))
        return Difference(total / max(1, pixels), largest)


def merged_images(document: PSDImage, colours: DocumentColours) -> Iterator[MergedImage]:
    """The interpretations of the merged image, which every file contains but which may be blank (`has_preview`).

    According to the specification, the sign of the layer count shows whether the first channel after the colours is
    transparency. Some programs omit the sign: if nothing names the channel, the second image takes it as transparency.
    """
    index = _transparency_index(document)
    yield _picture(document, colours, index)
    colour_channels = CHANNELS.get(document.color_mode)
    if (
        index is None
        and colour_channels is not None
        and document.channels > colour_channels
        and len(document)
        and not _names_channels(document)
    ):
        yield _picture(document, colours, colour_channels)


def is_merged_complete(document: PSDImage) -> bool:
    """Whether the merged image has all rows; psd-tools fills missing rows with black."""
    record = document._record  # pyright: ignore[reportPrivateUsage]
    data, lines = record.image_data.data, document.height * document.channels
    if record.image_data.compression is Compression.RAW:
        return len(data) >= lines * ((document.width * document.depth + 7) // 8)
    if record.image_data.compression is Compression.RLE:
        row_bytes = (document.width * document.depth + 7) // 8
        return are_rows_complete(data, lines, row_bytes, version=document.version)
    return True  # other compressions raise an error


def check_merged_rows(document: PSDImage) -> None:
    """Raises `CorruptFileError` if rows of the merged image are missing."""
    if not is_merged_complete(document):
        raise CorruptFileError("rows of its merged image are missing or have the wrong length")


def is_uniform(picture: MergedImage) -> bool:
    """Whether the image is entirely black or white, as programs leave it that do not render it."""
    lowest, highest = picture.on_white.min(), picture.on_white.max()
    return bool(lowest == highest) and lowest in (0, 255)


def _picture(document: PSDImage, colours: DocumentColours, index: int | None) -> MergedImage:
    record = document._record  # pyright: ignore[reportPrivateUsage]
    planes = record.image_data.get_data(record.header)
    if not isinstance(planes, list):
        raise CorruptFileError("its merged image has no planes")
    colour_channels = CHANNELS.get(document.color_mode, 1)
    if len(planes) < colour_channels:
        raise CorruptFileError(f"its merged image has {len(planes)} channels, but needs {colour_channels}")
    on_white = np.empty((document.height, document.width, 3), np.uint8)
    for rows in strips_of_rows(document.height, document.width):
        on_white[rows] = _strip(document, colours, planes[:colour_channels], rows)
    alpha = None if index is None else _samples(document, planes[index], slice(0, document.height))
    if alpha is not None and not _is_on_white(on_white, alpha):
        _composite_on_white(on_white, alpha)
    extra = 0 if colours.mode is ColorMode.MULTICHANNEL else len(planes) - colour_channels - (index is not None)
    return MergedImage(on_white, alpha, extra)


def _is_on_white(colours: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> bool:
    """Whether colours are composited on white, as Photoshop stores them; others may be too dark for their alpha."""
    return all(
        (colours[rows].min(-1).astype(np.int16) + alpha[rows] >= 255 - _ON_WHITE_TOLERANCE).all()
        for rows in strips_of_rows(*alpha.shape)
    )


def _composite_on_white(colours: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> None:
    for rows in strips_of_rows(*alpha.shape):
        share = alpha[rows, :, None].astype(np.float32) / 255
        colours[rows] = np.round(colours[rows] * share + 255 * (1 - share)).astype(np.uint8)


def _strip(document: PSDImage, colours: DocumentColours, planes: list[bytes], rows: slice) -> NDArray[np.uint8]:
    if document.depth == 32:
        return colours.to_srgb(np.dstack([_light(document, plane, rows) for plane in planes]))
    samples = np.dstack([_samples(document, plane, rows) for plane in planes])
    if document.color_mode is not ColorMode.INDEXED:
        return colours.samples_to_srgb(samples)
    data = document._record.color_mode_data  # pyright: ignore[reportPrivateUsage]
    palette = np.zeros((256, 3), np.uint8)
    stored = np.frombuffer(data.interleave(), np.uint8)[: 256 * 3].reshape(-1, 3)
    palette[: len(stored)] = stored
    return colours.samples_to_srgb(palette[samples[..., 0]])


def _samples(document: PSDImage, plane: bytes, rows: slice) -> NDArray[np.uint8]:
    """Rows of one plane as 0..255."""
    height, width = document.height, document.width
    if document.depth == _BITS:
        packed = np.frombuffer(plane, np.uint8).reshape(height, -1)[rows]
        return (255 * (1 - np.unpackbits(packed, axis=1, count=width))).astype(np.uint8)  # a set bit is black
    if document.depth == 32:
        return np.floor(np.clip(_light(document, plane, rows), 0, 1) * 255 + 0.5).astype(np.uint8)
    if document.depth == 16:
        deep = np.frombuffer(plane, ">u2").reshape(height, width)[rows]
        return ((deep.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return np.frombuffer(plane, np.uint8).reshape(height, width)[rows]


def _light(document: PSDImage, plane: bytes, rows: slice) -> NDArray[np.floating[Any]]:
    light = np.frombuffer(plane, ">f4").reshape(document.height, document.width)[rows]
    return np.nan_to_num(light.astype(np.float32))


def _transparency_index(document: PSDImage) -> int | None:
    """Index of the transparency channel, if any.

    It is the first channel after the colours if the layer count is negative or if a block declares it. Other channels
    are saved selections, which do not affect transparency.
    """
    colour_channels = CHANNELS.get(document.color_mode)
    if colour_channels is None or document.channels <= colour_channels or not has_transparency(document):
        return None
    record = document._record  # pyright: ignore[reportPrivateUsage]
    infos = (record.layer_and_mask_information.layer_info, record._get_layer_info())  # pyright: ignore[reportPrivateUsage]
    if any(info is not None and info.layer_count < 0 for info in infos):
        return colour_channels
    if any(tag in (document.tagged_blocks or ()) for tag in _MERGED_TRANSPARENCY):
        return colour_channels
    identifiers: list[int] = list(document.image_resources.get_data(Resource.ALPHA_IDENTIFIERS) or ())
    if 0 not in identifiers:
        return None
    index = document.channels - len(identifiers) + identifiers.index(0)
    return index if colour_channels <= index < document.channels else None


def _names_channels(document: PSDImage) -> bool:
    """Whether the file names its channels after the colours."""
    kept = (Resource.ALPHA_IDENTIFIERS, Resource.ALPHA_NAMES_PASCAL, Resource.ALPHA_NAMES_UNICODE)
    return any(key in document.image_resources for key in kept)
