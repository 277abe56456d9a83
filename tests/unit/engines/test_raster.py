"""Means and shares over labels: what they are, also where nothing bears a label."""

import cv2
import numpy as np
import pytest

from lamina.engines.classic.raster import (
    bounds_by_label,
    depth,
    grow,
    means_by_label,
    nearest_values,
    share_by_label,
    sums_by_label,
)

LABELS = np.array([[0, 2], [2, 2]])
VALUES = np.array([[[1.0, 5.0], [3.0, 0.0]], [[6.0, 0.0], [0.0, 9.0]]])


def test_means_sums_and_shares_are_those_of_each_label() -> None:
    assert means_by_label(LABELS, VALUES, 3).tolist() == [[1, 5], [0, 0], [3, 3]]
    assert sums_by_label(LABELS, VALUES, 3).tolist() == [[1, 5], [0, 0], [9, 9]]
    assert share_by_label(LABELS, 3).tolist() == [0.25, 0, 0.75]


def test_over_nothing_all_are_zero_and_divisible() -> None:
    nothing = np.zeros(0, np.int32)
    means = means_by_label(nothing, np.zeros((0, 3), np.uint8), 4)
    means /= 2
    assert means.tolist() == [[0, 0, 0]] * 4
    assert sums_by_label(nothing, np.zeros((0, 3), np.uint8), 4).dtype == np.float64
    assert share_by_label(nothing, 4).tolist() == [0] * 4


def test_depth_where_nothing_lies_outside_is_a_number_like_others() -> None:
    deep = depth(np.ones((4, 9), bool))
    assert deep.sum() == 9 * deep.size
    assert depth(np.zeros((4, 9), bool)).max() == 0


@pytest.mark.parametrize("px", [1, 7, 8, 20, 61])
@pytest.mark.parametrize("shape", [(60, 90), (9, 200), (200, 9)])
def test_a_mask_grows_by_a_disc_of_any_size(px: int, shape: tuple[int, int]) -> None:
    mask = np.zeros(shape, np.uint8)
    mask[shape[0] // 2, shape[1] // 3] = mask[0, -1] = 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * px + 1, 2 * px + 1))
    assert np.array_equal(grow(mask > 0, px), cv2.dilate(mask, disc) > 0)


def test_bounds_enclose_all_pixels_of_a_label() -> None:
    labels = np.array([[1, 0, 0, 2], [1, 1, 0, 0], [1, 0, 0, 1]], np.int32)
    assert bounds_by_label(labels, 3).tolist() == [[0, 1, 3, 4], [0, 0, 3, 4], [0, 3, 1, 4]]


def test_the_nearest_value_is_that_of_the_nearest_pixel_of_the_mask() -> None:
    mask = np.zeros((5, 9), bool)
    mask[4, 1] = mask[0, 6] = mask[3, 8] = True
    values = np.arange(45).reshape(5, 9)
    nearest = nearest_values(values, mask)
    assert (nearest[mask] == values[mask]).all()
    assert nearest[4, 0] == values[4, 1]
    assert nearest[0, 4] == values[0, 6]
    assert nearest[4, 8] == values[3, 8]
    assert (nearest_values(np.dstack([values, -values]), mask) == np.dstack([nearest, -nearest])).all()


def test_of_an_empty_mask_no_value_is_the_nearest() -> None:
    values = np.arange(12.0).reshape(2, 2, 3)
    assert not nearest_values(values, np.zeros((2, 2), bool)).any()
