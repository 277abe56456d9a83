"""Lines that run up or down, and what is no such line."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lamina.core.layers import LayerKind
from lamina.core.tasks import DecomposeTask
from lamina.engines.classic import ClassicEngine
from lamina.engines.classic.ocr import read_lines
from lamina.engines.classic.vertical_text import columns, is_part, is_wide

WORDS = "GRAND MARKET"


def _drawn(lines: list[str], size_px: int = 90) -> NDArray[np.uint8]:
    """Black lines of text under each other on white, in Pillow's own typeface."""
    font = ImageFont.load_default(size_px)
    width = int(max(font.getlength(line) for line in lines)) + 160
    page = Image.new("RGB", (width, len(lines) * size_px * 3 // 2 + 160), "white")
    for number, line in enumerate(lines):
        ImageDraw.Draw(page).text((80, 80 + number * size_px * 3 // 2), line, "black", font)
    return np.asarray(page, np.uint8)


@pytest.mark.parametrize("quarters", [1, 3])
@pytest.mark.parametrize("size_px", [40, 90, 150])
def test_a_large_line_that_runs_up_or_down_is_read_whole(size_px: int, quarters: int) -> None:
    rgb = np.ascontiguousarray(np.rot90(_drawn([WORDS], size_px), quarters))
    picture = np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])
    layers = ClassicEngine().decompose(picture, DecomposeTask())
    assert [layer.says for layer in layers if layer.kind is LayerKind.TEXT] == [WORDS]


def test_upright_lines_and_columns_of_numbers_are_read_as_they_stand() -> None:
    lines = ["12", "47", "86", "35", "Winter sale"]
    assert [reading.string for reading in read_lines(_drawn(lines, 40))] == lines


def test_a_picture_is_looked_at_again_only_where_boxes_are_not_wide() -> None:
    rgb = _drawn([WORDS])
    wide = np.array([[80, 80], [500, 80], [500, 170], [80, 170]], np.float32)
    assert is_wide(wide)
    assert columns(rgb, [wide]) == []
    assert columns(rgb, []) == []


def test_a_box_is_part_of_the_column_that_most_of_it_lies_in() -> None:
    column = np.array([[100, 0], [180, 0], [180, 600], [100, 600]], np.float32)
    letter = np.array([[110, 50], [170, 50], [170, 110], [110, 110]], np.float32)
    assert is_part(letter, column)
    assert not is_part(letter + np.array([50, 0], np.float32), column)
    assert not is_part(letter + np.array([200, 0], np.float32), column)
