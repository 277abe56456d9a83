"""Draws a small visible watermark at the bottom right of generated images; layers never get one."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lamina.core.composite import over
from lamina.core.layers import Pixels

DEFAULT_TEXT = "AI generated"
_SIZE = 0.026  # font size as a share of the shorter side
_MIN_SIZE_PX, _MIN_LEGIBLE_PX = 10.0, 5.0
_MARGIN = 0.02
_MAX_WIDTH = 0.9  # as a share of the image width
_FILL, _EDGE = (255, 255, 255, 220), (0, 0, 0, 170)


def watermarked(picture: Pixels, text: str = DEFAULT_TEXT) -> Pixels:
    """A copy of the (height, width, 4) image with `text` in light letters with a dark outline.

    `text`: Latin letters only, because Pillow's built-in font has no others. Images that are too small stay unchanged.
    """
    height, width = picture.shape[:2]
    short = min(width, height)
    margin = max(1, round(_MARGIN * short))
    mark = _fitting(text.strip(), max(_MIN_SIZE_PX, _SIZE * short), _MAX_WIDTH * width)
    if mark is None or mark.shape[0] + margin > height or mark.shape[1] + margin > width:
        return picture
    marked = picture.copy()
    top, left = height - margin - mark.shape[0], width - margin - mark.shape[1]
    region = marked[top : top + mark.shape[0], left : left + mark.shape[1]]
    region[:] = over(region, mark)
    return marked


def _fitting(text: str, size_px: float, max_width: float) -> Pixels | None:
    """The watermark at the largest font size up to `size_px` that fits; None if it would be illegible."""
    while text and size_px >= _MIN_LEGIBLE_PX:
        mark = _drawn(text, size_px)
        if mark.shape[1] <= max_width:
            return mark
        size_px *= 0.95
    return None


def _drawn(text: str, size_px: float) -> Pixels:
    font = ImageFont.load_default(size_px)
    edge = max(1, round(size_px / 12))
    left, top, right, bottom = map(round, ImageDraw.Draw(Image.new("L", (1, 1))).textbbox((0, 0), text, font=font))
    size = right - left + 2 * edge + 2, bottom - top + 2 * edge + 2
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    origin = edge + 1 - left, edge + 1 - top
    ImageDraw.Draw(image).text(origin, text, font=font, fill=_EDGE, stroke_width=edge, stroke_fill=_EDGE)
    letters = Image.new("RGBA", size, (255, 255, 255, 0))
    ImageDraw.Draw(letters).text(origin, text, font=font, fill=_FILL)
    return np.asarray(Image.alpha_composite(image, letters))
