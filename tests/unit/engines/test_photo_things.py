"""What is found in photographs and what is filled in behind it, also without the files of the networks."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lamina.core.composite import composite
from lamina.core.layers import LayerStack
from lamina.core.tasks import DecomposeTask
from lamina.engines.classic import exemplar_fill as exemplars
from lamina.engines.classic.engine import ClassicEngine
from lamina.engines.classic.exemplar_fill import exemplar_fill
from lamina.engines.classic.photo_things import find_photo_things
from lamina.engines.segmentation import model_files
from lamina.engines.segmentation.networks import MOBILE_SAM, U2NETP
from lamina.imaging.metrics import canvas_alpha

BALL, BLOCK = (250, 260, 90), (450, 300, 560, 400)  # x, y, radius; left, top, right, bottom


def lawn(height: int, width: int) -> NDArray[np.float32]:
    """(height, width, 3): uneven as a photograph is everywhere."""
    rng = np.random.default_rng(4)
    coarse = cv2.resize(rng.normal(0, 1, (height // 16, width // 16)), (width, height), interpolation=cv2.INTER_CUBIC)
    fine = rng.normal(0, 1, (height, width))
    tone = 96 + 22 * coarse + 14 * cv2.GaussianBlur(fine, (0, 0), 1.2)
    return (tone[..., None] * np.array([0.75, 1.0, 0.45])).astype(np.float32)


@pytest.fixture(scope="module")
def photograph() -> NDArray[np.uint8]:
    """(480, 640, 4): a striped ball and a block on a lawn, with light, shade and grain."""
    height, width = 480, 640
    rgb = lawn(height, width)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    in_ball, in_block = ball(), block()
    stripe = np.where(np.sin((x + y) / 16)[..., None] > 0, [225, 40, 35], [245, 240, 230])
    light = 1.1 - 0.5 * np.hypot(x - BALL[0] + 35, y - BALL[1] + 35) / BALL[2]
    rgb[in_ball] = (stripe * light[..., None])[in_ball]
    rgb[in_block] = (np.array([40, 70, 200]) * (1.2 - (y - BLOCK[1]) / 300)[..., None])[in_block]
    rgb += np.random.default_rng(5).normal(0, 4, rgb.shape)
    opaque = np.full((height, width, 1), 255, np.uint8)
    return np.concatenate([np.clip(rgb, 0, 255).astype(np.uint8), opaque], 2)


def ball() -> NDArray[np.bool_]:
    y, x = np.mgrid[:480, :640]
    return np.hypot(x - BALL[0], y - BALL[1]) <= BALL[2]


def block() -> NDArray[np.bool_]:
    mask = np.zeros((480, 640), bool)
    mask[BLOCK[1] : BLOCK[3], BLOCK[0] : BLOCK[2]] = True
    return mask


def iou(mask: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((mask & other).sum() / (mask | other).sum())


def decomposed(picture: NDArray[np.uint8]) -> LayerStack:
    return ClassicEngine().decompose(picture, DecomposeTask(layers=6))


def test_the_subject_comes_first_and_then_what_is_salient_without_it(photograph: NDArray[np.uint8]) -> None:
    things = find_photo_things(np.ascontiguousarray(photograph[..., :3]), 5)
    assert len(things) == 2
    assert iou(things[0], ball()) > 0.95
    assert iou(things[1], block()) > 0.95


def test_the_limit_holds(photograph: NDArray[np.uint8]) -> None:
    rgb = np.ascontiguousarray(photograph[..., :3])
    assert len(find_photo_things(rgb, 1)) == 1
    assert find_photo_things(rgb, 0) == []


def test_things_of_a_photograph_are_layers_and_the_lawn_goes_on_behind_them(photograph: NDArray[np.uint8]) -> None:
    stack = decomposed(photograph)
    assert np.array_equal(composite(stack), photograph)
    assert len(stack) == 3
    alphas = sorted((canvas_alpha(layer, stack) > 0.5 for layer in stack.layers[1:]), key=np.count_nonzero)
    assert iou(alphas[1], ball()) > 0.93 and iou(alphas[0], block()) > 0.93
    plate, lawn_colour = stack.layers[0].pixels[..., :3].astype(float), photograph[:120, :, :3].mean((0, 1))
    assert np.abs(plate[ball()].mean(0) - lawn_colour).max() < 12
    if exemplars._library() is not None:  # without pypatchmatch the fill is smooth
        texture = plate[ball()].std(0) / plate[:120].std((0, 1))
        assert texture.min() > 0.4


def test_it_is_the_same_every_time(photograph: NDArray[np.uint8]) -> None:
    first, second = decomposed(photograph), decomposed(photograph)
    for one, other in zip(first.layers, second.layers, strict=True):
        assert np.array_equal(one.pixels, other.pixels)


@pytest.mark.parametrize("missing", ["mobile_sam_decoder.onnx", "u2netp.onnx"])
def test_without_a_file_the_subject_is_found_and_a_note_says_so(
    photograph: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, missing: str
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    for model in (MOBILE_SAM.encoder, MOBILE_SAM.decoder, U2NETP.file):
        if model.name != missing:
            (folder / model.name).symlink_to(Path(model_files.__file__).with_name("models") / model.name)
    monkeypatch.setattr(model_files, "files", lambda _: tmp_path)
    model_files.session.cache_clear()
    try:
        stack = decomposed(photograph)
    finally:
        model_files.session.cache_clear()
    assert np.array_equal(composite(stack), photograph)
    assert stack.notes[0].startswith(f"The model file {missing} cannot be read.")
    assert "install Lamina again" in stack.notes[0]


def test_holes_are_filled_with_what_is_around_them_and_nothing_else_changes() -> None:
    picture = np.full((200, 300, 4), 255, np.uint8)
    picture[..., :3] = np.clip(lawn(200, 300), 0, 255)
    hole = np.zeros((200, 300), bool)
    hole[60:140, 100:200] = True
    hurt = picture.copy()
    hurt[hole, :3] = (255, 0, 255)
    filled = exemplar_fill(hurt, hole)
    if filled is None:
        pytest.skip("pypatchmatch has no wheel for this platform")
    assert np.array_equal(filled[~hole], picture[~hole])
    inside = filled[hole][:, :3].astype(float)
    assert np.abs(inside.mean(0) - picture[~hole][:, :3].mean(0)).max() < 10
    assert (inside.std(0) / picture[~hole][:, :3].std(0)).min() > 0.4  # not smeared


@pytest.mark.parametrize("shape", [(1, 1), (2, 300), (300, 2), (12, 12)])
def test_small_pictures_are_filled_or_left(shape: tuple[int, int]) -> None:
    picture = np.full((*shape, 4), 200, np.uint8)
    hole = np.zeros(shape, bool)
    hole[: max(1, shape[0] // 3), : max(1, shape[1] // 3)] = True
    filled = exemplar_fill(picture, hole)
    assert filled is None or np.array_equal(filled[~hole], picture[~hole])


def test_nothing_is_filled_from_nothing() -> None:
    assert exemplar_fill(np.zeros((40, 40, 4), np.uint8), np.ones((40, 40), bool)) is None
