"""The background is found whatever it looks like, and does not leak into what stands before it."""

import cv2
import numpy as np
import pytest

from lamina.engines.classic.background import Background, smooth_parts
from lamina.engines.classic.background import find_background as find_in
from lamina.engines.classic.raster import lab

SHAPE = 360, 480


def find_background(picture: np.ndarray) -> Background:
    return find_in(picture, lab(picture), smooth_parts(picture))


def flat() -> np.ndarray:
    return np.full((*SHAPE, 3), (240, 225, 190), np.uint8)


def gradient() -> np.ndarray:
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(np.float32)
    return np.stack([60 + x / 4, 120 + y / 5, 220 - x / 5], -1).round().astype(np.uint8)


def radial() -> np.ndarray:
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(np.float32)
    share = np.hypot(x - 240, y - 180)[..., None] / 300
    return (np.array([250, 230, 160]) * (1 - share) + np.array([180, 60, 90]) * share).round().astype(np.uint8)


def checks() -> np.ndarray:
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return np.where(((x // 30 + y // 30) % 2)[..., None], (40, 90, 80), (60, 120, 105)).astype(np.uint8)


def grain() -> np.ndarray:
    noise = np.random.default_rng(1).normal(0, 9, (*SHAPE, 3))
    return np.clip(flat() + noise, 0, 255).astype(np.uint8)


def with_things(ground: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    things = np.zeros(SHAPE, np.uint8)
    cv2.circle(things, (150, 180), 80, 1, -1)
    cv2.rectangle(things, (300, 60), (430, 200), 2, -1)
    picture = ground.copy()
    picture[things == 1] = 200, 30, 60
    picture[things == 2] = 30, 60, 180
    return picture, things > 0


def overlap(background: Background, things: np.ndarray) -> float:
    front = ~background.mask
    return float((front & things).sum() / (front | things).sum())


@pytest.mark.parametrize("make", [flat, gradient, radial, checks, grain])
def test_things_are_told_from_any_ground(make) -> None:
    picture, things = with_things(make())
    assert overlap(find_background(picture), things) > 0.93


@pytest.mark.parametrize("make", [flat, gradient, radial])
def test_a_smooth_ground_is_known_where_it_is_hidden(make) -> None:
    picture, things = with_things(make())
    background = find_background(picture)
    assert background.is_smooth
    assert background.model is not None
    assert np.abs(background.model.astype(int) - make())[things].mean() < 3


def test_a_soft_edge_does_not_leak() -> None:
    """A thing whose one side fades into the ground is still a thing where it differs."""
    picture, _ = with_things(gradient())
    fading = np.linspace(0, 1, 100, dtype=np.float32)[None, :, None]
    patch = picture[240:340, 40:140].astype(np.float32)
    picture[240:340, 40:140] = (patch * (1 - fading) + np.array([250, 250, 40]) * fading).round()
    front = ~find_background(picture).mask
    assert front[240:340, 70:140].mean() > 0.95


def test_a_floor_is_an_area_of_its_own() -> None:
    picture = flat()
    picture[250:] = 70, 110, 60
    cv2.circle(picture, (240, 200), 60, (200, 40, 40), -1)
    background = find_background(picture)
    assert len(background.areas) == 1
    assert background.areas[0][300, 10]


@pytest.mark.parametrize("make", [gradient, radial])
def test_what_is_seen_through_a_ring_is_background(make) -> None:
    picture = make()
    cv2.circle(picture, (150, 180), 80, (200, 30, 60), 24)
    mask = find_background(picture).mask
    assert mask[160:200, 130:170].all()


def test_what_has_another_places_colour_of_a_gradient_is_not_seen_through() -> None:
    picture = gradient()
    inside = picture[160:200, 330:370].copy()
    cv2.circle(picture, (150, 180), 80, (200, 30, 60), 24)
    picture[160:200, 130:170] = inside
    assert not find_background(picture).mask[164:196, 134:166].any()


def test_a_white_eye_on_white_is_an_eye() -> None:
    picture = np.full((*SHAPE, 3), 255, np.uint8)
    cv2.circle(picture, (150, 180), 80, (200, 30, 60), 24)
    assert not find_background(picture).mask[160:200, 130:170].any()
