"""Compositing operators and non-separable blend modes that layers do not support, for rendering groups."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.core.composite import strips_of_rows
from lamina.core.layers import Pixels

_Unit = NDArray[np.floating[Any]]

_LUMA = np.array([0.3, 0.59, 0.11], np.float32)


class Operator(StrEnum):
    """Porter-Duff operators (9.1) and non-separable modes (10.2) of W3C Compositing and Blending Level 1."""

    PLUS = "plus"
    DESTINATION_IN = "dst-in"
    DESTINATION_OUT = "dst-out"
    SOURCE_ATOP = "src-atop"
    DESTINATION_ATOP = "dst-atop"
    HUE = "hue"
    SATURATION = "saturation"
    COLOR = "color"
    LUMINOSITY = "luminosity"

    @property
    def affects_outside_layer(self) -> bool:
        """True if the backdrop also changes where the layer is transparent or has no pixels."""
        return self in (Operator.DESTINATION_IN, Operator.DESTINATION_ATOP)


def apply_operator(below: Pixels, above: Pixels, operator: Operator, opacity: int = 255) -> Pixels:
    """(height, width, 4): `above`, with its alpha times `opacity` / 255, composited onto `below` and rounded once.

    Colours are 0 where the resulting alpha is 0.
    """
    result = np.zeros_like(below)
    for rows in strips_of_rows(*below.shape[:2]):
        result[rows] = _apply_to_rows(below[rows], above[rows], operator, opacity)
    return result


def _apply_to_rows(below: Pixels, above: Pixels, operator: Operator, opacity: int) -> Pixels:
    backdrop, b = below[..., :3].astype(np.float32) / 255, below[..., 3:].astype(np.float32) / 255
    source, a = above[..., :3].astype(np.float32) / 255, above[..., 3:].astype(np.float32) * (opacity / 255**2)
    if operator in _BLENDS:
        source = source + b * (_BLENDS[operator](backdrop, source) - source)
        share_above, share_below = a, b * (1 - a)
    else:
        share_above, share_below = _SHARES[operator](a, b)
    alpha = np.minimum(1, share_above + share_below)
    colour = np.minimum(alpha, source * share_above + backdrop * share_below) / np.maximum(alpha, 1e-6)
    result = np.floor(np.clip(np.concatenate([colour, alpha], -1), 0, 1) * 255 + 0.5).astype(np.uint8)
    result[result[..., 3] == 0] = 0
    return result


# Weights of source and backdrop, alpha included: a is the alpha of the source, b that of the backdrop.
_SHARES: dict[Operator, Callable[[_Unit, _Unit], tuple[_Unit, _Unit]]] = {
    Operator.PLUS: lambda a, b: (a, b),
    Operator.DESTINATION_IN: lambda a, b: (a * 0, b * a),
    Operator.DESTINATION_OUT: lambda a, b: (a * 0, b * (1 - a)),
    Operator.SOURCE_ATOP: lambda a, b: (a * b, b * (1 - a)),
    Operator.DESTINATION_ATOP: lambda a, b: (a * (1 - b), b * a),
}


def _luminosity(colour: _Unit) -> _Unit:
    return (colour @ _LUMA)[..., None]


def _with_luminosity(colour: _Unit, luminosity: _Unit) -> _Unit:
    shifted = colour + (luminosity - _luminosity(colour))
    lowest, highest = shifted.min(-1, keepdims=True), shifted.max(-1, keepdims=True)
    raised = luminosity + (shifted - luminosity) * luminosity / np.maximum(luminosity - lowest, 1e-6)
    shifted = np.where(lowest < 0, raised, shifted)
    lowered = luminosity + (shifted - luminosity) * (1 - luminosity) / np.maximum(highest - luminosity, 1e-6)
    return np.where(highest > 1, lowered, shifted)


def _saturation(colour: _Unit) -> _Unit:
    return colour.max(-1, keepdims=True) - colour.min(-1, keepdims=True)


def _with_saturation(colour: _Unit, saturation: _Unit) -> _Unit:
    lowest, spread = colour.min(-1, keepdims=True), _saturation(colour)
    return np.where(spread > 0, (colour - lowest) * saturation / np.maximum(spread, 1e-6), 0)


_BLENDS: dict[Operator, Callable[[_Unit, _Unit], _Unit]] = {
    Operator.HUE: lambda backdrop, source: _with_luminosity(
        _with_saturation(source, _saturation(backdrop)), _luminosity(backdrop)
    ),
    Operator.SATURATION: lambda backdrop, source: _with_luminosity(
        _with_saturation(backdrop, _saturation(source)), _luminosity(backdrop)
    ),
    Operator.COLOR: lambda backdrop, source: _with_luminosity(source, _luminosity(backdrop)),
    Operator.LUMINOSITY: lambda backdrop, source: _with_luminosity(backdrop, _luminosity(source)),
}
