"""Renders stored stacks: as files for other programs, as a preview, and the small pictures of their layers."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from lamina.core.composite import place
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Pixels
from lamina.imaging import saving
from lamina.imaging.export_options import PICTURES_ONLY, ExportOptions
from lamina.imaging.finish.resampling import resize_image
from lamina.imaging.png import encode_png
from lamina.service.service import Service
from lamina.stacks.document import Document, LayerNode
from lamina.stacks.pixels import PixelRef
from lamina.stacks.rendering import rendered, stack_of
from lamina.stacks.revisions.pixels import PixelCache, StoredPixels
from lamina.stacks.revisions.reading import has_pixels

SMALL_PX = 192


async def export(
    service: Service, cache: PixelCache, document: Document, ending: str, options: ExportOptions = PICTURES_ONLY
) -> BinaryIO:
    """An open file, which disappears when it is closed. Raises `LaminaError` (output_too_large)."""
    folder = Path(tempfile.mkdtemp(prefix="lamina-stack-"))
    pixels = StoredPixels(service, cache)

    def write() -> BinaryIO:
        return saving.save(stack_of(document, pixels), folder / f"out.{ending}", options).open("rb")

    try:
        return await asyncio.to_thread(write)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def preview(service: Service, cache: PixelCache, document: Document, side: int) -> bytes:
    """A PNG of what the stack shows, with at most `side` pixels on its longer side."""
    pixels = StoredPixels(service, cache)

    def draw() -> bytes:
        canvas = np.zeros((document.height, document.width, 4), np.uint8)
        for node in document.visible_layers():
            _place(canvas, node, pixels, cache)
        return encode_png(_reduced(canvas, side))

    return await asyncio.to_thread(draw)


async def small_pixels(service: Service, cache: PixelCache, stack_id: str, sha256: str) -> bytes:
    """A PNG of the pixels of a layer, with at most `SMALL_PX` pixels on its longer side. Raises as `pixel_data`."""
    pixels = StoredPixels(service, cache)
    await _check_shown(service, stack_id, sha256)
    return await asyncio.to_thread(lambda: encode_png(_reduced(pixels.get(PixelRef(sha256, 0, 0)), SMALL_PX)))


async def pixel_data(service: Service, stack_id: str, sha256: str) -> AsyncIterator[bytes]:
    """The PNG file of the pixels of a layer. Raises `LaminaError` (not_found) if no revision shows them."""
    await _check_shown(service, stack_id, sha256)
    return service.blobs.stream(sha256)


async def _check_shown(service: Service, stack_id: str, sha256: str) -> None:
    if not await has_pixels(service, stack_id, sha256):
        raise LaminaError(ErrorCode.NOT_FOUND, "The stack does not have these pixels.", "Get the stack again.")


def _place(canvas: Pixels, node: LayerNode, pixels: StoredPixels, cache: PixelCache) -> None:
    """Composites a layer. What is transparent around its pixels is left out, which takes most of the time."""
    layer = rendered(node, pixels)
    if node.transform.is_identity:
        box = cache.visible_box(node.pixels.key, layer.pixels)
        if box is None:
            return
        x, y, width, height = box
        visible = layer.pixels[y : y + height, x : x + width]
        layer = replace(layer, pixels=visible, left=layer.left + x, top=layer.top + y)
    place(canvas, layer)


def _reduced(pixels: Pixels, side: int) -> Pixels:
    height, width = pixels.shape[:2]
    longest = max(height, width)
    if longest <= side:
        return pixels
    return resize_image(pixels, max(1, round(width * side / longest)), max(1, round(height * side / longest)))
