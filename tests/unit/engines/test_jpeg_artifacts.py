"""Marks of lossy compression are noticed, and taken away from what the engine looks at."""

import cv2
import numpy as np
import pytest
from foreground import foreground_of

from lamina.engines.classic.jpeg_artifacts import has_jpeg_artifacts, remove_jpeg_artifacts


def drawing() -> np.ndarray:
    """Two balls that overlap and one on its own, in colours that differ in chroma and hardly in luma."""
    picture = np.full((480, 640, 3), (240, 236, 220), np.uint8)
    for x, y, colour in ((210, 200, (40, 90, 200)), (320, 230, (190, 40, 60)), (520, 380, (60, 110, 40))):
        cv2.circle(picture, (x, y), 90, colour, -1, cv2.LINE_AA)
    return picture


def through_jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    file = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(cv2.imdecode(file, cv2.IMREAD_COLOR)[..., ::-1])


def error_about_edges(picture: np.ndarray) -> float:
    edges = cv2.Canny(drawing(), 40, 80) > 0
    about = cv2.dilate(edges.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    return float(cv2.absdiff(picture, drawing())[about].mean())


@pytest.mark.parametrize("quality", [70, 85, 95])
def test_a_jpeg_is_rippled(quality: int) -> None:
    assert has_jpeg_artifacts(through_jpeg(drawing(), quality))


def test_a_drawing_a_smaller_copy_of_it_and_an_even_picture_are_not_rippled() -> None:
    assert not has_jpeg_artifacts(drawing())
    assert not has_jpeg_artifacts(cv2.resize(drawing(), (411, 308), interpolation=cv2.INTER_AREA))
    assert not has_jpeg_artifacts(np.full((64, 64, 3), 200, np.uint8))


def test_a_picture_with_noise_all_over_is_not_rippled() -> None:
    noise = np.random.default_rng(3).normal(0, 3, drawing().shape)
    assert not has_jpeg_artifacts(np.clip(drawing() + noise, 0, 255).astype(np.uint8))


def test_a_calmed_jpeg_is_much_nearer_to_the_drawing() -> None:
    compressed = through_jpeg(drawing(), 85)
    assert error_about_edges(remove_jpeg_artifacts(compressed)) < 0.6 * error_about_edges(compressed)


def test_a_jpeg_shows_the_things_of_the_drawing_and_nothing_else() -> None:
    shown = foreground_of(remove_jpeg_artifacts(through_jpeg(drawing(), 85)), has_artifacts_removed=True)
    assert shown.kinds == ["object"] * 3
    assert len({shown.owner[200, 150], shown.owner[230, 390], shown.owner[380, 520]} - {0}) == 3
