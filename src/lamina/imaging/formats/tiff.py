"""Writes TIFF: of a stack, a full-canvas RGBA page for each visible layer, lowest first; or of one picture."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
from isal import isal_zlib
from tifffile import TiffWriter

from lamina.core.layers import Layer, LayerStack, Pixels
from lamina.imaging.formats.pages import pages
from lamina.imaging.layer_names import display_name
from lamina.imaging.metadata import FileMetadata, metadata_of_stack, render_xmp, software

_PAGE_NAME = 285  # TIFF 6.0, section 12: what GIMP names the layer after
_XMP = 700  # XMP specification part 3, 1.1.6
_STRIP_BYTES = 1 << 20
_CLASSIC_BYTES = (1 << 32) - (1 << 25)
_HOW: dict[str, Any] = {
    "dtype": np.uint8,
    "photometric": "rgb",
    "compression": "zlib",
    "predictor": True,
    "metadata": None,
}


def write(stack: LayerStack, file: BinaryIO) -> None:
    """Writes the stack, a strip at a time.

    Hidden layers are left out, opacity goes into the alpha (which is unassociated), blend modes become normal.
    A page's description and its page name tell the layer's name.
    """
    rows_a_strip = max(1, _STRIP_BYTES // (4 * stack.width))
    is_big = 4 * stack.width * stack.height * max(1, len(stack)) > _CLASSIC_BYTES
    metadata: FileMetadata | None = metadata_of_stack(stack)
    with TiffWriter(file, bigtiff=is_big) as tiff:
        for page in pages(stack):
            name = display_name(page.name, page.kind).encode()
            tiff.write(
                _strips(page, stack.width, stack.height, rows_a_strip),
                shape=(stack.height, stack.width, 4),
                extrasamples=["unassalpha"],
                rowsperstrip=rows_a_strip,
                description=name,
                extratags=[(_PAGE_NAME, "s", 0, name, True), *_notes(metadata)],
                software=software(),
                **_HOW,
            )
            metadata = None  # told once, by the first page


def write_picture(file: BinaryIO, samples: Pixels, metadata: FileMetadata) -> None:
    """Writes (height, width, 3 or 4) uint8 as one page; alpha is unassociated."""
    height, width, count = samples.shape
    rows_a_strip = max(1, _STRIP_BYTES // (count * width))
    with TiffWriter(file, bigtiff=samples.size > _CLASSIC_BYTES) as tiff:
        tiff.write(
            (_packed(samples[top : top + rows_a_strip].copy()) for top in range(0, height, rows_a_strip)),
            shape=samples.shape,
            extrasamples=["unassalpha"] if count == 4 else None,
            rowsperstrip=rows_a_strip,
            extratags=_notes(metadata),
            software=software(),
            **_HOW,
        )


def _notes(metadata: FileMetadata | None) -> list[tuple[int, str, int, bytes, bool]]:
    packet = render_xmp(metadata) if metadata is not None else b""
    return [(_XMP, "B", len(packet), packet, True)] if packet else []


def _strips(layer: Layer, width: int, height: int, rows_a_strip: int) -> Iterator[bytes]:
    """The page as tifffile takes it ready-made."""
    for top in range(0, height, rows_a_strip):
        rows = replace(layer, top=layer.top - top).on_canvas(width, min(rows_a_strip, height - top))
        yield _packed(rows)


def _packed(rows: Pixels) -> bytes:
    """Differences to the pixel on the left (TIFF 6.0, section 14), packed; `rows` are spent."""
    rows[:, 1:] -= rows[:, :-1].copy()
    return isal_zlib.compress(rows.tobytes(), 1)
