"""Converts the colours of a Photoshop file, in any colour mode and bit depth, to 8-bit sRGB."""

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
"""(height, width, channels) in the ranges of psd-tools: 0 to 1, inks inverted, a and b with an offset of 0.5."""

CHANNELS = {
    ColorMode.BITMAP: 1,
    ColorMode.GRAYSCALE: 1,
    ColorMode.DUOTONE: 1,
    ColorMode.INDEXED: 1,
    ColorMode.RGB: 3,
    ColorMode.CMYK: 4,
    ColorMode.LAB: 3,
}
"""Number of colour channels per supported mode; the others are transparency, alpha channels and spot colours."""

_IMAGE_MODES = {ColorMode.RGB: "RGB", ColorMode.CMYK: "CMYK", ColorMode.LAB: "LAB"}


@dataclass(frozen=True)
class DocumentColours:
    """The colour space of a document.

    `profile`: its ICC profile, if any. `is_linear`: its samples are linear light, as in 32-bit documents.
    """

    mode: ColorMode
    profile: bytes | None
    is_linear: bool

    @property
    def image_mode(self) -> str:
        """The Pillow mode of images with these channels."""
        return _IMAGE_MODES.get(self.mode, "L")

    @property
    def blends_in_srgb(self) -> bool:
        """Whether blending in sRGB gives the same result as blending in the document's colour space."""
        if self.is_linear or self.image_mode not in ("L", "RGB"):
            return False
        return self.profile is None or is_srgb(self.profile, self.image_mode)

    def to_srgb(self, planes: Planes) -> NDArray[np.uint8]:
        """(height, width, 3) sRGB of (height, width, channels)."""
        out = np.empty((*planes.shape[:2], 3), np.uint8)
        for rows in strips_of_rows(*planes.shape[:2]):
            samples = _encode_srgb(planes[rows]) if self.is_linear else np.clip(planes[rows], 0, 1)
            out[rows] = self.samples_to_srgb(np.floor(samples * 255 + 0.5).astype(np.uint8))
        return out

    def samples_to_srgb(self, samples: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Like `to_srgb`, for 8-bit samples; those of a linear document are already encoded."""
        if samples.shape[-1] == 3 and self.image_mode == "L":  # palette colours
            return np.asarray(to_srgb(Image.fromarray(samples), self.profile))
        if self.image_mode == "CMYK":
            samples = 255 - samples
        bands = [Image.fromarray(np.ascontiguousarray(samples[..., band])) for band in range(samples.shape[-1])]
        picture = Image.merge(self.image_mode, bands) if len(bands) > 1 else bands[0]
        return self.image_to_srgb(picture)

    def image_to_srgb(self, picture: Image.Image) -> NDArray[np.uint8]:
        """Like `to_srgb`, for a Pillow image of the mode `image_mode`."""
        return np.asarray(to_srgb(picture, None if self.is_linear else self.profile))


def colours_of(document: PSDImage) -> DocumentColours:
    """The colour space of a document whose mode is in `CHANNELS`."""
    profile = document.image_resources.get_data(Resource.ICC_PROFILE)
    return DocumentColours(document.color_mode, profile or None, is_linear=document.depth == 32)


def _encode_srgb(light: Planes) -> Planes:
    """Encodes linear light, clipped at white, with the sRGB transfer function (IEC 61966-2-1)."""
    clipped = np.clip(np.nan_to_num(light), 0, 1)
    return np.where(clipped <= 0.0031308, 12.92 * clipped, 1.055 * np.power(clipped, 1 / 2.4) - 0.055)
