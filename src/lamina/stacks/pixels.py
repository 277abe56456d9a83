"""Where documents keep the pixels of their layers: by content, so that revisions share them."""

import hashlib
from dataclasses import dataclass
from typing import Protocol

from lamina.core.layers import Pixels


@dataclass(frozen=True, slots=True)
class PixelRef:
    """Pixels in a store. `key`: the store's name for their content. `width`, `height`: in pixels."""

    key: str
    width: int
    height: int


class PixelStore(Protocol):
    """Pixels by content; equal pixels have equal keys."""

    def get(self, ref: PixelRef) -> Pixels:
        """(height, width, 4), read-only. Raises `LaminaError` (not_found, store_unavailable)."""
        ...

    def put(self, pixels: Pixels) -> PixelRef:
        """Keeps pixels. Raises `LaminaError` (store_unavailable, storage_full)."""
        ...


class MemoryPixels:
    """A `PixelStore` in the memory of this process."""

    def __init__(self) -> None:
        self._pixels: dict[str, Pixels] = {}

    def get(self, ref: PixelRef) -> Pixels:
        return self._pixels[ref.key]

    def put(self, pixels: Pixels) -> PixelRef:
        height, width = pixels.shape[:2]
        digest = hashlib.sha256(f"{width}x{height}".encode())
        digest.update(pixels.tobytes())
        key = digest.hexdigest()
        if key not in self._pixels:
            pixels.flags.writeable = False
            self._pixels[key] = pixels
        return PixelRef(key, width, height)
