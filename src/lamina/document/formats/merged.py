"""Compares layers that were read with the merged picture that their file carries, and tells of a difference."""

import numpy as np

from lamina.core.layers import Pixels

_STRIP_ROWS = 256  # bounds the temporaries of a large canvas
_NOT_TOLD_LEVELS = 3  # what programs differ by that round after every layer


def notes_on_difference(shown: Pixels, merged: Pixels) -> tuple[str, ...]:
    """`shown`: what the layers add up to; `merged`: what the file says that they do; both RGBA, straight alpha.

    Colours count as much as their alpha shows of them. Nothing where they differ by rounding alone.
    """
    if shown.shape != merged.shape:
        size = f"{merged.shape[1]} x {merged.shape[0]}"
        return (f"The merged picture in the file is {size} pixels, and was not compared with the layers.",)
    largest, total, pixels_apart = 0.0, 0.0, 0
    for top in range(0, shown.shape[0], _STRIP_ROWS):
        rows = slice(top, top + _STRIP_ROWS)
        levels = np.abs(_premultiplied(shown[rows]) - _premultiplied(merged[rows]))
        largest = max(largest, float(levels.max()))
        total += float(levels.sum(dtype=np.float64))
        pixels_apart += int((levels.max(-1) > _NOT_TOLD_LEVELS).sum())
    if not pixels_apart:
        return ()
    share = pixels_apart / (shown.shape[0] * shown.shape[1])
    return (
        f"The layers differ from the merged picture in the file in {max(share, 0.0001):.2%} of the pixels, by at most "
        f"{largest:.0f} of 255 levels and {total / shown.size:.2g} on average.",
    )


def _premultiplied(picture: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    samples = picture.astype(np.float32)
    samples[..., :3] *= samples[..., 3:] / 255
    return samples
