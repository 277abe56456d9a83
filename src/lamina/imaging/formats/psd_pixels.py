"""The pixels that a Photoshop file stores of one layer, with its own mask, for layers that need no drawing."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from psd_tools.api.layers import Layer as PsdLayer
from psd_tools.api.layers import PixelLayer, SmartObjectLayer, TypeLayer
from psd_tools.constants import BlendMode, ChannelID, Knockout, Tag

from lamina.core.layers import BlendMode as OurBlend
from lamina.core.layers import Pixels
from lamina.imaging.formats.psd import BLENDS
from lamina.imaging.formats.psd_colours import Colours

BLENDS_READ: dict[BlendMode, OurBlend] = {theirs: ours for ours, theirs in BLENDS.items()}


def is_stored(layer: PsdLayer) -> bool:
    """Whether pixels, mask, opacity and a mode that we have too say all of the layer, its clipped layers aside."""
    return (
        isinstance(layer, (PixelLayer, SmartObjectLayer, TypeLayer))
        and layer.has_pixels()
        and layer.blend_mode in BLENDS_READ
        and not layer.has_vector_mask()
        and not shows_effects(layer)
        and not knockout(layer)
        and Tag.BRIGHTNESS_AND_CONTRAST not in layer.tagged_blocks  # psd-tools takes its oldest kind for pixels
        and has_plain_mask(layer)
    )


def shows_effects(layer: PsdLayer) -> bool:
    """Whether any effect is switched on."""
    return layer.effects.enabled and any(effect.enabled for effect in layer.effects)


def knockout(layer: PsdLayer) -> Knockout:
    """How deep the layer knocks out what is below it."""
    return Knockout(layer.tagged_blocks.get_data(Tag.KNOCKOUT_SETTING, 0))


def has_plain_mask(layer: PsdLayer) -> bool:
    """Whether there is no mask in force, or one that is just its pixels."""
    mask = layer.mask
    if mask is None or mask.disabled:
        return True
    shape = mask.parameters
    changed = (None, 0.0) if shape is None else (shape.user_mask_feather, shape.vector_mask_feather)
    densities = () if shape is None else (shape.user_mask_density, shape.vector_mask_density)
    return not any(changed) and all(density in (None, 255) for density in densities)


def stored_pixels(layer: PsdLayer, colours: Colours) -> Pixels | None:
    """(height, width, 4) of a layer that `is_stored`, or of one that at least has pixels; None without any."""
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
        covered = limited(covered, mask)
    return np.dstack([colour, covered])


def limited(alpha: NDArray[np.uint8], mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One alpha times another, rounded half up."""
    return ((alpha.astype(np.uint16) * mask + 127) // 255).astype(np.uint8)


def _colour(layer: PsdLayer, colours: Colours) -> NDArray[np.uint8] | None:
    picture = layer.topil(apply_icc=False)
    if picture is None:
        return None
    return colours.shown_picture(picture.convert(colours.picture_mode) if picture.mode in ("RGBA", "LA") else picture)


def _linear_colour(layer: PsdLayer, colours: Colours) -> NDArray[np.uint8] | None:
    light: NDArray[np.floating[Any]] | None = layer.numpy("color")
    return None if light is None else colours.to_srgb(light)


def _mask(layer: PsdLayer) -> NDArray[np.uint8] | None:
    if layer.mask is None or layer.mask.disabled:
        return None
    mask = layer.mask.topil(layer_sized=True)
    if mask is not None:
        return np.asarray(mask.convert("L"))
    # A mask without pixels is all of the colour that it has outside of them.
    return np.full((layer.height, layer.width), layer.mask.background_color, np.uint8)
