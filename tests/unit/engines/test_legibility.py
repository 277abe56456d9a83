"""What is believed of what the recogniser says, and what is text all the same."""

import cv2
import numpy as np
import pytest

from lamina.engines.classic.legibility import is_believable, looks_like_letters, may_be_of_another_script, may_be_text
from lamina.engines.classic.ocr import OcrLine
from lamina.engines.classic.text_recogniser import Recognition
from lamina.engines.classic.text_window import text_windows

QUAD = np.array([[20, 20], [220, 20], [220, 60], [20, 60]], np.float32)


@pytest.mark.parametrize(
    ("string", "score", "unexplained_share", "is_believed"),
    [
        ("GRAND OPENING", 0.98, 0.0, True),
        ("GRAND OPENING", 0.7, 0.0, False),
        ("P MP", 0.97, 0.6, False),
        ("KA\u039bHMEPA KO\u03a3ME", 0.99, 0.0, False),
        ("5 \u03bcm", 0.99, 0.0, True),
    ],
)
def test_a_reading_is_believed_if_it_is_sure_whole_and_of_one_script(
    string: str, score: float, unexplained_share: float, is_believed: bool
) -> None:
    assert is_believable(string, score, unexplained_share) is is_believed


def test_latin_letters_that_other_scripts_have_too_are_known() -> None:
    assert may_be_of_another_script("PECTOPAH")
    assert not may_be_of_another_script("RESTAURANT")
    assert not may_be_of_another_script("12:30")


def test_a_square_in_which_the_detector_sees_text_is_none() -> None:
    square = np.array([[20, 20], [60, 20], [60, 60], [20, 60]], np.float32)
    assert may_be_text(OcrLine(QUAD, None, 0.9))
    assert not may_be_text(OcrLine(QUAD, None, 0.4))
    assert not may_be_text(OcrLine(square, None, 0.9))


def test_thin_strokes_along_the_line_look_like_letters_and_a_bar_or_a_blob_does_not() -> None:
    letters, bar, blob = (np.full((80, 240, 3), 255, np.uint8) for _ in range(3))
    for x in range(25, 215, 24):
        cv2.putText(letters, "R", (x, 52), cv2.FONT_HERSHEY_SIMPLEX, 1, (0, 0, 0), 3)
    cv2.rectangle(bar, (20, 22), (220, 58), (0, 0, 0), -1)
    cv2.circle(blob, (60, 40), 18, (0, 0, 0), -1)
    (near,) = text_windows(letters, [OcrLine(QUAD, None)])
    found = [looks_like_letters(near, drawn[near.slices][..., 0] < 128) for drawn in (letters, bar, blob)]
    assert found == [True, False, False]


def test_ink_far_from_every_sign_is_missed() -> None:
    ink = np.ones((10, 100), bool)
    recognition = Recognition("AB", 1.0, np.array([0.05, 0.1]))
    assert recognition.unexplained_share(ink) == pytest.approx(0.83, abs=0.02)
    assert Recognition("", 0.0, np.zeros(0)).unexplained_share(ink) == 1
    assert recognition.unexplained_share(np.zeros((10, 100), bool)) == 0
