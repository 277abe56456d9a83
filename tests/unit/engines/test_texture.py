"""Objects on a textured ground are told from it by the colours that recur along the border."""

import cv2
import numpy as np
import pytest

from lab.posters import FIRST_TUNING_SEED, poster
from lamina.core.composite import composite
from lamina.engines.classic.separation import iou
from lamina.engines.classic.texture import background_likelihood, foreground_on_texture


@pytest.mark.parametrize("seed", [FIRST_TUNING_SEED + 320, FIRST_TUNING_SEED + 324])
def test_the_objects_of_a_textured_poster_are_found(seed: int) -> None:
    stack = poster(seed, "textured").stack
    truth = np.zeros((stack.height, stack.width), bool)
    for layer in list(stack)[1:]:
        truth |= layer.on_canvas(stack.width, stack.height)[..., 3] > 127
    picture = np.ascontiguousarray(composite(stack)[..., :3])
    assert iou(foreground_on_texture(picture), truth) >= 0.9


def test_both_colours_of_stripes_are_ground_and_a_thing_at_the_edge_is_not() -> None:
    picture = np.zeros((300, 400, 3), np.uint8)
    picture[:] = np.where((np.arange(400) // 20 % 2)[:, None], (90, 150, 200), (230, 230, 210))
    cv2.rectangle(picture, (150, 0), (230, 120), (200, 40, 40), -1)
    likelihood = background_likelihood(picture)
    assert likelihood.dtype == np.float32
    assert likelihood[40:80, 160:220].max() < 0.5
    assert likelihood[160:].min() > 0.5
