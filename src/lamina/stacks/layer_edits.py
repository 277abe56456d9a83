"""Edits the pixels of a layer as a prompt describes, with a diffusion model, within the layer's own outline."""

from dataclasses import dataclass

import numpy as np

from lamina.core.composite import over
from lamina.core.layers import Layer, Pixels
from lamina.core.ports import Progress, no_progress
from lamina.core.provenance import Provenance
from lamina.core.tasks import EditTask
from lamina.execution.pictures import edited
from lamina.imaging.finish.resampling import resize_image

_LIGHT, _DARK = (255, 255, 255, 255), (96, 96, 96, 255)
_BRIGHT = 224  # mean level of a layer from which on it is shown on a dark ground


@dataclass(frozen=True, slots=True, eq=False)
class EditedLayer:
    """`pixels`: (height, width, 4), with the alpha of the layer. `notes`: for the user. `made`: by which model."""

    pixels: Pixels
    notes: tuple[str, ...]
    made: Provenance | None


def edit_layer(
    layer: Layer, task: EditTask, engine: str | None = None, progress: Progress = no_progress
) -> EditedLayer:
    """The layer is shown to the model on a plain ground, from which its translucent pixels are separated again.

    Options and errors as those of `execution.pictures.edited`.
    """
    made = edited(task, [over(ground_of(layer.pixels), layer.pixels)], engine, progress)
    return EditedLayer(within_outline(made.pictures[0], layer.pixels), made.notes, made.made)


def ground_of(pixels: Pixels) -> Pixels:
    """The plain ground, as large as a layer, on which the layer is shown to a model."""
    shown = pixels[pixels[..., 3] > 127][:, :3]
    is_bright = shown.size and shown.mean() > _BRIGHT
    return np.full(pixels.shape, _DARK if is_bright else _LIGHT, np.uint8)


def within_outline(picture: Pixels, pixels: Pixels) -> Pixels:
    """The colours of an edited picture, of any size, with the alpha of the layer that was edited. `pixels`: its own."""
    height, width = pixels.shape[:2]
    ground, alpha = ground_of(pixels), pixels[..., 3:]
    share = alpha.astype(np.float32) / 255
    edited_colour = resize_image(picture, width, height)[..., :3]
    colour = (edited_colour - (1 - share) * ground[..., :3]) / np.maximum(share, 1 / 255)
    colour = np.where(alpha > 0, np.clip(np.rint(colour), 0, 255), 0)
    return np.concatenate([colour.astype(np.uint8), alpha], -1)
