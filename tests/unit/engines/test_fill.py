"""What is hidden is guessed from what is known: gradients run on, even past the picture's edge."""

import numpy as np
import pytest

from lamina.engines.classic.fill import fill


def gradient(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.stack([30 + 0.4 * x, 200 - 0.3 * y, 90 + 0.2 * x + 0.2 * y], -1).round().astype(np.uint8)


@pytest.mark.parametrize("corner", [(60, 70), (0, 0), (100, 0)])
def test_a_gradient_runs_on_through_a_hole(corner: tuple[int, int]) -> None:
    picture = gradient(160, 200)
    hole = np.zeros(picture.shape[:2], bool)
    hole[corner[0] : corner[0] + 60, corner[1] : corner[1] + 80] = True
    spoilt = picture.copy()
    spoilt[hole] = 255
    filled = fill(spoilt, hole, ~hole)
    assert np.abs(filled.astype(int) - picture).max() <= 2


def test_only_the_hole_changes_and_nothing_known_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 256, (50, 60, 3), dtype=np.uint8)
    hole = np.zeros((50, 60), bool)
    hole[20:30, 20:40] = True
    filled = fill(picture, hole, ~hole)
    assert np.array_equal(filled[~hole], picture[~hole])
    assert np.array_equal(fill(picture, hole, np.zeros_like(hole)), picture)


def test_a_hole_on_uneven_ground_stays_within_what_surrounds_it() -> None:
    rng = np.random.default_rng(2)
    picture = rng.integers(90, 130, (80, 80, 3), dtype=np.uint8)
    hole = np.zeros((80, 80), bool)
    hole[30:50, 30:50] = True
    picture[hole] = 255
    inside = fill(picture, hole, ~hole)[hole]
    assert inside.min() >= 85
    assert inside.max() <= 135
