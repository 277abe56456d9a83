"""Layers that are scaled, turned or shifted by parts of a pixel keep their colour, and stay opaque inside."""

import math

import numpy as np
import pytest

from lamina.stacks.transforms import Transform
from lamina.stacks.warping import warped


@pytest.mark.parametrize(
    "transform",
    [
        Transform.scale(1.5, 1.5, (0, 0)),
        Transform.scale(0.7, 1.3, (3, 3)),
        Transform.rotation(20, (20, 20)),
        Transform.shift(0.5, 0.25),
    ],
    ids=["larger", "one way", "turned", "shifted"],
)
def test_a_plain_square_stays_plain(transform: Transform) -> None:
    plain = np.full((40, 40, 4), (200, 100, 50, 255), np.uint8)
    pixels, _, _ = warped(plain, 0, 0, transform)
    seen = pixels[..., 3] > 0
    assert (pixels[seen][:, :3] == (200, 100, 50)).all()
    covered = float(pixels[..., 3].sum()) / 255
    area = 1600 * math.prod(transform.scales)
    assert covered == pytest.approx(area, rel=0.01)
    middle = pixels[pixels.shape[0] // 4 : -pixels.shape[0] // 4, pixels.shape[1] // 4 : -pixels.shape[1] // 4]
    assert (middle[..., 3] == 255).all()
    if transform.degrees == 0:
        assert (pixels[2:-2, 2:-2, 3] == 255).all()


def test_no_sample_goes_beyond_those_around_it() -> None:
    steps = np.zeros((20, 40, 4), np.uint8)
    steps[:, :, 3] = 255
    steps[:, 20:, :3] = 180
    pixels, _, _ = warped(steps, 0, 0, Transform.scale(2.3, 2.3, (0, 0)))
    opaque = pixels[pixels[..., 3] == 255]
    assert set(np.unique(opaque[:, 0])) >= {0, 180}
    assert opaque[:, :3].max() == 180
