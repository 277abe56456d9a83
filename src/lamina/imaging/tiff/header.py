"""Reads what a TIFF says about its first page, without decoding any of it."""

import math
from dataclasses import dataclass, field
from typing import Literal

from lamina.imaging.read_errors import CorruptFileError
from lamina.imaging.tiff.directory import Directory, read_directory
from lamina.imaging.tiff.numbers import FAXES, Compression, ExtraSample, Photometric, SampleFormat, Tag


@dataclass(frozen=True, slots=True)
class TiffHeader:
    """One page. Numbers are those of TIFF 6.0 and its supplements.

    `bits`, `sample_formats`: one number for each channel if the channels differ, else one. `segment_width`,
    `segment_height`: of a strip or a tile. `offsets`, `byte_counts`: of the segments, plane after plane if `is_planar`.
    `extra_samples`: None if the file does not say what its further channels are. `palette`: 3 * 2^bits numbers of 16
    bits, reds first. `orientation`: 1..8 as in EXIF. `byte_order`: "<" or ">".
    """

    width: int
    height: int
    depth: int
    channels: int
    bits: tuple[int, ...]
    sample_formats: tuple[int, ...]
    photometric: int
    compression: int
    predictor: int
    is_planar: bool
    is_tiled: bool
    segment_width: int
    segment_height: int
    offsets: tuple[int, ...] = field(repr=False)
    byte_counts: tuple[int, ...] = field(repr=False)
    extra_samples: tuple[int, ...] | None
    has_reversed_bits: bool
    byte_order: Literal["<", ">"]
    ink_set: int
    fax_options: int
    palette: tuple[int, ...] = field(repr=False)
    jpeg_tables: bytes | None = field(repr=False)
    profile: bytes | None = field(repr=False)
    orientation: int
    page_count: int

    @property
    def colour_count(self) -> int:
        """Channels that are colours; the others come after them. 0 for a photometric interpretation not known."""
        return _COLOUR_COUNTS.get(self.photometric, 0)

    @property
    def alpha_at(self) -> int | None:
        """The channel that is alpha; None where there is none.

        A file that does not say what its fourth channel is means alpha, in practice, and not multiplied: Pillow and
        Photoshop read it so.
        """
        if self.extra_samples is None:
            return self.colour_count if self.channels > self.colour_count else None
        for index, kind in enumerate(self.extra_samples[: self.channels - self.colour_count]):
            if kind in (ExtraSample.ASSOCIATED_ALPHA, ExtraSample.UNASSOCIATED_ALPHA):
                return self.colour_count + index
        return None

    @property
    def is_alpha_associated(self) -> bool:
        """Colours are stored multiplied by alpha."""
        at = self.alpha_at
        if at is None or self.extra_samples is None:
            return False
        return self.extra_samples[at - self.colour_count] == ExtraSample.ASSOCIATED_ALPHA

    @property
    def columns(self) -> int:
        """Segments side by side."""
        return math.ceil(self.width / self.segment_width)

    @property
    def rows(self) -> int:
        """Segments one above the other, of one plane."""
        return math.ceil(self.height / self.segment_height)

    @property
    def planes(self) -> int:
        return self.channels if self.is_planar else 1


def read_header(data: bytes) -> TiffHeader:
    """Raises `CorruptFileError` or `struct.error` if the directory is damaged or contradicts itself."""
    tags = read_directory(data)
    width, height = tags.number(Tag.WIDTH), tags.number(Tag.HEIGHT)
    if width < 1 or height < 1:
        raise CorruptFileError(f"it says that it has {width} x {height} pixels")
    is_tiled = Tag.TILE_WIDTH in tags
    rows_a_strip = tags.number(Tag.ROWS_PER_STRIP, height)
    return TiffHeader(
        width=width,
        height=height,
        depth=tags.number(Tag.DEPTH, 1),
        channels=tags.number(Tag.SAMPLES_PER_PIXEL, 1),
        bits=_without_repetition(tags.numbers(Tag.BITS_PER_SAMPLE, (1,))),
        sample_formats=_without_repetition(tags.numbers(Tag.SAMPLE_FORMAT, (SampleFormat.UNSIGNED,))),
        photometric=tags.number(Tag.PHOTOMETRIC, _photometric_left_out(tags)),
        compression=tags.number(Tag.COMPRESSION, Compression.NONE),
        predictor=tags.number(Tag.PREDICTOR, 1),
        is_planar=tags.number(Tag.PLANAR_CONFIGURATION, 1) == 2 and tags.number(Tag.SAMPLES_PER_PIXEL, 1) > 1,
        is_tiled=is_tiled,
        segment_width=tags.number(Tag.TILE_WIDTH) if is_tiled else width,
        segment_height=tags.number(Tag.TILE_HEIGHT) if is_tiled else min(rows_a_strip or height, height),
        offsets=_of_segments(tags, Tag.TILE_OFFSETS, Tag.STRIP_OFFSETS, is_tiled=is_tiled),
        byte_counts=_of_segments(tags, Tag.TILE_BYTE_COUNTS, Tag.STRIP_BYTE_COUNTS, is_tiled=is_tiled),
        extra_samples=tags.numbers(Tag.EXTRA_SAMPLES, ()) if Tag.EXTRA_SAMPLES in tags else None,
        has_reversed_bits=tags.number(Tag.FILL_ORDER, 1) == 2,
        byte_order=tags.byte_order,
        ink_set=tags.number(Tag.INK_SET, 1),
        fax_options=tags.number(Tag.FAX_OPTIONS, 0),
        palette=tags.numbers(Tag.COLOUR_MAP, ()),
        jpeg_tables=tags.stored(Tag.JPEG_TABLES),
        profile=tags.stored(Tag.ICC_PROFILE),
        orientation=tags.number(Tag.ORIENTATION, 1),
        page_count=tags.page_count,
    )


def _of_segments(tags: Directory, tile: Tag, strip: Tag, *, is_tiled: bool) -> tuple[int, ...]:
    """Old writers tell of tiles in the entries for strips, and libtiff reads that (tif_dirread.c)."""
    return tags.numbers(tile if is_tiled and tile in tags else strip, ())


def _photometric_left_out(tags: Directory) -> Photometric:
    """What libtiff takes for granted (tif_getimage.c, TIFFRGBAImageBegin)."""
    if tags.number(Tag.SAMPLES_PER_PIXEL, 1) >= 3:
        return Photometric.RGB
    is_fax = tags.number(Tag.COMPRESSION, Compression.NONE) in FAXES
    return Photometric.WHITE_IS_ZERO if is_fax else Photometric.BLACK_IS_ZERO


def _without_repetition(numbers: tuple[int, ...]) -> tuple[int, ...]:
    return numbers[:1] if len(set(numbers)) == 1 else numbers


_COLOUR_COUNTS: dict[int, int] = {
    Photometric.WHITE_IS_ZERO: 1,
    Photometric.BLACK_IS_ZERO: 1,
    Photometric.RGB: 3,
    Photometric.PALETTE: 1,
    Photometric.CMYK: 4,
    Photometric.YCBCR: 3,
    Photometric.CIELAB: 3,
}
