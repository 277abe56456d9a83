"""A picture of differences shows where two pictures differ, and one level can be seen."""

import numpy as np

from lamina.imaging.difference import difference_of


def test_equal_pictures() -> None:
    pixels = np.full((3, 4, 4), 9, np.uint8)
    found = difference_of(pixels, pixels)
    assert (found.share_of_pixels, found.amplification) == (0, 1)
    assert not found.visible().any()


def test_one_level_becomes_white() -> None:
    one = np.full((2, 5, 4), 200, np.uint8)
    other = one.copy()
    other[1, 2, 0] += 1
    found = difference_of(one, other)
    assert found.share_of_pixels == 0.1
    assert found.visible()[1, 2].tolist() == [255, 0, 0]


def test_alpha_shows_as_grey_and_hidden_colour_does_not_count() -> None:
    one = np.zeros((1, 2, 4), np.uint8)
    other = one.copy()
    other[0, 0, :3] = 90
    other[0, 1, 3] = 60
    assert difference_of(one, other).levels.tolist() == [[[0, 0, 0], [60, 60, 60]]]
