"""Reads input pictures of any supported type: path, bytes, array, Pillow image."""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lamina.imaging.picture import Picture, picture_from_array, picture_from_image, read_picture

AnyPicture = str | os.PathLike[str] | bytes | NDArray[Any] | Image.Image | Picture
"""A path ("-" for standard input), the bytes of a picture file, a Pillow image, an array."""


def picture_of(picture: AnyPicture, max_megapixels: float) -> Picture:
    """The picture in any of these forms, decoded. Raises `LaminaError`; see `read_picture`."""
    match picture:
        case Picture():
            return picture
        case np.ndarray():
            return picture_from_array(picture, max_megapixels)
        case Image.Image():
            return picture_from_image(picture, max_megapixels)
        case _:
            return read_picture(picture, max_megapixels)
