"""The layer that takes one picture to another does so, or is said not to exist."""

import numpy as np
import pytest

from lamina.core.composite import over
from lamina.core.layers import BlendMode, Pixels
from lamina.imaging.formats.pixel_change import are_equal_within_rounding, solve_layer


def _noise(seed: int, alpha: int | None = None) -> Pixels:
    picture = np.random.default_rng(seed).integers(0, 256, (300, 40, 4), dtype=np.uint8)
    if alpha is not None:
        picture[..., 3] = alpha
    return picture


@pytest.mark.parametrize("blend", BlendMode)
@pytest.mark.parametrize("coverage", [None, np.full((300, 40), 20, np.uint8)], ids=["whole", "thin"])
def test_what_any_mode_makes_is_made_by_a_normal_layer(blend: BlendMode, coverage: np.ndarray | None) -> None:
    below = _noise(1)
    below[:150, :, 3] = 255
    after = over(below, _noise(2), 200, blend)
    change = solve_layer(below, after, coverage)
    assert change is not None
    assert are_equal_within_rounding(over(below, change), after)


def test_nothing_covers_what_does_not_change() -> None:
    below = _noise(1, alpha=255)
    after = below.copy()
    after[:10] = 255 - after[:10]
    after[..., 3] = 255
    change = solve_layer(below, after)
    assert change is not None
    assert (change[10:, :, 3] == 0).all()


def test_no_layer_takes_transparency_or_colour_from_below_away() -> None:
    below = _noise(1, alpha=128)
    assert solve_layer(below, _noise(1, alpha=100)) is None
    assert solve_layer(below, _noise(2, alpha=128)) is None
