"""A small visible mark at the bottom right that says that a model made the picture; never put on layers."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lamina.core.composite import over
from lamina.core.layers import Pixels

DEFAULT_TEXT = "AI generated"
_SIZE = 0.026  # of the type, as a share of the short side
_LEAST_PX, _LEGIBLE_PX = 10.0, 5.0
_MARGIN = 0.02
_MOST_WIDTH = 0.9  # of the picture's
_FILL, _EDGE = (255, 255, 255, 220), (0, 0, 0, 170)


def watermarked(picture: Pixels, text: str = DEFAULT_TEXT) -> Pixels:
    """The picture (height, width, 4) with `text`, light with a dark edge, so that it can be read on any ground.

    `text`: in Latin letters, which are what the typeface in Pillow has. A picture too small for it stays as it is.
    """
    height, width = picture.shape[:2]
    short = min(width, height)
    margin = max(1, round(_MARGIN * short))
    mark = _fitting(text.strip(), max(_LEAST_PX, _SIZE * short), _MOST_WIDTH * width)
    if mark is None or mark.shape[0] + margin > height or mark.shape[1] + margin > width:
        return picture
    marked = picture.copy()
    top, left = height - margin - mark.shape[0], width - margin - mark.shape[1]
    place = marked[top : top + mark.shape[0], left : left + mark.shape[1]]
    place[:] = over(place, mark)
    return marked


def _fitting(text: str, size_px: float, most_width: float) -> Pixels | None:
    """The mark at this size, or at the largest that fits; None if nobody could read it then."""
    while text and size_px >= _LEGIBLE_PX:
        mark = _drawn(text, size_px)
        if mark.shape[1] <= most_width:
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
