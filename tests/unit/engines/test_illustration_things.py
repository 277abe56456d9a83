"""What networks see in an illustration that colour does not explain, and that other designs do without them."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lamina.core.composite import composite
from lamina.core.layers import LayerStack, have_same_pixels
from lamina.core.tasks import DecomposeTask
from lamina.engines.classic import plan
from lamina.engines.classic.engine import ClassicEngine
from lamina.engines.segmentation import model_files, promptable_masks
from lamina.imaging.metrics import canvas_alpha
from lamina.imaging.picture import read_picture

PICTURES = Path(__file__).parent / "pictures"
BALL = 420, 330, 120  # x, y, radius


@pytest.fixture(scope="module")
def illustration() -> NDArray[np.uint8]:
    """(560, 800, 4): a ball of patches in all colours before a sky and houses of the same colours."""
    rng = np.random.default_rng(11)
    height, width = 560, 800
    rgb = np.full((height, width, 3), (250, 225, 190), np.uint8)
    for x in range(0, width, 50):
        top = int(rng.integers(40, 260))
        cv2.rectangle(rgb, (x, top), (x + 49, height), rng.integers(40, 250, 3).tolist(), cv2.FILLED)
        for y in range(top + 12, height, 36):
            cv2.rectangle(rgb, (x + 10, y), (x + 38, y + 18), rng.integers(40, 250, 3).tolist(), cv2.FILLED)
    y, x = np.mgrid[:height, :width]
    angle = np.arctan2(y - BALL[1], x - BALL[0])
    sector = ((angle + np.pi) / (2 * np.pi) * 10).astype(int) % 10
    colours = np.array([(220, 30, 40), (250, 250, 245)] * 5, np.uint8)
    rgb[ball()] = colours[sector][ball()]
    cv2.circle(rgb, BALL[:2], BALL[2], (20, 20, 25), 5, cv2.LINE_AA)
    return np.dstack([rgb, np.full((height, width), 255, np.uint8)])


def ball() -> NDArray[np.bool_]:
    y, x = np.mgrid[:560, :800]
    return np.hypot(x - BALL[0], y - BALL[1]) <= BALL[2] + 2


def best_iou(stack: LayerStack, mask: NDArray[np.bool_]) -> float:
    alphas = [canvas_alpha(layer, stack) > 0.5 for layer in stack.layers[1:]]
    return max(float((alpha & mask).sum() / (alpha | mask).sum()) for alpha in alphas)


def decomposed(picture: NDArray[np.uint8]) -> LayerStack:
    return ClassicEngine().decompose(picture, DecomposeTask(layers=8))


def test_a_thing_of_many_colours_is_one_layer(illustration: NDArray[np.uint8]) -> None:
    stack = decomposed(illustration)
    assert np.array_equal(composite(stack), illustration)
    assert best_iou(stack, ball()) > 0.9


def test_no_layer_is_crumbs(illustration: NDArray[np.uint8]) -> None:
    stack = decomposed(illustration)
    for layer in stack.layers[1:]:
        alpha = (canvas_alpha(layer, stack) > 0.5).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(alpha)
        assert stats[1:, cv2.CC_STAT_AREA].max() > 0.25 * alpha.sum()


def test_it_is_the_same_every_time(illustration: NDArray[np.uint8]) -> None:
    for one, other in zip(decomposed(illustration), decomposed(illustration), strict=True):
        assert one.name == other.name and np.array_equal(one.pixels, other.pixels)


@pytest.mark.parametrize(("name", "layers"), [("hidden_thing", 4), ("empty_mask", 2)])
def test_things_that_hide_each_other_and_empty_masks_are_left_out(
    name: str, layers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "_MIN_ILLUSTRATION_PX", 1)  # the smallest pictures that were found to fail
    picture = read_picture(str(PICTURES / f"{name}.png")).pixels
    stack = ClassicEngine().decompose(picture, DecomposeTask(layers=layers))
    assert have_same_pixels(composite(stack), picture)
    assert all(layer.pixels[..., 3].any() for layer in stack.layers[1:])


def test_tiny_pictures_are_separated_without_the_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "choose_illustration_things", None)
    picture = read_picture(str(PICTURES / "empty_mask.png")).pixels
    assert have_same_pixels(composite(ClassicEngine().decompose(picture, DecomposeTask(layers=2))), picture)


def test_a_plain_design_is_separated_without_the_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a network was loaded")

    monkeypatch.setattr(promptable_masks, "outputs_of", refuse)
    picture = np.full((300, 400, 4), 255, np.uint8)
    cv2.circle(picture, (120, 150), 60, (200, 30, 40, 255), cv2.FILLED, cv2.LINE_AA)
    cv2.rectangle(picture, (240, 90), (340, 210), (30, 60, 200, 255), cv2.FILLED)
    assert len(decomposed(picture)) == 3


def test_without_a_file_candidates_are_chosen_and_a_note_says_so(
    illustration: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(model_files, "files", lambda _: tmp_path)
    model_files.session.cache_clear()
    try:
        stack = decomposed(illustration)
    finally:
        model_files.session.cache_clear()
    assert any(
        "mobile_sam_encoder.onnx cannot be read" in note and "Illustrations are separated less well" in note
        for note in stack.notes
    )
    assert len(stack) > 2 and np.array_equal(composite(stack), illustration)
