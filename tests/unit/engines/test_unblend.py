"""Lifting a layer off a picture loses nothing, whatever the guess of what is beneath."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lamina.core.composite import over
from lamina.core.layers import have_same_pixels
from lamina.engines.classic.unblend import extract_layer


def random_case(seed: int, is_opaque: bool) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    shape = 9, 13
    picture, ground = (rng.integers(0, 256, (*shape, 4), dtype=np.uint8) for _ in range(2))
    ground[..., 3] = np.where(rng.random(shape) < 0.8, 255, 0)
    if is_opaque:
        picture[..., 3] = ground[..., 3] = 255
    close = rng.random(shape) < 0.4
    ground[close, :3] = np.clip(picture[close, :3].astype(int) + rng.integers(-3, 4, (close.sum(), 3)), 0, 255)
    support = rng.random(shape) < 0.8
    inside = support & (rng.random(shape) < 0.7)
    core = inside & (rng.random(shape) < 0.5)
    colours = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    return picture, ground, inside, core, support, colours


@given(st.integers(0, 10**6), st.booleans(), st.sampled_from([0.0, 2.0, 20.0]))
def test_putting_the_layer_back_gives_the_picture(seed: int, is_opaque: bool, noise: float) -> None:
    picture, ground, inside, core, support, colours = random_case(seed, is_opaque)
    below = picture.copy()
    layer = extract_layer(below, ground, inside=inside, core=core, support=support, colours=colours, noise=noise)
    assert have_same_pixels(over(below, layer), picture)
    assert not layer[~support, 3].any()


def test_an_antialiased_edge_is_unmixed() -> None:
    alpha = np.linspace(0, 1, 11)[None, :, None]
    ground = np.full((1, 11, 4), 255, np.uint8)
    ground[..., :3] = 20, 40, 200
    own = np.array([250, 220, 10])
    picture = ground.copy()
    picture[..., :3] = np.rint(own * alpha + ground[..., :3] * (1 - alpha))
    everywhere = np.ones((1, 11), bool)
    colours = np.broadcast_to(own.astype(np.uint8), (1, 11, 3))
    core = everywhere.copy()
    core[:, :10] = False
    layer = extract_layer(picture, ground, inside=everywhere, core=core, support=everywhere, colours=colours, noise=2.0)
    assert np.abs(layer[0, :, 3] / 255 - alpha[0, :, 0]).max() < 0.05
    assert np.abs(layer[0, 3:, :3].astype(int) - own).max() <= 3
