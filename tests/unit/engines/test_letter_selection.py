"""The candidate whose mask reads exactly as the line is chosen, even if another one reads nearly so."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lamina.engines.classic.letter_selection import prepare_line, select_letters
from lamina.engines.classic.ocr import read_lines
from lamina.engines.classic.text_window import text_windows


def test_a_candidate_without_the_last_letter_loses_against_all_letters() -> None:
    page = Image.new("RGB", (640, 160), "white")
    font = ImageFont.load_default(72)
    ImageDraw.Draw(page).text((300, 80), "The Title", "black", font, anchor="mm")
    rgb = np.asarray(page, np.uint8)
    ocr_lines = read_lines(rgb)
    assert [line.string.replace(" ", "") for line in ocr_lines] == ["TheTitle"]
    line = prepare_line(text_windows(rgb, ocr_lines)[0], ocr_lines[0])
    letters = line.window.rgb[..., 0] < 128
    right = int(np.flatnonzero(letters.any(0))[-1])
    is_gap = ~letters.any(0)
    last = right - int(is_gap[right::-1].argmax())  # the gap before the last letter
    without_last = letters & (np.arange(letters.shape[1]) < last)
    select_letters([line], [[(without_last, 0.0), (letters, 0.0)]])
    assert line.core[:, last:].any()
