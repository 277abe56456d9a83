"""The judgement of partings: what its networks compute, and measures that speak for a thing behind another."""

import cv2
import numpy as np

from lamina.engines.classic.fitted_networks import FittedNetworks
from lamina.engines.classic.raster import components
from lamina.engines.classic.regions import Patches, segment_patches
from lamina.engines.classic.split_features import MEASURES, measure_splits
from lamina.engines.classic.splitting import load_split_model


def disc_behind_a_square() -> Patches:
    """A disc of which a square covers the right third."""
    rgb = np.full((200, 240, 3), 250, np.uint8)
    cv2.circle(rgb, (90, 100), 80, (40, 90, 200), -1)
    cv2.rectangle(rgb, (120, 50), (220, 150), (220, 60, 40), -1)
    mask = rgb[..., 2] != 250
    smooth = np.zeros(mask.shape, bool)
    for colour in ((40, 90, 200), (220, 60, 40)):
        smooth |= (rgb == colour).all(-1)
    smooth[:, 119:121] = False
    return segment_patches(rgb, mask, smooth)


def test_merit_is_the_mean_of_rectified_networks_over_standardised_measures() -> None:
    up = ((np.array([[1.0], [2.0]]), np.array([0.5])), (np.array([[3.0]]), np.array([-1.0])))
    down = ((np.array([[-1.0], [0.0]]), np.array([0.0])), (np.array([[1.0]]), np.array([0.0])))
    judge = FittedNetworks(
        measures=("a", "b"), mean=np.array([1.0, 0.0]), scale=np.array([2.0, 1.0]), networks=(up, down)
    )
    measures = np.array([[3.0, 1.0], [-1.0, -9.0]])  # standardised: 1 and 1; -1 and -9, which counts as -4
    assert judge.outputs(measures).tolist() == [(3 * 3.5 - 1 + 0) / 2, (-1 + 1) / 2]


def test_what_is_hidden_counts_for_symmetry() -> None:
    patches = disc_behind_a_square()
    assert components(patches.labels > 0).areas.size == 2
    ways = measure_splits(patches)
    measured = dict(zip(MEASURES, ways.measures[0], strict=True))
    assert len(ways.sides) == 1
    assert measured["symmetry_completed_least"] > 0.95
    assert measured["hulls_common"] < 0.05
    assert measured["contrast_least"] > 60


def test_the_fitted_judgement_parts_a_disc_from_the_square_before_it() -> None:
    assert load_split_model().outputs(measure_splits(disc_behind_a_square()).measures).max() > 0
