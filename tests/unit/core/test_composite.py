"""The composite against its own formula in exact arithmetic, against Pillow, and against the W3C blend formulas."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from PIL import Image

from lamina.core.composite import composite, over
from lamina.core.layers import BlendMode, Layer, LayerKind, LayerStack, Pixels


def pixel(*samples: int) -> Pixels:
    return np.array([[samples]], np.uint8)


def layer(pixels: Pixels, left: int = 0, top: int = 0, **switches: object) -> Layer:
    return Layer("layer", LayerKind.OBJECT, pixels, left, top, **switches)  # pyright: ignore[reportArgumentType]


def random_pixels(seed: int, shape: tuple[int, int] = (64, 64)) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (*shape, 4), np.uint8)


def half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def over_in_fractions(below: tuple[int, ...], above: tuple[int, ...]) -> tuple[int, ...]:
    """Source-over (Porter and Duff 1984) on straight alpha, rounded half up once for alpha and once for colour."""
    a, b = Fraction(above[3], 255), Fraction(below[3], 255)
    alpha = a + b * (1 - a)
    if half_up(alpha * 255) == 0:
        return 0, 0, 0, 0
    colour = [(a * top + b * (1 - a) * bottom) / alpha for top, bottom in zip(above[:3], below[:3], strict=True)]
    return (*(half_up(value) for value in colour), half_up(alpha * 255))


def every_pair_of_levels() -> tuple[np.ndarray, np.ndarray]:
    """Two pictures (256, 256, 4): opaque grey by row, and grey by column with alpha 0."""
    levels = np.arange(256, dtype=np.uint8)
    below = np.full((256, 256, 4), 255, np.uint8)
    below[..., :3] = levels[:, None, None]
    above = np.zeros((256, 256, 4), np.uint8)
    above[..., :3] = levels[None, :, None]
    return below, above


def test_opaque_ground_follows_the_formula_for_every_alpha_and_every_pair_of_levels() -> None:
    levels = np.arange(256, dtype=np.int64)
    below, above = every_pair_of_levels()
    for alpha in range(256):
        above[..., 3] = alpha
        expected = (alpha * levels[None, :] + (255 - alpha) * levels[:, None] + 127) // 255
        seen = over(below, above)
        assert (seen[..., :3] == expected[..., None]).all(), alpha
        assert (seen[..., 3] == 255).all()


def test_opaque_ground_agrees_with_pillow_for_every_alpha() -> None:
    below, above = every_pair_of_levels()
    for alpha in range(256):
        above[..., 3] = alpha
        theirs = Image.alpha_composite(Image.fromarray(below), Image.fromarray(above))
        assert (over(below, above) == np.asarray(theirs)).all(), alpha


def test_transparent_ground_follows_the_formula_in_exact_arithmetic() -> None:
    below, above = random_pixels(1), random_pixels(2)
    below[::3, :, 3], above[:, ::3, 3] = 0, 0
    below[1::3, :, 3], above[:, 1::3, 3] = 255, 255
    seen = over(below, above)
    for row, column in np.ndindex(64, 64):
        expected = over_in_fractions(tuple(map(int, below[row, column])), tuple(map(int, above[row, column])))
        assert tuple(map(int, seen[row, column])) == expected


def test_the_fast_path_for_opaque_ground_gives_what_the_general_one_gives() -> None:
    below, above = random_pixels(3), random_pixels(4)
    below[..., 3] = 255
    with_a_clear_pixel = np.concatenate([below, np.zeros((1, 64, 4), np.uint8)])
    general = over(with_a_clear_pixel, np.concatenate([above, above[:1]]))
    assert (over(below, above) == general[:64]).all()


def test_opacity_multiplies_alpha() -> None:
    assert over(pixel(0, 0, 0, 255), pixel(255, 255, 255, 255), opacity=128).tolist() == [[[128, 128, 128, 255]]]
    assert over(pixel(9, 9, 9, 255), pixel(255, 255, 255, 255), opacity=0).tolist() == [[[9, 9, 9, 255]]]


def test_nothing_over_nothing_has_no_colour() -> None:
    assert over(pixel(7, 8, 9, 0), pixel(1, 2, 3, 0)).tolist() == [[[0, 0, 0, 0]]]


# B(backdrop, source) worked out by hand from W3C Compositing and Blending Level 1, section 9.1, for opaque layers;
# backdrop 51 (0.2), source 204 (0.8); then the other way round.
@pytest.mark.parametrize(
    ("blend", "light_on_dark", "dark_on_light"),
    [
        (BlendMode.NORMAL, 204, 51),
        (BlendMode.MULTIPLY, 41, 41),  # 0.16
        (BlendMode.SCREEN, 214, 214),  # 0.84
        (BlendMode.OVERLAY, 82, 173),  # 2·0.2·0.8 = 0.32; 1 - 2·0.2·0.8 = 0.68
        (BlendMode.DARKEN, 51, 51),
        (BlendMode.LIGHTEN, 204, 204),
        (BlendMode.COLOR_DODGE, 255, 255),  # 0.2/0.2; 0.8/0.8
        (BlendMode.COLOR_BURN, 0, 0),  # 1 - 0.8/0.8; 1 - 0.2/0.2
        (BlendMode.HARD_LIGHT, 173, 82),
        (BlendMode.SOFT_LIGHT, 89, 180),  # 0.2 + 0.6·(0.448 - 0.2) = 0.3488; 0.8 - 0.6·0.8·0.2 = 0.704
        (BlendMode.DIFFERENCE, 153, 153),  # 0.6
        (BlendMode.EXCLUSION, 173, 173),  # 0.2 + 0.8 - 0.32 = 0.68
    ],
)
def test_blend_modes_follow_the_w3c_formulas(blend: BlendMode, light_on_dark: int, dark_on_light: int) -> None:
    dark, light = pixel(51, 51, 51, 255), pixel(204, 204, 204, 255)
    assert over(dark, light, blend=blend).tolist() == [[[light_on_dark] * 3 + [255]]]
    assert over(light, dark, blend=blend).tolist() == [[[dark_on_light] * 3 + [255]]]


def test_dodge_and_burn_have_the_limits_of_the_specification() -> None:
    black, white = pixel(0, 0, 0, 255), pixel(255, 255, 255, 255)
    assert over(black, white, blend=BlendMode.COLOR_DODGE).tolist() == black.tolist()
    assert over(white, black, blend=BlendMode.COLOR_BURN).tolist() == white.tolist()
    assert over(pixel(9, 9, 9, 255), white, blend=BlendMode.COLOR_DODGE).tolist() == white.tolist()
    assert over(pixel(9, 9, 9, 255), black, blend=BlendMode.COLOR_BURN).tolist() == black.tolist()


@pytest.mark.parametrize("blend", list(BlendMode))
def test_a_blend_mode_over_nothing_shows_the_layer_itself(blend: BlendMode) -> None:
    above = random_pixels(5)
    seen = over(np.zeros_like(above), above, blend=blend)
    shown = above[..., 3] > 0
    assert (seen[shown] == above[shown]).all()


def test_layers_are_placed_at_their_offsets_lowest_first_and_cut_at_the_canvas() -> None:
    red = np.full((2, 2, 4), (200, 0, 0, 255), np.uint8)
    blue = np.full((2, 2, 4), (0, 0, 200, 255), np.uint8)
    seen = composite(LayerStack(3, 2, (layer(red, -1, -1), layer(blue, 2, 1), layer(red, 50, 50))))
    expected = np.zeros((2, 3, 4), np.uint8)
    expected[0, 0] = 200, 0, 0, 255
    expected[1, 2] = 0, 0, 200, 255
    assert (seen == expected).all()
    below, above = layer(red), layer(blue)
    assert (composite(LayerStack(2, 2, (below, above))) == blue).all()


def test_hidden_layers_are_left_out() -> None:
    red = np.full((2, 2, 4), (200, 0, 0, 255), np.uint8)
    assert not composite(LayerStack(2, 2, (layer(red, is_hidden=True),))).any()


def test_a_canvas_taller_than_a_strip_is_composited_as_one() -> None:
    below, above = random_pixels(6, (700, 5)), random_pixels(7, (600, 5))
    below[..., 3] = 255
    expected = below.copy()
    expected[50:650] = over(below[50:650], above)
    assert (composite(LayerStack(5, 700, (layer(below), layer(above, 0, 50)))) == expected).all()
