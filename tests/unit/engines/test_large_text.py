"""Large words beside or on shapes, which the detector joins with them at full size, are read in a reduced copy."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lamina.engines.classic.large_text import are_same
from lamina.engines.classic.ocr import read_lines


def _badge() -> NDArray[np.uint8]:
    """A hexagonal badge with a moon and a large word in heavy type."""
    page = Image.new("RGB", (887, 1024), "white")
    draw = ImageDraw.Draw(page)
    for inset, colour in ((0, (33, 250, 70)), (48, (30, 85, 235))):
        x0, x1, y0, y1 = inset, 886 - inset, inset, 1023 - inset
        draw.polygon([(443, y0), (x1, 256), (x1, 767), (443, y1), (x0, 767), (x0, 256)], colour)
    draw.ellipse((180, 170, 640, 690), (196, 140, 236))
    draw.ellipse((300, 200, 700, 650), (30, 85, 235))
    draw.text((443, 790), "TIDY", (17, 17, 17), ImageFont.load_default(170), anchor="mm", stroke_width=8)
    return np.asarray(page, np.uint8)


def _box(left: float, top: float, right: float, bottom: float) -> NDArray[np.float32]:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def test_a_large_word_on_a_badge_is_read_once() -> None:
    lines = [line for line in read_lines(_badge()) if line.string == "TIDY"]
    assert len(lines) == 1
    left, top = lines[0].quad.min(0)
    right, bottom = lines[0].quad.max(0)
    assert 150 < left < 300 and 600 < right < 760
    assert 640 < top < 760 and 830 < bottom < 940


def test_lines_that_share_a_third_of_the_smaller_are_the_same() -> None:
    assert are_same(_box(0, 0, 100, 20), _box(0, 10, 100, 60))
    assert not are_same(_box(0, 0, 100, 20), _box(0, 18, 100, 60))
    assert not are_same(_box(0, 0, 100, 20), _box(200, 0, 300, 20))
