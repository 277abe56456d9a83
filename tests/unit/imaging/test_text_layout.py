"""The text of a layer as blocks that are edited as one, in their places."""

from dataclasses import replace

import pytest
from drawn_texts import INK, STYLE, text_layer, text_line

from lamina.core.layers import TextLine
from lamina.core.text_styles import TextAlignment
from lamina.imaging.formats.text_layout import text_blocks
from lamina.typesetting.faces import face_metrics

FOUR = ("Plan the next release", "Ship it", "Measure what you change", "gypsy")


def test_lines_of_a_paragraph_are_one_block_with_common_edges_and_even_lines() -> None:
    lines = [text_line(string, 100 + 0.4 * (index % 2), 200 + 50 * index) for index, string in enumerate(FOUR)]
    (block,) = text_blocks(text_layer(*reversed(lines)))
    assert [row.string for row in block.rows] == list(FOUR)
    assert len({row.anchor for row in block.rows}) == 1
    assert [row.baseline for row in block.rows] == pytest.approx([200, 250, 300, 350], abs=0.5)
    assert block.style == STYLE
    assert block.box.left == pytest.approx(100, abs=0.5)
    assert block.box.top < 200 - 0.7 * 40
    assert block.box.bottom > 350 + 0.15 * 40


@pytest.mark.parametrize("alignment", TextAlignment)
def test_rows_are_anchored_where_they_are_aligned(alignment: TextAlignment) -> None:
    share = {TextAlignment.LEFT: 0.0, TextAlignment.CENTER: 0.5, TextAlignment.RIGHT: 1.0}[alignment]
    widths = [face_metrics(None).advance(string) * 40 for string in FOUR]
    lines = [
        text_line(string, 500 - share * width, 200 + 50 * index)
        for index, (string, width) in enumerate(zip(FOUR, widths, strict=True))
    ]
    (block,) = text_blocks(text_layer(*lines, style=replace(STYLE, alignment=alignment)))
    assert [row.anchor for row in block.rows] == pytest.approx([500] * 4, abs=0.1)
    assert [row.width_px for row in block.rows] == pytest.approx(widths)


def test_lines_that_are_indented_keep_their_places() -> None:
    lines = (text_line("Plan", 100, 200), text_line("the next release", 130, 250), text_line("now", 100, 300))
    (block,) = text_blocks(text_layer(*lines))
    assert [row.anchor for row in block.rows] == pytest.approx([100, 130, 100], abs=0.1)


def test_words_that_were_found_apart_are_one_row() -> None:
    first = text_line("Plan the", 100, 200)
    after = 100 + face_metrics(None).advance("Plan the ") * 40
    (block,) = text_blocks(text_layer(first, text_line("next", after, 200.6), text_line("release", 100, 250)))
    assert [row.string for row in block.rows] == ["Plan the next", "release"]


def test_texts_that_share_a_layer_only_are_blocks_of_their_own() -> None:
    small = replace(STYLE, size_px=20)
    turned = replace(STYLE, rotation_degrees=90)
    lines = (
        text_line("Headline", 100, 200),
        text_line("in small", 100, 235, small),
        text_line("far below", 100, 600),
        text_line("upright", 100, -700, turned),
        replace(text_line("in red", 100, 650), colour=(250, 0, 0)),
    )
    blocks = text_blocks(text_layer(*lines))
    assert {block.rows[0].string for block in blocks} == {"Headline", "in small", "far below", "upright", "in red"}
    assert {block.style.size_px for block in blocks} == {20, 40}
    assert {block.style.colour for block in blocks} == {INK, (250, 0, 0)}
    assert {block.style.rotation_degrees for block in blocks} == {0, 90}


def test_columns_are_not_joined() -> None:
    lines = [text_line(f"left {index}", 100, 200 + 50 * index) for index in range(3)]
    lines += [text_line(f"right {index}", 420, 200 + 50 * index) for index in range(3)]
    heading = text_line("a heading above both of the columns", 100, 150)
    blocks = text_blocks(text_layer(heading, *lines))
    assert all("left" not in row.string or "right" not in row.string for block in blocks for row in block.rows)


def test_lines_without_a_style_are_fitted_to_their_corners() -> None:
    spaced = replace(STYLE, letter_spacing_px=4.0)
    (block,) = text_blocks(text_layer(text_line("Plan the next", 100, 200, spaced), style=None))
    assert block.style.size_px == 40
    assert block.style.letter_spacing_px == pytest.approx(4, abs=0.01)
    assert block.rows[0].baseline == pytest.approx(200)


def test_rotated_lines_are_laid_out_in_their_own_direction() -> None:
    style = replace(STYLE, rotation_degrees=-30)
    lines = [text_line(string, 100, 300 + 50 * index, style) for index, string in enumerate(FOUR)]
    (block,) = text_blocks(text_layer(*lines, style=style))
    assert [row.baseline for row in block.rows] == pytest.approx([300, 350, 400, 450])
    assert block.frame.degrees == -30


def test_many_lines_in_one_place_end_in_time() -> None:
    lines = [TextLine("x", ((1, 1), (9, 1), (9, 9), (1, 9)), INK, 10.0)] * 5000
    assert sum(len(block.rows) for block in text_blocks(text_layer(*lines))) <= 5000
