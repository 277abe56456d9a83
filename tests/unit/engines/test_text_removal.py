"""What is behind text continues exactly up to the letters, even where edges are near."""

import numpy as np

from lamina.core.layers import Pixels
from lamina.engines.classic.raster import Mask, grow
from lamina.engines.classic.text_removal import remove_text

_GREEN, _WHITE = (0, 104, 0, 255), (255, 255, 255, 255)


def _bars(shape: tuple[int, int], top: int, bottom: int) -> Mask:
    """Small letters: strokes two pixels wide, six pixels apart."""
    mask = np.zeros(shape, bool)
    for x in range(20, shape[1] - 20, 6):
        mask[top:bottom, x : x + 2] = True
    return mask


def _with_soft_letters(picture: Pixels, letters: Mask) -> Pixels:
    """White letters with a soft edge of one pixel at their right."""
    out = picture.copy()
    rim = np.roll(letters, 1, 1) & ~letters
    out[rim, :3] = (out[rim, :3].astype(int) + 255) // 2
    out[letters] = _WHITE
    return out


def test_small_letters_beside_a_frame_leave_no_trace() -> None:
    clean = np.full((60, 200, 4), _GREEN, np.uint8)
    clean[42:46] = _WHITE  # a frame in the colour of the letters
    letters = _bars((60, 200), 18, 34)
    removed = remove_text(_with_soft_letters(clean, letters), letters)
    assert np.abs(removed.astype(int) - clean).max() <= 2


def test_an_edge_behind_the_letters_stays_sharp_between_them() -> None:
    clean = np.full((60, 200, 4), _GREEN, np.uint8)
    clean[:, 100:] = (200, 0, 0, 255)
    letters = _bars((60, 200), 18, 34)
    removed = remove_text(_with_soft_letters(clean, letters), letters)
    difference = np.abs(removed.astype(int) - clean).max(-1)
    assert difference[:, :97].max() <= 8
    assert difference[:, 103:].max() <= 8


def test_the_faint_end_of_a_shadow_is_not_taken_for_the_surface() -> None:
    clean = np.full((60, 200, 4), (200, 200, 200, 255), np.uint8)
    letters = _bars((60, 200), 18, 34)
    shadowed = clean.copy()
    shadowed[grow(letters, 2), :3] -= 2  # within the margin
    shadowed[letters] = (0, 0, 0, 255)
    assert np.array_equal(remove_text(shadowed, letters), clean)


def test_without_letters_nothing_changes() -> None:
    picture = np.full((20, 20, 4), _GREEN, np.uint8)
    assert np.array_equal(remove_text(picture, np.zeros((20, 20), bool)), picture)
