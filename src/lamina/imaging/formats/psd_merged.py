"""Reads the flat picture that a Photoshop file keeps beside its layers, and measures other pictures against it."""

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
from lamina.imaging.formats.psd_colours import CHANNELS, Colours
from lamina.imaging.formats.psd_packing import are_rows_whole
from lamina.imaging.read_errors import CorruptFileError

_BITS = 1
_MATTED_WITHIN = 8  # levels, for profiles that move colours a little
_MERGED_TRANSPARENCY = (
    Tag.SAVING_MERGED_TRANSPARENCY,
    Tag.SAVING_MERGED_TRANSPARENCY16,
    Tag.SAVING_MERGED_TRANSPARENCY32,
)


@dataclass(frozen=True)
class Difference:
    """Between two pictures on white, in levels of 255: on average, and where it is largest."""

    mean: float
    most: int


@dataclass(frozen=True, eq=False)
class MergedPicture:
    """What Photoshop shows of a whole file.

    `on_white`: (height, width, 3) sRGB. `alpha`: (height, width), None for a picture without transparency.
    `extra_channels`: how many more channels it has: saved selections and spot inks.
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
        """Of an RGBA picture of the same size; of colours on white and of alpha, whichever differs more."""
        total, alpha_total, most = 0.0, 0.0, 0.0
        for rows in strips_of_rows(*picture.shape[:2]):
            alpha = picture[rows, :, 3:].astype(np.float32) / 255
            off = np.abs(picture[rows, :, :3] * alpha + 255 * (1 - alpha) - self.on_white[rows])
            total, most = total + float(off.sum()) / 3, max(most, float(off.max()))
            if self.alpha is not None:
                alpha_off = np.abs(picture[rows, :, 3].astype(np.float32) - self.alpha[rows])
                alpha_total, most = alpha_total + float(alpha_off.sum()), max(most, float(alpha_off.max()))
        pixels = picture.shape[0] * picture.shape[1]
        return Difference(max(total, alpha_total) / pixels, round(most))

    def difference_of_colours(self, picture: Pixels) -> Difference:
        """Of the colours alone, wherever the other picture has any: for files that keep no word of transparency."""
        total, pixels, most = 0.0, 0, 0
        for rows in strips_of_rows(*picture.shape[:2]):
            covered = picture[rows, :, 3] > 0
            off = np.abs(picture[rows, :, :3].astype(np.int16) - self.on_white[rows])[covered]
            total, pixels = total + float(off.sum()) / 3, pixels + len(off)
            most = max(most, int(off.max(initial=0)))
        return Difference(total / max(1, pixels), most)


def merged_pictures(document: PSDImage, colours: Colours) -> Iterator[MergedPicture]:
    """The stored flat picture, which is there in every file, but need not show anything: see `has_preview`.

    By the specification the count of layers tells whether the first channel after the colours is transparency. Some
    programs leave that out: if nothing in the file names the channel, the picture with it as transparency is second.
    """
    place = _transparency_place(document)
    yield _picture(document, colours, place)
    held = CHANNELS.get(document.color_mode)
    if place is None and held is not None and document.channels > held and len(document) and not _names(document):
        yield _picture(document, colours, held)


def is_whole(document: PSDImage) -> bool:
    """Whether the flat picture has all its rows; psd-tools fills one that was cut off up with black."""
    record = document._record  # pyright: ignore[reportPrivateUsage]
    data, lines = record.image_data.data, document.height * document.channels
    if record.image_data.compression is Compression.RAW:
        return len(data) >= lines * ((document.width * document.depth + 7) // 8)
    if record.image_data.compression is Compression.RLE:
        row_bytes = (document.width * document.depth + 7) // 8
        return are_rows_whole(data, lines, row_bytes, version=document.version)
    return True  # what was packed otherwise does not unpack


def check_merged_rows(document: PSDImage) -> None:
    """Raises `CorruptFileError`."""
    if not is_whole(document):
        raise CorruptFileError("rows of its flat picture are missing, or do not unpack to its width")


def is_blank(picture: MergedPicture) -> bool:
    """Whether it is all black or all white, as programs leave it that do not draw it."""
    lowest, highest = picture.on_white.min(), picture.on_white.max()
    return bool(lowest == highest) and lowest in (0, 255)


def _picture(document: PSDImage, colours: Colours, place: int | None) -> MergedPicture:
    record = document._record  # pyright: ignore[reportPrivateUsage]
    planes = record.image_data.get_data(record.header)
    if not isinstance(planes, list):
        raise CorruptFileError("its flat picture is not in planes")
    held = CHANNELS.get(document.color_mode, 1)
    if len(planes) < held:
        raise CorruptFileError(f"its flat picture has {len(planes)} channels, and needs {held}")
    on_white = np.empty((document.height, document.width, 3), np.uint8)
    for rows in strips_of_rows(document.height, document.width):
        on_white[rows] = _strip(document, colours, planes[:held], rows)
    alpha = None if place is None else _samples(document, planes[place], slice(0, document.height))
    if alpha is not None and not _is_matted(on_white, alpha):
        _matte(on_white, alpha)
    extra = 0 if colours.mode is ColorMode.MULTICHANNEL else len(planes) - held - (place is not None)
    return MergedPicture(on_white, alpha, extra)


def _is_matted(colours: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> bool:
    """Photoshop stores how colours look on white; programs that do not are found out by colours too dark for that."""
    return all(
        (colours[rows].min(-1).astype(np.int16) + alpha[rows] >= 255 - _MATTED_WITHIN).all()
        for rows in strips_of_rows(*alpha.shape)
    )


def _matte(colours: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> None:
    for rows in strips_of_rows(*alpha.shape):
        share = alpha[rows, :, None].astype(np.float32) / 255
        colours[rows] = np.round(colours[rows] * share + 255 * (1 - share)).astype(np.uint8)


def _strip(document: PSDImage, colours: Colours, planes: list[bytes], rows: slice) -> NDArray[np.uint8]:
    if document.depth == 32:
        return colours.to_srgb(np.dstack([_light(document, plane, rows) for plane in planes]))
    samples = np.dstack([_samples(document, plane, rows) for plane in planes])
    if document.color_mode is not ColorMode.INDEXED:
        return colours.shown_samples(samples)
    data = document._record.color_mode_data  # pyright: ignore[reportPrivateUsage]
    palette = np.zeros((256, 3), np.uint8)
    stored = np.frombuffer(data.interleave(), np.uint8)[: 256 * 3].reshape(-1, 3)
    palette[: len(stored)] = stored
    return colours.shown_samples(palette[samples[..., 0]])


def _samples(document: PSDImage, plane: bytes, rows: slice) -> NDArray[np.uint8]:
    """The rows of one plane as 0..255."""
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


def _transparency_place(document: PSDImage) -> int | None:
    """Which channel holds transparency.

    It is the first after the colours where the count of layers is negative, or where the file says so. Any other
    channel is a selection that somebody saved, and hides nothing.
    """
    held = CHANNELS.get(document.color_mode)
    if held is None or document.channels <= held or not has_transparency(document):
        return None
    record = document._record  # pyright: ignore[reportPrivateUsage]
    infos = (record.layer_and_mask_information.layer_info, record._get_layer_info())  # pyright: ignore[reportPrivateUsage]
    if any(info is not None and info.layer_count < 0 for info in infos):
        return held
    if any(tag in (document.tagged_blocks or ()) for tag in _MERGED_TRANSPARENCY):
        return held
    identifiers: list[int] = list(document.image_resources.get_data(Resource.ALPHA_IDENTIFIERS) or ())
    if 0 not in identifiers:
        return None
    place = document.channels - len(identifiers) + identifiers.index(0)
    return place if held <= place < document.channels else None


def _names(document: PSDImage) -> bool:
    """Whether the file tells anything of its channels after the colours."""
    kept = (Resource.ALPHA_IDENTIFIERS, Resource.ALPHA_NAMES_PASCAL, Resource.ALPHA_NAMES_UNICODE)
    return any(key in document.image_resources for key in kept)
