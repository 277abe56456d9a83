"""The pixels of stored stacks: PNG files among the blobs of the service, and the last ones that were decoded."""

import asyncio
import hashlib
import re
import threading
from collections import OrderedDict
from pathlib import Path

import cv2
import numpy as np

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Box, Pixels
from lamina.imaging.png import encode_png
from lamina.service.service import Service
from lamina.stacks.pixels import PixelRef

_CACHE_BYTES = 256 << 20
_KEY = re.compile("[0-9a-f]{64}")


class PixelCache:
    """The decoded pixels that were used last, at most `most_bytes` of them. Threads may share it."""

    def __init__(self, most_bytes: int = _CACHE_BYTES) -> None:
        self._most, self._bytes = most_bytes, 0
        self._pixels: OrderedDict[str, Pixels] = OrderedDict()
        self._boxes: dict[str, Box | None] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> Pixels | None:
        with self._lock:
            pixels = self._pixels.get(key)
            if pixels is not None:
                self._pixels.move_to_end(key)
            return pixels

    def put(self, key: str, pixels: Pixels) -> None:
        with self._lock:
            if key in self._pixels or pixels.nbytes > self._most:
                return
            self._pixels[key] = pixels
            self._bytes += pixels.nbytes
            while self._bytes > self._most:
                oldest, dropped = self._pixels.popitem(last=False)
                self._bytes -= dropped.nbytes
                self._boxes.pop(oldest, None)

    def visible_box(self, key: str, pixels: Pixels) -> Box | None:
        """The smallest box around the pixels with alpha above 0; None if there are none. It is found once."""
        with self._lock:
            if key in self._boxes:
                return self._boxes[key]
        box = _visible_box(pixels)
        with self._lock:
            if key in self._pixels:
                self._boxes[key] = box
        return box


class StoredPixels:
    """A `PixelStore` over the blobs of a service, for threads other than that of its event loop.

    `added`: bytes by key of all that was put. A key is the SHA-256 of the PNG file, which is the name of its blob.
    """

    def __init__(self, service: Service, cache: PixelCache) -> None:
        self._blobs, self._cache = service.blobs, cache
        self._loop = asyncio.get_running_loop()
        self.added: dict[str, int] = {}

    def get(self, ref: PixelRef) -> Pixels:
        pixels = self._cache.get(ref.key)
        if pixels is None:
            data = asyncio.run_coroutine_threadsafe(self._blobs.get(ref.key), self._loop).result()
            pixels = decoded(data)
            self._cache.put(ref.key, pixels)
        return pixels

    def put(self, pixels: Pixels) -> PixelRef:
        data = encode_png(pixels)
        stored = asyncio.run_coroutine_threadsafe(self._blobs.put(data), self._loop).result()
        pixels.flags.writeable = False
        self._cache.put(stored.sha256, pixels)
        self.added[stored.sha256] = stored.size
        return PixelRef(stored.sha256, pixels.shape[1], pixels.shape[0])


class FolderPixels:
    """A `PixelStore` in a folder, with the same keys: a PNG file each, named by its key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, ref: PixelRef) -> Pixels:
        return decoded((self._folder / f"{ref.key}.png").read_bytes())

    def put(self, pixels: Pixels) -> PixelRef:
        data = encode_png(pixels)
        key = hashlib.sha256(data).hexdigest()
        (self._folder / f"{key}.png").write_bytes(data)
        return PixelRef(key, pixels.shape[1], pixels.shape[0])


def is_key(text: str) -> bool:
    """Whether it is the name of pixels in these stores, a SHA-256."""
    return _KEY.fullmatch(text) is not None


def decoded(data: bytes) -> Pixels:
    """The pixels of a PNG file that `encode_png` has written, read-only. Raises `LaminaError` (store_unavailable)."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None or image.ndim != 3 or image.shape[2] != 4 or image.dtype != np.uint8:
        raise LaminaError(ErrorCode.STORE_UNAVAILABLE, "The pixels of a layer cannot be read.", "Restore a backup.")
    pixels = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA), np.uint8)
    pixels.flags.writeable = False
    return pixels


def _visible_box(pixels: Pixels) -> Box | None:
    visible = pixels[..., 3] > 0
    rows, columns = np.flatnonzero(visible.any(1)), np.flatnonzero(visible.any(0))
    if not rows.size:
        return None
    left, top = int(columns[0]), int(rows[0])
    return left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top
