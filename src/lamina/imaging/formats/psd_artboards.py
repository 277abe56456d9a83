"""The background colours of Photoshop's artboards."""

from collections.abc import Sequence
from typing import Any

from psd_tools.api.layers import Artboard
from psd_tools.constants import ColorMode, Tag

_WHITE, _BLACK, _TRANSPARENT, _COLOURED = 1, 2, 3, 4
_COLOURED_MODES = (ColorMode.GRAYSCALE, ColorMode.RGB)
_NEUTRAL = 128 / 255
_GREY_BACKGROUNDS = ((1.0,), (0.0,))
_BACKGROUNDS = {
    ColorMode.RGB: ((1.0, 1.0, 1.0), (0.0, 0.0, 0.0)),
    ColorMode.CMYK: ((1.0, 1.0, 1.0, 1.0), (1.0, 1.0, 1.0, 0.0)),
    ColorMode.LAB: ((1.0, _NEUTRAL, _NEUTRAL), (0.0, _NEUTRAL, _NEUTRAL)),
}
"""White and black in the value ranges of psd-tools."""


def is_background_supported(artboard: Artboard) -> bool:
    """Whether `artboard_colour` supports the background of the artboard."""
    background_type, mode = _background_type(artboard), artboard._psd.color_mode  # pyright: ignore[reportPrivateUsage]
    return background_type in (None, _WHITE, _BLACK, _TRANSPARENT) or (
        background_type == _COLOURED and mode in _COLOURED_MODES
    )


def artboard_colour(artboard: Artboard) -> Sequence[float] | None:
    """The background colour in the document's colour space and the value ranges of psd-tools; None for none.

    psd-tools takes background type 1 for transparent, 2 for white and 3 for black; the merged images in
    Photoshop's files show that 1 is white, 2 black and 3 transparent.
    """
    background_type, mode = _background_type(artboard), artboard._psd.color_mode  # pyright: ignore[reportPrivateUsage]
    if background_type in (_WHITE, _BLACK):
        return _BACKGROUNDS.get(mode, _GREY_BACKGROUNDS)[0 if background_type == _WHITE else 1]
    if background_type != _COLOURED or not is_background_supported(artboard):
        return None
    colour: Any = artboard._artboard_background_defaults()[0]  # pyright: ignore[reportPrivateUsage]
    return tuple(colour) if isinstance(colour, (tuple, list)) else (colour,)


def _background_type(artboard: Artboard) -> int | None:
    data: Any = None
    for tag in (Tag.ARTBOARD_DATA1, Tag.ARTBOARD_DATA2, Tag.ARTBOARD_DATA3):
        data = artboard.tagged_blocks.get_data(tag, data)
    background_type = None if data is None else data.get(b"artboardBackgroundType")
    return None if background_type is None else int(background_type)
