"""What Photoshop's artboards are filled with."""

from collections.abc import Sequence
from typing import Any

from psd_tools.api.layers import Artboard
from psd_tools.constants import ColorMode, Tag

_WHITE, _BLACK, _TRANSPARENT, _COLOURED = 1, 2, 3, 4
_COLOURED_MODES = (ColorMode.GRAYSCALE, ColorMode.RGB)
_NEUTRAL = 128 / 255
_GREY_GROUNDS = ((1.0,), (0.0,))
_GROUNDS = {
    ColorMode.RGB: ((1.0, 1.0, 1.0), (0.0, 0.0, 0.0)),
    ColorMode.CMYK: ((1.0, 1.0, 1.0, 1.0), (1.0, 1.0, 1.0, 0.0)),
    ColorMode.LAB: ((1.0, _NEUTRAL, _NEUTRAL), (0.0, _NEUTRAL, _NEUTRAL)),
}
"""White and black, as psd-tools counts."""


def is_ground_known(artboard: Artboard) -> bool:
    """Whether `artboard_colour` tells what is to be seen."""
    kind, mode = _kind(artboard), artboard._psd.color_mode  # pyright: ignore[reportPrivateUsage]
    return kind in (None, _WHITE, _BLACK, _TRANSPARENT) or (kind == _COLOURED and mode in _COLOURED_MODES)


def artboard_colour(artboard: Artboard) -> Sequence[float] | None:
    """What it is filled with, in the document's own numbers as psd-tools counts them; None for nothing.

    Of the kinds of ground psd-tools takes 1 for transparent, 2 for white and 3 for black; the merged pictures of
    Photoshop's files show that 1 is white, 2 black and 3 transparent.
    """
    kind, mode = _kind(artboard), artboard._psd.color_mode  # pyright: ignore[reportPrivateUsage]
    if kind in (_WHITE, _BLACK):
        return _GROUNDS.get(mode, _GREY_GROUNDS)[0 if kind == _WHITE else 1]
    if kind != _COLOURED or not is_ground_known(artboard):
        return None
    colour: Any = artboard._artboard_background_defaults()[0]  # pyright: ignore[reportPrivateUsage]
    return tuple(colour) if isinstance(colour, (tuple, list)) else (colour,)


def _kind(artboard: Artboard) -> int | None:
    data: Any = None
    for tag in (Tag.ARTBOARD_DATA1, Tag.ARTBOARD_DATA2, Tag.ARTBOARD_DATA3):
        data = artboard.tagged_blocks.get_data(tag, data)
    kind = None if data is None else data.get(b"artboardBackgroundType")
    return None if kind is None else int(kind)
