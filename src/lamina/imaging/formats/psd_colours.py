"""The colours of a Photoshop file, in any of its modes and depths, as 8-bit sRGB."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from psd_tools import PSDImage
from psd_tools.constants import ColorMode, Resource

from lamina.core.composite import strips_of_rows
from lamina.imaging.colour_profile import is_srgb, to_srgb

Planes = NDArray[np.floating[Any]]
"""(height, width, channels) as psd-tools counts: 0 to 1, ink as what is left of the paper, a and b from 0.5."""

CHANNELS = {
    ColorMode.BITMAP: 1,
    ColorMode.GRAYSCALE: 1,
    ColorMode.DUOTONE: 1,
    ColorMode.INDEXED: 1,
    ColorMode.RGB: 3,
    ColorMode.CMYK: 4,
    ColorMode.LAB: 3,
}
"""How many channels hold colour, of the modes that are read; the rest are saved selections, spot inks, transparency."""

_PICTURE_MODES = {ColorMode.RGB: "RGB", ColorMode.CMYK: "CMYK", ColorMode.LAB: "LAB"}


@dataclass(frozen=True)
class Colours:
    """How a document's numbers are to be seen.

    `profile`: its ICC profile, if any. `is_linear`: its numbers count light, as those of 32-bit documents do.
    """

    mode: ColorMode
    profile: bytes | None
    is_linear: bool

    @property
    def picture_mode(self) -> str:
        """What Pillow calls pictures with these channels."""
        return _PICTURE_MODES.get(self.mode, "L")

    @property
    def are_blended_as_shown(self) -> bool:
        """Whether layers that are turned into sRGB first add up to what they do in the document's own numbers."""
        if self.is_linear or self.picture_mode not in ("L", "RGB"):
            return False
        return self.profile is None or is_srgb(self.profile, self.picture_mode)

    def to_srgb(self, planes: Planes) -> NDArray[np.uint8]:
        """(height, width, 3) of (height, width, channels)."""
        out = np.empty((*planes.shape[:2], 3), np.uint8)
        for rows in strips_of_rows(*planes.shape[:2]):
            samples = _lit(planes[rows]) if self.is_linear else np.clip(planes[rows], 0, 1)
            out[rows] = self.shown_samples(np.floor(samples * 255 + 0.5).astype(np.uint8))
        return out

    def shown_samples(self, samples: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The same of 8-bit samples, which for a linear document have been through `to_srgb`'s curve."""
        if samples.shape[-1] == 3 and self.picture_mode == "L":  # a palette's colours
            return np.asarray(to_srgb(Image.fromarray(samples), self.profile))
        if self.picture_mode == "CMYK":
            samples = 255 - samples
        bands = [Image.fromarray(np.ascontiguousarray(samples[..., band])) for band in range(samples.shape[-1])]
        picture = Image.merge(self.picture_mode, bands) if len(bands) > 1 else bands[0]
        return self.shown_picture(picture)

    def shown_picture(self, picture: Image.Image) -> NDArray[np.uint8]:
        """The same of a picture in `picture_mode`, as Pillow has it."""
        return np.asarray(to_srgb(picture, None if self.is_linear else self.profile))


def colours_of(document: PSDImage) -> Colours:
    """The colours of a document, whose mode is one of `CHANNELS`."""
    profile = document.image_resources.get_data(Resource.ICC_PROFILE)
    return Colours(document.color_mode, profile or None, is_linear=document.depth == 32)


def _lit(light: Planes) -> Planes:
    """The sRGB curve (IEC 61966-2-1): light, cut off at white, as the numbers that screens take."""
    clipped = np.clip(np.nan_to_num(light), 0, 1)
    return np.where(clipped <= 0.0031308, 12.92 * clipped, 1.055 * np.power(clipped, 1 / 2.4) - 0.055)
