"""Writes multi-page TIFF: a full-canvas RGBA page for each visible layer, lowest first."""

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

import numpy as np
from isal import isal_zlib
from tifffile import TiffWriter

from lamina.core.layers import Layer, LayerStack
from lamina.document.formats.pages import pages
from lamina.document.names import presentable

_PAGE_NAME = 285  # TIFF 6.0, section 12: what GIMP names the layer after
_STRIP_BYTES = 1 << 20
_CLASSIC_BYTES = (1 << 32) - (1 << 25)


def write(stack: LayerStack, file: BinaryIO) -> None:
    """Writes the stack, a strip at a time.

    Hidden layers are left out, opacity goes into the alpha (which is unassociated), blend modes become normal.
    A page's description and its page name tell the layer's name.
    """
    rows_a_strip = max(1, _STRIP_BYTES // (4 * stack.width))
    is_big = 4 * stack.width * stack.height * max(1, len(stack)) > _CLASSIC_BYTES
    with TiffWriter(file, bigtiff=is_big) as tiff:
        for page in pages(stack):
            name = presentable(page.name).encode()
            tiff.write(
                _strips(page, stack.width, stack.height, rows_a_strip),
                shape=(stack.height, stack.width, 4),
                dtype=np.uint8,
                photometric="rgb",
                extrasamples=["unassalpha"],
                compression="zlib",
                predictor=True,
                rowsperstrip=rows_a_strip,
                metadata=None,
                software=False,
                description=name,
                extratags=[(_PAGE_NAME, "s", 0, name, True)],
            )


def _strips(layer: Layer, width: int, height: int, rows_a_strip: int) -> Iterator[bytes]:
    """The page as tifffile takes it ready-made: differences to the pixel on the left (TIFF 6.0, section 14), packed."""
    for top in range(0, height, rows_a_strip):
        rows = replace(layer, top=layer.top - top).on_canvas(width, min(rows_a_strip, height - top))
        rows[:, 1:] -= rows[:, :-1].copy()
        yield isal_zlib.compress(rows.tobytes(), 1)
