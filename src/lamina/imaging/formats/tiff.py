"""Writes TIFF: a full-canvas RGBA page per visible layer, lowest first, or a single image."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import BinaryIO

import numpy as np
from isal import isal_zlib
from tifffile import TiffWriter

from lamina.core.layers import Layer, LayerStack, Pixels
from lamina.imaging.formats.pages import pages
from lamina.imaging.layer_names import display_name
from lamina.imaging.metadata import FileMetadata, metadata_of_stack, render_xmp, software

_PAGE_NAME = 285  # TIFF 6.0, section 12; GIMP uses it as the layer name
_XMP = 700  # XMP specification part 3, 1.1.6
_STRIP_BYTES = 1 << 20
_CLASSIC_BYTES = (1 << 32) - (1 << 25)
_write_page = partial(
    TiffWriter.write, dtype=np.uint8, photometric="rgb", compression="zlib", predictor=True, metadata=None
)


def write(stack: LayerStack, file: BinaryIO) -> None:
    """Writes the stack strip by strip.

    Hidden layers are omitted, opacity is multiplied into the unassociated alpha, and blend modes become normal.
    The image description and the page name contain the name of the layer.
    """
    rows_per_strip = max(1, _STRIP_BYTES // (4 * stack.width))
    is_big = 4 * stack.width * stack.height * max(1, len(stack)) > _CLASSIC_BYTES
    metadata: FileMetadata | None = metadata_of_stack(stack)
    with TiffWriter(file, bigtiff=is_big) as tiff:
        for page in pages(stack):
            name = display_name(page.name, page.kind).encode()
            _write_page(
                tiff,
                _strips(page, stack.width, stack.height, rows_per_strip),
                shape=(stack.height, stack.width, 4),
                extrasamples=["unassalpha"],
                rowsperstrip=rows_per_strip,
                description=name,
                extratags=[(_PAGE_NAME, "s", 0, name, True), *_xmp_tag(metadata)],
                software=software(),
            )
            metadata = None  # only the first page carries it


def write_picture(file: BinaryIO, samples: Pixels, metadata: FileMetadata) -> None:
    """Writes a (height, width, 3 or 4) uint8 image as one page; alpha is unassociated."""
    height, width, count = samples.shape
    rows_per_strip = max(1, _STRIP_BYTES // (count * width))
    with TiffWriter(file, bigtiff=samples.size > _CLASSIC_BYTES) as tiff:
        _write_page(
            tiff,
            (_compress(samples[top : top + rows_per_strip].copy()) for top in range(0, height, rows_per_strip)),
            shape=samples.shape,
            extrasamples=["unassalpha"] if count == 4 else None,
            rowsperstrip=rows_per_strip,
            extratags=_xmp_tag(metadata),
            software=software(),
        )


def _xmp_tag(metadata: FileMetadata | None) -> list[tuple[int, str, int, bytes, bool]]:
    packet = render_xmp(metadata) if metadata is not None else b""
    return [(_XMP, "B", len(packet), packet, True)] if packet else []


def _strips(layer: Layer, width: int, height: int, rows_per_strip: int) -> Iterator[bytes]:
    """The compressed strips of a page, which tifffile writes unchanged."""
    for top in range(0, height, rows_per_strip):
        rows = replace(layer, top=layer.top - top).on_canvas(width, min(rows_per_strip, height - top))
        yield _compress(rows)


def _compress(rows: Pixels) -> bytes:
    """Applies the horizontal predictor (TIFF 6.0, section 14) in place, and compresses the rows."""
    rows[:, 1:] -= rows[:, :-1].copy()
    return isal_zlib.compress(rows.tobytes(), 1)
