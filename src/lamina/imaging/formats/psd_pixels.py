"""Reads the stored pixels of a layer with its mask, for layers that need no rendering."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from psd_tools.api.layers import Layer as PsdLayer
from psd_tools.api.layers import PixelLayer, SmartObjectLayer, TypeLayer
from psd_tools.constants import BlendMode, ChannelID, Knockout, Tag

from lamina.core.layers import BlendMode as OurBlend
from lamina.core.layers import Pixels
from lamina.imaging.formats.psd import BLENDS
from lamina.imaging.formats.psd_colours import DocumentColours

SUPPORTED_BLENDS: dict[BlendMode, OurBlend] = {psd_mode: mode for mode, psd_mode in BLENDS.items()}


def is_plain_pixel_layer(layer: PsdLayer) -> bool:
    """Whether pixels, mask, opacity and a supported blend mode describe the layer, apart from clipped layers."""
    return (
        isinstance(layer, (PixelLayer, SmartObjectLayer, TypeLayer))
        and layer.has_pixels()
        and layer.blend_mode in SUPPORTED_BLENDS
        and not layer.has_vector_mask()
        and not has_enabled_effects(layer)
        and not knockout(layer)
        and Tag.BRIGHTNESS_AND_CONTRAST
        not in layer.tagged_blocks  # psd-tools takes legacy adjustments for pixel layers
        and has_simple_mask(layer)
    )


def has_enabled_effects(layer: PsdLayer) -> bool:
    """Whether any layer effect is enabled."""
    return layer.effects.enabled and any(effect.enabled for effect in layer.effects)


def knockout(layer: PsdLayer) -> Knockout:
    """The knockout setting of the layer."""
    return Knockout(layer.tagged_blocks.get_data(Tag.KNOCKOUT_SETTING, 0))


def has_simple_mask(layer: PsdLayer) -> bool:
    """Whether the layer has no enabled mask, or one without feather and density."""
    mask = layer.mask
    if mask is None or mask.disabled:
        return True
    shape = mask.parameters
    changed = (None, 0.0) if shape is None else (shape.user_mask_feather, shape.vector_mask_feather)
    densities = () if shape is None else (shape.user_mask_density, shape.vector_mask_density)
    return not any(changed) and all(density in (None, 255) for density in densities)


def stored_pixels(layer: PsdLayer, colours: DocumentColours) -> Pixels | None:
    """(height, width, 4) of the stored pixels with the layer mask applied; None if the layer has none."""
    if not layer.has_pixels() or 0 in (layer.width, layer.height):
        return None
    colour = _linear_colour(layer, colours) if colours.is_linear else _colour(layer, colours)
    if colour is None:
        return None
    alpha = layer.topil(ChannelID.TRANSPARENCY_MASK, apply_icc=False)
    opaque = np.full(colour.shape[:2], 255, np.uint8)
    covered = opaque if alpha is None else np.asarray(alpha.convert("L"))
    mask = _mask(layer)
    if mask is not None:
        covered = multiply_alpha(covered, mask)
    return np.dstack([colour, covered])


def multiply_alpha(alpha: NDArray[np.uint8], mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The product of two alphas of 0..255, rounded half up."""
    return ((alpha.astype(np.uint16) * mask + 127) // 255).astype(np.uint8)


def _colour(layer: PsdLayer, colours: DocumentColours) -> NDArray[np.uint8] | None:
    picture = layer.topil(apply_icc=False)
    if picture is None:
        return None
    return colours.image_to_srgb(picture.convert(colours.image_mode) if picture.mode in ("RGBA", "LA") else picture)


def _linear_colour(layer: PsdLayer, colours: DocumentColours) -> NDArray[np.uint8] | None:
    light: NDArray[np.floating[Any]] | None = layer.numpy("color")
    return None if light is None else colours.to_srgb(light)


def _mask(layer: PsdLayer) -> NDArray[np.uint8] | None:
    if layer.mask is None or layer.mask.disabled:
        return None
    mask = layer.mask.topil(layer_sized=True)
    if mask is not None:
        return np.asarray(mask.convert("L"))
    # A mask without pixels has its background value everywhere.
    return np.full((layer.height, layer.width), layer.mask.background_color, np.uint8)
