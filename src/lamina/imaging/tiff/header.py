"""Reads the tags of the first page of a TIFF."""

import math
from dataclasses import dataclass, field
from typing import Literal

from lamina.imaging.read_errors import CorruptFileError
from lamina.imaging.tiff.directory import Directory, read_directory
from lamina.imaging.tiff.numbers import CCITT_COMPRESSIONS, Compression, ExtraSample, Photometric, SampleFormat, Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class TiffHeader:
    """The tags of one page. Numbers are those of TIFF 6.0 and its supplements.

    `bits`, `sample_formats`: one number per channel if the channels differ, else a single number. `segment_width`,
    `segment_height`: size of a strip or tile. `offsets`, `byte_counts`: of the strips or tiles, plane by plane if
    `is_planar`. `extra_samples`: None if the tag is missing. `palette`: 3 * 2^bits numbers of 16 bits, red first.
    `orientation`: 1..8 as in EXIF. `byte_order`: "<" or ">".
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
        """Number of colour channels, which come first; 0 for an unsupported photometric interpretation."""
        return _COLOUR_COUNTS.get(self.photometric, 0)

    @property
    def alpha_channel(self) -> int | None:
        """Index of the alpha channel; None if there is none.

        Without the ExtraSamples tag, an additional channel counts as unassociated alpha, as in Pillow and Photoshop.
        """
        if self.extra_samples is None:
            return self.colour_count if self.channels > self.colour_count else None
        for index, extra_sample in enumerate(self.extra_samples[: self.channels - self.colour_count]):
            if extra_sample in (ExtraSample.ASSOCIATED_ALPHA, ExtraSample.UNASSOCIATED_ALPHA):
                return self.colour_count + index
        return None

    @property
    def is_alpha_associated(self) -> bool:
        """Associated alpha: colours are premultiplied."""
        channel = self.alpha_channel
        if channel is None or self.extra_samples is None:
            return False
        return self.extra_samples[channel - self.colour_count] == ExtraSample.ASSOCIATED_ALPHA

    @property
    def columns(self) -> int:
        """Strips or tiles per row of them."""
        return math.ceil(self.width / self.segment_width)

    @property
    def rows(self) -> int:
        """Rows of strips or tiles per plane."""
        return math.ceil(self.height / self.segment_height)

    @property
    def planes(self) -> int:
        return self.channels if self.is_planar else 1


def read_header(data: bytes) -> TiffHeader:
    """The header of the first page. Raises `CorruptFileError` or `struct.error` if it is corrupt or contradictory."""
    tags = read_directory(data)
    width, height = tags.number(Tag.WIDTH), tags.number(Tag.HEIGHT)
    if width < 1 or height < 1:
        raise CorruptFileError(f"its header gives the size {width} x {height}")
    is_tiled = Tag.TILE_WIDTH in tags
    rows_per_strip = tags.number(Tag.ROWS_PER_STRIP, height)
    return TiffHeader(
        width=width,
        height=height,
        depth=tags.number(Tag.DEPTH, 1),
        channels=tags.number(Tag.SAMPLES_PER_PIXEL, 1),
        bits=_collapse_equal(tags.numbers(Tag.BITS_PER_SAMPLE, (1,))),
        sample_formats=_collapse_equal(tags.numbers(Tag.SAMPLE_FORMAT, (SampleFormat.UNSIGNED,))),
        photometric=tags.number(Tag.PHOTOMETRIC, _default_photometric(tags)),
        compression=tags.number(Tag.COMPRESSION, Compression.NONE),
        predictor=tags.number(Tag.PREDICTOR, 1),
        is_planar=tags.number(Tag.PLANAR_CONFIGURATION, 1) == 2 and tags.number(Tag.SAMPLES_PER_PIXEL, 1) > 1,
        is_tiled=is_tiled,
        segment_width=tags.number(Tag.TILE_WIDTH) if is_tiled else width,
        segment_height=tags.number(Tag.TILE_HEIGHT) if is_tiled else min(rows_per_strip or height, height),
        offsets=_segment_numbers(tags, Tag.TILE_OFFSETS, Tag.STRIP_OFFSETS, is_tiled=is_tiled),
        byte_counts=_segment_numbers(tags, Tag.TILE_BYTE_COUNTS, Tag.STRIP_BYTE_COUNTS, is_tiled=is_tiled),
        extra_samples=tags.numbers(Tag.EXTRA_SAMPLES, ()) if Tag.EXTRA_SAMPLES in tags else None,
        has_reversed_bits=tags.number(Tag.FILL_ORDER, 1) == 2,
        byte_order=tags.byte_order,
        ink_set=tags.number(Tag.INK_SET, 1),
        fax_options=tags.number(Tag.FAX_OPTIONS, 0),
        palette=tags.numbers(Tag.COLOUR_MAP, ()),
        jpeg_tables=tags.value_bytes(Tag.JPEG_TABLES),
        profile=tags.value_bytes(Tag.ICC_PROFILE),
        orientation=tags.number(Tag.ORIENTATION, 1),
        page_count=tags.page_count,
    )


def _segment_numbers(tags: Directory, tile: Tag, strip: Tag, *, is_tiled: bool) -> tuple[int, ...]:
    """The values of the tag for tiles or strips; old writers use strip tags for tiles, too (libtiff, tif_dirread.c)."""
    return tags.numbers(tile if is_tiled and tile in tags else strip, ())


def _default_photometric(tags: Directory) -> Photometric:
    """The photometric interpretation that libtiff assumes if the tag is missing (tif_getimage.c)."""
    if tags.number(Tag.SAMPLES_PER_PIXEL, 1) >= 3:
        return Photometric.RGB
    is_ccitt = tags.number(Tag.COMPRESSION, Compression.NONE) in CCITT_COMPRESSIONS
    return Photometric.WHITE_IS_ZERO if is_ccitt else Photometric.BLACK_IS_ZERO


def _collapse_equal(numbers: tuple[int, ...]) -> tuple[int, ...]:
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
