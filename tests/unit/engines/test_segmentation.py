"""The segmentation networks that the wheel ships: what they see, and files that are not what they should be."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lamina.engines.segmentation.model_files import ModelFile, ModelFileError, session
from lamina.engines.segmentation.networks import MOBILE_SAM, U2NETP
from lamina.engines.segmentation.promptable_masks import PromptableImage
from lamina.engines.segmentation.salient_object import salience

CENTRE, RADIUS = (330, 210), 90


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    """(400, 600, 3): a beach ball of three colours in front of a gradient."""
    ramp = np.linspace(90, 200, 400, dtype=np.uint8)
    rgb = np.stack([np.repeat(ramp[:, None], 600, 1)] * 3, -1) // np.array([3, 2, 1], np.uint8)
    for start, colour in ((0, (220, 40, 40)), (120, (250, 250, 250)), (240, (250, 200, 30))):
        cv2.ellipse(rgb, CENTRE, (RADIUS, RADIUS), 0, start, start + 120, colour, -1, cv2.LINE_AA)
    return rgb


@pytest.fixture(scope="module")
def ball() -> NDArray[np.bool_]:
    y, x = np.mgrid[:400, :600]
    return (x - CENTRE[0]) ** 2 + (y - CENTRE[1]) ** 2 <= RADIUS**2


def iou(mask: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((mask & other).sum() / (mask | other).sum())


def test_the_mask_of_a_box_is_the_thing_in_it_whatever_its_colours(
    picture: NDArray[np.uint8], ball: NDArray[np.bool_]
) -> None:
    image = PromptableImage(picture)
    box = np.array([[240, 120, 420, 300]], np.float32)
    proposals = image.from_boxes(box)
    mask = image.full_size(proposals.logits[0, 0]) > 0
    assert mask.shape == ball.shape
    assert iou(mask, ball) > 0.95
    assert proposals.quality[0, 0] > 0.9


def test_several_boxes_give_what_each_gives_alone(picture: NDArray[np.uint8]) -> None:
    image = PromptableImage(picture)
    boxes = np.array([[240, 120, 420, 300], [0, 0, 600, 200], [330, 120, 420, 210]], np.float32)
    together = image.from_boxes(boxes)
    assert len(together) == 3
    for index in range(3):
        alone = image.from_boxes(boxes[index : index + 1])
        assert ((together.logits[index] > 0) == (alone.logits[0] > 0)).mean() > 0.999


def test_no_boxes_give_no_masks(picture: NDArray[np.uint8]) -> None:
    assert len(PromptableImage(picture).from_boxes(np.zeros((0, 4), np.float32))) == 0


@pytest.mark.parametrize("size", [(1, 1), (3, 1200), (1200, 3)])
def test_pictures_of_any_shape_are_segmented(size: tuple[int, int]) -> None:
    image = PromptableImage(np.zeros((*size, 3), np.uint8))
    logits = image.from_boxes(np.array([[0, 0, 1, 1]], np.float32)).logits[0, 0]
    assert image.full_size(logits).shape == size


def test_what_stands_out_is_salient(picture: NDArray[np.uint8], ball: NDArray[np.bool_]) -> None:
    seen = cv2.resize(salience(picture), (600, 400))
    assert seen[ball].mean() > 0.8
    assert seen[~ball].mean() < 0.1


def test_the_shipped_files_are_those_that_were_recorded() -> None:
    for model in (MOBILE_SAM.encoder, MOBILE_SAM.decoder, U2NETP.file):
        session(model)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (ModelFile(MOBILE_SAM.decoder.name, "0" * 64), "The model file mobile_sam_decoder.onnx is damaged."),
        (ModelFile("none.onnx", U2NETP.file.sha256), "The model file none.onnx cannot be read."),
    ],
)
def test_another_file_is_not_loaded(model: ModelFile, message: str) -> None:
    with pytest.raises(ModelFileError, match=message):
        session(model)
