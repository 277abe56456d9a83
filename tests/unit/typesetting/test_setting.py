"""Baselines, letter spacing, alignment and scripts of lines of text."""

import math

import pytest

from lamina.core.text_styles import TextAlignment
from lamina.typesetting.faces import face_metrics
from lamina.typesetting.frames import LineBox, TextFrame, direction_of
from lamina.typesetting.scripts import is_right_to_left, script_of
from lamina.typesetting.setting import SetLine, alignment_of, letter_spacing_px, line_height_px, set_line

SIZE_PX = 50.0


def drawn_line(string: str, start: float, baseline: float, spacing_px: float = 0.0) -> SetLine:
    """The extents of a line in the typical sans-serif at 50 px."""
    metrics = face_metrics(None)
    ink = metrics.ink(string)
    box = LineBox(
        left=start + ink.left * SIZE_PX,
        right=start + ink.right * SIZE_PX + spacing_px * (len(string) - 1),
        top=baseline - ink.top * SIZE_PX,
        bottom=baseline + ink.bottom * SIZE_PX,
    )
    return set_line(string, box, metrics)


@pytest.mark.parametrize("string", ["HELLO", "gypsy", "sea", "“”", "12-14"])
def test_the_baseline_does_not_depend_on_the_letters(string: str) -> None:
    assert drawn_line(string, 10, 200).baseline(SIZE_PX) == pytest.approx(200)


def test_letter_spacing_is_what_the_width_exceeds_that_of_the_typeface() -> None:
    lines = [drawn_line("Open Studio", 0, 0, 3.0), drawn_line("by day", 0, 60, 3.0)]
    assert letter_spacing_px(lines, SIZE_PX) == pytest.approx(3.0)
    assert letter_spacing_px([drawn_line("A", 0, 0)], SIZE_PX) == 0


def test_letter_spacing_of_a_misread_line_is_bounded() -> None:
    box = LineBox(left=0, right=9000, top=0, bottom=40)
    assert letter_spacing_px([set_line("ab", box, face_metrics(None))], SIZE_PX) <= 2 * SIZE_PX


@pytest.mark.parametrize("alignment", TextAlignment)
def test_alignment_is_told_from_the_edges(alignment: TextAlignment) -> None:
    strings = ("Plan the next release", "Ship it", "Measure what you change")
    widths = [face_metrics(None).advance(string) * SIZE_PX for string in strings]
    share = {TextAlignment.LEFT: 0.0, TextAlignment.CENTER: 0.5, TextAlignment.RIGHT: 1.0}[alignment]
    lines = [
        drawn_line(string, 300 - share * width, 60.0 * index)
        for index, (string, width) in enumerate(zip(strings, widths, strict=True))
    ]
    assert alignment_of(lines, SIZE_PX) is alignment
    assert alignment_of(lines[:1], SIZE_PX) is TextAlignment.LEFT


def test_line_height_ignores_parts_of_one_row_and_a_gap() -> None:
    assert line_height_px([100, 101, 160, 220, 280, 460], SIZE_PX) == pytest.approx(60)
    assert line_height_px([100], SIZE_PX) == 0


@pytest.mark.parametrize("degrees", [0, 12.5, 90, -90, 180, -135])
def test_a_frame_turns_quads_into_boxes_and_back(degrees: float) -> None:
    frame = TextFrame(degrees)
    box = LineBox(left=-40, right=160, top=30, bottom=62)
    quad = frame.quad(box)
    assert math.dist(quad[0], quad[1]) == pytest.approx(200)
    assert direction_of(quad) == pytest.approx(degrees)
    again = frame.box(quad)
    assert (again.left, again.right, again.top, again.bottom) == pytest.approx((-40, 160, 30, 62))


@pytest.mark.parametrize(
    ("string", "code"),
    [
        ("Größe", "Latn"),
        ("夏日大促", "Hani"),
        ("コーヒー", "Kana"),
        ("Привет Bob", "Cyrl"),
        ("שלום", "Hebr"),
        ("مرحبا", "Arab"),
        ("안녕", "Hang"),
        ("12:30 🎉", "Zyyy"),
        ("", ""),
    ],
)
def test_the_script_is_that_of_most_letters(string: str, code: str) -> None:
    assert script_of(string) == code


def test_direction_is_that_of_the_first_letter() -> None:
    assert is_right_to_left("12 שלום abc")
    assert is_right_to_left("مرحبا")
    assert not is_right_to_left("abc שלום")
    assert not is_right_to_left("12")
