"""The networks that detect and read text give what RapidOCR gives with the same models and options."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lamina.engines.classic.text_detector import detect_lines
from lamina.engines.classic.text_recogniser import read_strips
from lamina.engines.ocr_models import ocr_model_files
from lamina.imaging.picture import read_picture

_POSTER = Path(__file__).parents[3] / "examples" / "poster.png"

_Image = NDArray[np.uint8]


@pytest.fixture(scope="module")
def rapidocr() -> Any:
    from rapidocr import RapidOCR

    models = {path.name: str(path) for path in ocr_model_files()}
    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.max_side_len": 4096,
            "Det.model_path": models["PP-OCRv6_det_small.onnx"],
            "Det.limit_side_len": 1024,
            "Det.limit_type": "max",
            "Det.box_thresh": 0.4,
            "Rec.model_path": models["PP-OCRv6_rec_small.onnx"],
        }
    )


@pytest.fixture(scope="module")
def poster() -> _Image:
    return np.ascontiguousarray(read_picture(str(_POSTER)).pixels[..., :3])


@pytest.mark.parametrize(
    ("rows", "width", "height"),
    [
        (slice(None), 1024, 1024),
        (slice(None), 2000, 1300),
        (slice(50, 200), 1500, 180),
        (slice(50, 200), 500, 60),
        (slice(50, 200), 400, 29),
        (slice(None), 500, 3),
        (slice(None), 7, 5),
        (slice(None), 1, 1),
    ],
)
def test_lines_are_detected_where_rapidocr_detects_them(
    rapidocr: Any, poster: _Image, rows: slice, width: int, height: int
) -> None:
    image = np.asarray(cv2.resize(poster[rows], (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    expected = rapidocr(image[..., ::-1], use_det=True, use_cls=False, use_rec=False)
    boxes = [] if expected.boxes is None else sorted(expected.boxes.tolist(), key=lambda box: (box[0][1], box[0][0]))
    detected = detect_lines(image)
    assert np.allclose([corners for corners, _ in detected], boxes, atol=1)
    assert sorted(score for _, score in detected) == pytest.approx(sorted(expected.scores or []), abs=1e-4)
    assert bool(detected) == (height > 5)


def test_strips_are_read_as_by_rapidocr(rapidocr: Any, poster: _Image) -> None:
    strips: list[_Image] = []
    for corners, _ in detect_lines(poster):
        (left, top), (right, bottom) = corners.min(0).astype(int), corners.max(0).astype(int)
        strips.append(poster[top : bottom + 1, left : right + 1])
    expected = [
        rapidocr(strip[..., ::-1], use_det=False, use_cls=False, use_rec=True, text_score=0) for strip in strips
    ]
    read = read_strips(strips)
    assert [recognition.string for recognition in read] == [result.txts[0] for result in expected]
    assert [recognition.score for recognition in read] == pytest.approx(
        [result.scores[0] for result in expected], abs=0.02
    )
    assert len(read) == 2
