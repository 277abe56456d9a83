"""The mark is small, at the bottom right, readable on any ground, and leaves the rest of the picture alone."""

import numpy as np
import pytest

from lamina.core.layers import Pixels
from lamina.imaging.watermark import watermarked


def ground(height: int, width: int, grey: int, alpha: int = 255) -> Pixels:
    return np.full((height, width, 4), (grey, grey, grey, alpha), np.uint8)


def changed(before: Pixels, after: Pixels) -> tuple[int, int, int, int]:
    """Top, left, bottom and right of what differs."""
    rows, columns = np.nonzero((before != after).any(-1))
    return rows.min(), columns.min(), rows.max() + 1, columns.max() + 1


@pytest.mark.parametrize(("height", "width"), [(64, 64), (512, 768), (1328, 1328), (300, 2000), (2000, 300)])
def test_the_mark_is_small_and_at_the_bottom_right(height: int, width: int) -> None:
    picture = ground(height, width, 90)
    before = picture.copy()
    marked = watermarked(picture)
    assert np.array_equal(picture, before)
    top, left, bottom, right = changed(picture, marked)
    short = min(height, width)
    assert bottom < height and right < width and height - bottom < 0.1 * short and width - right < 0.1 * short
    assert bottom - top < max(20, 0.06 * short)
    assert (bottom - top) * (right - left) < 0.2 * height * width


@pytest.mark.parametrize("grey", [0, 60, 128, 190, 255])
def test_the_mark_stands_out_from_any_ground(grey: int) -> None:
    marked = watermarked(ground(400, 400, grey))
    top, left, bottom, right = changed(ground(400, 400, grey), marked)
    patch = marked[top:bottom, left:right, 0].astype(int)
    assert patch.max() - patch.min() > 100


def test_the_mark_is_seen_where_the_picture_is_transparent() -> None:
    marked = watermarked(ground(400, 400, 0, alpha=0))
    assert marked[..., 3].max() > 200


@pytest.mark.parametrize(("height", "width", "text"), [(8, 8, "AI"), (40, 12, "AI generated"), (200, 200, "  ")])
def test_what_could_not_be_read_is_left_out(height: int, width: int, text: str) -> None:
    picture = ground(height, width, 90)
    assert np.array_equal(watermarked(picture, text), picture)


def test_the_words_can_be_chosen() -> None:
    picture = ground(300, 300, 90)
    assert not np.array_equal(watermarked(picture, "Lamina"), watermarked(picture))
