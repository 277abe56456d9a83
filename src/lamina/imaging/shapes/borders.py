"""Finds the border and the face of a shape that has two fills."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import Pixels
from lamina.core.text_styles import Colour
from lamina.imaging.shapes.drawing import distance, fill_colours
from lamina.imaging.shapes.fill_fitting import fitted_fill
from lamina.imaging.shapes.form_fitting import fitted_forms
from lamina.imaging.shapes.shape import Fill, Form, Values
from lamina.imaging.shapes.sight import Sight

Mask = NDArray[np.bool_]

_RIM_PX = 0.75, 1.9  # distance from the outline of pixels that belong to the border alone
_ALIKE_LEVELS = 2
_MIN_ALIKE = 0.9
_OTHER_LEVELS = 6  # the face differs by more from the border
_MIN_FACE = 0.2  # of the area


@dataclass(frozen=True, slots=True)
class Bordered:
    """`inner`: the edge between the border and the fill of the face."""

    inner: Form
    border: Colour
    fill: Fill


def with_border(form: Form, pixels: Pixels, sight: Sight) -> Bordered | None:
    """What is within the outline, if it is a border of one colour around a face. `pixels` (h, w, 4): of the box."""
    is_known, box = sight.is_known, sight.box
    depth = -distance(form, *sight.middles)
    colours = pixels[..., :3].astype(np.float32)
    rim = colours[is_known & (depth > _RIM_PX[0]) & (depth < _RIM_PX[1])]
    if len(rim) < 8:
        return None
    border = np.round(np.median(rim, axis=0))
    if np.mean(np.abs(rim - border).max(1) <= _ALIKE_LEVELS) < _MIN_ALIKE:
        return None
    within = is_known & (depth > _RIM_PX[0])
    is_face = within & (np.abs(colours - border).max(-1) > _OTHER_LEVELS)
    if np.count_nonzero(is_face) < _MIN_FACE * np.count_nonzero(within):
        return None
    # Pixels that are a mixture of the two are not the face's alone.
    is_pure = np.asarray(cv2.erode((is_face | ~is_known).astype(np.uint8), np.ones((5, 5), np.uint8))) > 0
    rows, columns = np.nonzero(is_pure & is_face)
    fill = fitted_fill(box[0] + columns + 0.5, box[1] + rows + 0.5, colours[rows, columns].astype(np.float64), form)
    if fill is None:
        return None
    share = _share(colours, border, fill_colours(fill, form, box))
    share[depth < _RIM_PX[0]] = 0
    for inner in fitted_forms(share, is_known, box):
        red, green, blue = (int(value) for value in border)
        return Bordered(inner, (red, green, blue), fill)
    return None


def _share(colours: Values, border: Values, face: Values) -> Values:
    """(h, w) in 0..1: how much of each pixel is the face's, by its colour."""
    span = face - border
    return (((colours - border) * span).sum(-1) / np.maximum((span * span).sum(-1), 1)).clip(0, 1).astype(np.float32)
