"""Leaves another picture's samples in the memory that the next picture gets, so that what is not written shows."""

import io
from functools import cache

import numpy as np
import tifffile

from lamina.imaging.picture import read_picture

_BLOCKS = 24


def fill_freed_memory(level: int, samples: int) -> None:
    """Reads pictures of this level, and frees buffers that are full of it, of sizes about `samples` bytes; what was
    freed is what numpy and malloc give out next.
    """
    for compression in (None, "lzw"):
        read_picture(_somebody_elses(level, compression))
    for shift in range(4):
        full = [np.full(max(1, (samples << shift) // 2), level, np.uint8) for _ in range(_BLOCKS)]
        del full


@cache
def _somebody_elses(level: int, compression: str | None) -> bytes:
    file = io.BytesIO()
    samples = np.full((3, 29, 37), level * 257, np.uint16)
    tifffile.imwrite(file, samples, photometric="rgb", planarconfig="separate", compression=compression)
    return file.getvalue()
