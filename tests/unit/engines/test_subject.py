"""The photo path: one subject where one stands out, none where nothing does, and telling photographs from designs."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lab.posters import FIRST_TUNING_SEED, Background, poster
from lamina.core.composite import composite
from lamina.engines.classic.guided_filter import guided_filter
from lamina.engines.classic.photo import looks_like_photo, photo_score
from lamina.engines.classic.saliency import saliency, superpixels
from lamina.engines.classic.separation import iou
from lamina.engines.classic.subject import find_subject

Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def _texture(seed: int, colour: tuple[int, int, int], strength: float, width: int = 640, height: int = 480) -> Rgb:
    """Noise of every scale around a colour, as grass, gravel or foliage give."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, 3))
    for cells in (3, 6, 12, 24, 48, 96, 192):
        knots = rng.standard_normal((max(2, cells * height // width), cells, 1)) + 0.3 * rng.standard_normal((1, 1, 3))
        total += cv2.resize(knots + np.zeros((1, 1, 3)), (width, height), interpolation=cv2.INTER_CUBIC)
    total += 0.7 * rng.standard_normal((height, width, 1))
    return np.clip(np.array(colour) + strength * total, 0, 255).astype(np.uint8)


def _blob(width: int = 640, height: int = 480, radius: float = 0.28) -> Mask:
    y, x = np.mgrid[:height, :width]
    angle = np.arctan2(y - 0.52 * height, x - 0.55 * width)
    reach = radius * height * (1 + 0.18 * np.sin(3 * angle) + 0.08 * np.cos(7 * angle))
    return np.hypot(y - 0.52 * height, x - 0.55 * width) < reach


def _scene(seed: int = 1, mask: Mask | None = None) -> tuple[Rgb, Mask]:
    mask = _blob() if mask is None else mask
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.9)[..., None]
    thing, ground = _texture(seed + 50, (200, 90, 50), 8), _texture(seed, (70, 110, 80), 10)
    return (thing * soft + ground * (1 - soft)).astype(np.uint8), mask


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_textured_thing_on_a_textured_ground_is_found(seed: int) -> None:
    picture, truth = _scene(seed)
    subject = find_subject(picture)
    assert subject is not None
    assert iou(subject.mask, truth) >= 0.95
    assert 0.31 <= subject.confidence <= 1


def test_the_soft_edge_lies_along_the_outline_only() -> None:
    picture, truth = _scene()
    subject = find_subject(picture)
    assert subject is not None
    assert subject.alpha.dtype == np.float32
    assert subject.alpha.min() == 0
    assert subject.alpha.max() == 1
    assert np.array_equal(subject.mask, subject.alpha >= 0.5)
    distance = np.maximum(
        cv2.distanceTransform(truth.astype(np.uint8), cv2.DIST_L2, 5),
        cv2.distanceTransform((~truth).astype(np.uint8), cv2.DIST_L2, 5),
    )
    assert np.isin(subject.alpha[distance > 16], (0, 1)).all()


def test_a_window_in_the_subject_shows_what_is_behind_it() -> None:
    ring = _blob() & ~_blob(radius=0.13)
    picture, truth = _scene(mask=ring)
    subject = find_subject(picture)
    assert subject is not None
    assert iou(subject.mask, truth) >= 0.9


@pytest.mark.parametrize("seed", [4, 5])
def test_nothing_is_found_in_texture_alone(seed: int) -> None:
    assert find_subject(_texture(seed, (120, 120, 110), 12)) is None


def test_nothing_is_found_where_the_thing_fills_the_picture() -> None:
    picture, _ = _scene(mask=np.ones((480, 640), bool))
    assert find_subject(picture) is None
    y, x = np.mgrid[:480, :640]
    picture, _ = _scene(mask=np.hypot((y - 240) / 275, (x - 320) / 365) < 1)
    assert find_subject(picture) is None


def test_a_speck_is_no_subject() -> None:
    picture, _ = _scene(mask=_blob(radius=0.03))
    assert find_subject(picture) is None


def test_many_like_things_are_no_subject() -> None:
    spots = np.zeros((480, 640), np.uint8)
    for x in range(60, 640, 104):
        for y in range(60, 480, 90):
            cv2.circle(spots, (x, y), 18, 1, -1)
    picture, _ = _scene(mask=spots > 0)
    assert find_subject(picture) is None


def test_a_flat_picture_and_a_tiny_one_have_no_subject() -> None:
    assert find_subject(np.full((300, 400, 3), 90, np.uint8)) is None
    for shape in ((1, 1, 3), (3, 500, 3), (20, 20, 3)):
        assert find_subject(np.zeros(shape, np.uint8)) is None


def test_the_same_picture_gives_the_same_subject() -> None:
    picture, _ = _scene(3)
    first = find_subject(picture)
    cv2.setRNGSeed(99)
    second = find_subject(picture)
    assert first is not None
    assert second is not None
    assert np.array_equal(first.alpha, second.alpha)
    assert first.confidence == second.confidence


def test_the_picture_is_left_as_it_was() -> None:
    picture, _ = _scene()
    before = picture.copy()
    find_subject(picture)
    photo_score(picture)
    assert np.array_equal(picture, before)


def test_saliency_rises_on_the_thing() -> None:
    picture, truth = _scene()
    small = cv2.resize(picture, (256, 192), interpolation=cv2.INTER_AREA)
    inside = cv2.resize(truth.astype(np.uint8), (256, 192), interpolation=cv2.INTER_NEAREST) > 0
    values = saliency(np.asarray(small, np.uint8))
    assert values[inside].mean() > values[~inside].mean() + 0.5


def test_superpixels_follow_an_edge() -> None:
    colours = np.zeros((120, 160, 3), np.float32)
    colours[:, 77:, 0] = 60
    labels = superpixels(colours)
    assert np.intersect1d(labels[:, :77], labels[:, 77:]).size == 0
    assert np.array_equal(np.unique(labels), np.arange(labels.max() + 1))


def test_the_guided_filter_moves_a_rough_edge_to_the_picture_s_own() -> None:
    rgb = np.full((60, 80, 3), 40, np.uint8)
    rgb[:, 40:] = 200
    rough = np.zeros((60, 80), np.float32)
    rough[:, 37:] = 1
    bent = guided_filter(rgb, rough, 8, shrink=1)
    assert np.array_equal(bent > 0.5, rgb[..., 0] == 200)


def test_scenery_from_side_to_side_is_no_subject() -> None:
    y, x = np.mgrid[:480, :640]
    hills = (y > 150 + 20 * np.sin(x / 60)) & (y < 300 + 15 * np.sin(x / 45))
    assert find_subject(_scene(mask=hills)[0]) is None


@pytest.mark.parametrize("kind", ["flat", "gradient", "textured"])
def test_posters_do_not_look_like_photographs(kind: Background) -> None:
    for seed in (FIRST_TUNING_SEED + 400, FIRST_TUNING_SEED + 401):
        picture = _flattened(kind, seed)
        assert not looks_like_photo(picture)
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 70])
        assert not looks_like_photo(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8))


def _flattened(kind: Background, seed: int) -> Rgb:
    return np.ascontiguousarray(composite(poster(seed, kind).stack)[..., :3])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_noise_of_every_scale_looks_like_a_photograph(seed: int) -> None:
    assert looks_like_photo(_texture(seed, (110, 120, 90), 16))
    assert looks_like_photo(_scene(seed)[0])


def test_a_blank_sheet_is_no_photograph() -> None:
    assert photo_score(np.full((200, 300, 3), 255, np.uint8)) < 0.01
    assert photo_score(np.zeros((1, 1, 3), np.uint8)) < 0.01
