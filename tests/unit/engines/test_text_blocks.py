"""Lines of one style that follow each other are one block; titles, labels and columns are blocks of their own."""

from dataclasses import replace

import numpy as np

from lamina.engines.classic.lettering import Lettering
from lamina.engines.classic.text_blocks import text_blocks

Colour = tuple[int, int, int]


def line(x: int, y: int, width: int, size: int = 30, colour: Colour = (20, 20, 20), turned: bool = False) -> Lettering:
    across, down = (size, width) if turned else (width, size)
    corners = [(x, y), (x + across, y), (x + across, y + down), (x, y + down)]
    if turned:
        corners = corners[1:] + corners[:1]
    quad = tuple((float(a), float(b)) for a, b in corners)
    mask = np.ones((down, across), bool)
    return Lettering(
        box=(x, y, across, down),
        mask=mask,
        string="text",
        quad=(quad[0], quad[1], quad[2], quad[3]),
        colour=colour,
        size_px=float(size),
        score=1.0,
    )


def test_a_paragraph_is_one_block() -> None:
    assert text_blocks([line(50, 50 + 40 * i, 400 - 30 * i) for i in range(5)]) == [[0, 1, 2, 3, 4]]


def test_a_title_and_its_paragraph_are_two_blocks() -> None:
    assert text_blocks([line(50, 20, 500, 60), line(50, 110, 400), line(50, 150, 380)]) == [[0], [1, 2]]


def test_columns_colours_and_distant_lines_are_apart() -> None:
    assert text_blocks([line(50, 50, 200), line(450, 50, 200)]) == [[0], [1]]
    assert text_blocks([line(50, 50, 200), line(50, 90, 200, colour=(200, 30, 30))]) == [[0], [1]]
    assert text_blocks([line(50, 50, 200), line(50, 200, 200)]) == [[0], [1]]


def test_a_gap_wider_than_the_leading_separates_texts() -> None:
    pair = [line(50, 50, 300), line(50, 110, 300)]
    assert text_blocks(pair) == [[0], [1]]  # 2 em
    verses = [line(50, y, 300) for y in (50, 90, 150, 190)]
    assert text_blocks(verses) == [[0, 1], [2, 3]]


def test_lines_at_the_same_wide_distance_are_one_block() -> None:
    assert text_blocks([line(50, 50 + 66 * i, 300 - 20 * i) for i in range(4)]) == [[0, 1, 2, 3]]
    assert text_blocks([line(50, 50 + 90 * i, 300) for i in range(3)]) == [[0], [1], [2]]  # 3 em is no text


def test_a_reflection_belongs_to_its_line() -> None:
    reflection = replace(line(52, 70, 300, colour=(200, 200, 200)), string="")
    assert text_blocks([line(50, 50, 300), reflection]) == [[0, 1]]
    assert text_blocks([line(50, 50, 300), replace(reflection, string="text")]) == [[0], [1]]
    beside = replace(line(200, 70, 300, colour=(200, 200, 200)), string="")
    assert text_blocks([line(50, 50, 300), beside]) == [[0], [1]]


def test_words_of_a_line_and_centred_lines_belong_together() -> None:
    assert text_blocks([line(50, 50, 100), line(165, 50, 150)]) == [[0, 1]]
    assert text_blocks([line(50, 50, 400), line(150, 92, 200)]) == [[0, 1]]


def test_turned_lines_form_blocks_along_their_own_direction() -> None:
    assert text_blocks([line(50, 50, 300, turned=True), line(92, 60, 250, turned=True)]) == [[0, 1]]
    assert text_blocks([line(50, 50, 300, turned=True), line(200, 50, 250)]) == [[0], [1]]


def test_no_lines_are_no_blocks() -> None:
    assert text_blocks([]) == []
