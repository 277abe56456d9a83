"""Redraws shapes as pixels."""

import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import Box, Pixels
from lamina.imaging.shapes.shape import Fill, Form, FormKind, LinearGradient, NativeShape, RadialGradient, Stop, Values

_SAMPLES = 8  # per pixel and direction, on edges
_CHUNK = 1 << 15


def draw(shape: NativeShape, box: Box) -> Pixels:
    """(h, w, 4) RGBA with straight alpha: the shape in a part of the canvas."""
    outer = coverage(shape.form, box)
    inner = coverage(shape.inner, box) if shape.inner is not None else None
    if shape.border is None or inner is None:
        cover, colours = outer, fill_colours(shape.fill, shape.form, box)
    elif shape.fill is None:
        cover, colours = (outer - inner).clip(0, 1), fill_colours(shape.border, shape.form, box)
    else:
        share = np.minimum(inner / np.maximum(outer, 1e-6), 1)[..., None]
        border, face = fill_colours(shape.border, shape.form, box), fill_colours(shape.fill, shape.form, box)
        cover, colours = outer, border + share * (face - border)
    pixels = np.empty((*cover.shape, 4), np.uint8)
    pixels[..., :3] = np.round(colours)
    pixels[..., 3] = np.round(cover * shape.opacity)
    return pixels


def coverage(form: Form, box: Box) -> Values:
    """(h, w) in 0..1: the share of each pixel that is within the outline."""
    x, y = _middles(box)
    away = distance(form, x, y)
    covered = (away < 0).astype(np.float32)
    rows, columns = np.nonzero(np.abs(away) < 1.25)
    steps = (np.arange(_SAMPLES, dtype=np.float32) + 0.5) / _SAMPLES
    for start in range(0, len(rows), _CHUNK):
        part = slice(start, start + _CHUNK)
        sample_x = box[0] + columns[part, None, None] + steps[None, None]
        sample_y = box[1] + rows[part, None, None] + steps[None, :, None]
        covered[rows[part], columns[part]] = (distance(form, sample_x, sample_y) <= 0).mean((1, 2))
    return covered


def distance(form: Form, x: Values, y: Values) -> Values:
    """From the outline, in pixels, negative inside; of an ellipse to first order."""
    across, down = form.local(x, y)
    if form.kind is FormKind.ELLIPSE:
        half_width, half_height = max(form.width / 2, 1e-3), max(form.height / 2, 1e-3)
        share = np.hypot(across / half_width, down / half_height)
        steepness = np.hypot(across / half_width**2, down / half_height**2)
        return (share - 1) * share / np.maximum(steepness, 1e-6)
    radius = form.radius
    right, below = np.abs(across) - form.width / 2 + radius, np.abs(down) - form.height / 2 + radius
    return np.hypot(np.maximum(right, 0), np.maximum(below, 0)) + np.minimum(np.maximum(right, below), 0) - radius


def fill_colours(fill: Fill | None, form: Form, box: Box) -> Values:
    """(h, w, 3) or (3,) that broadcasts to it, in levels."""
    if fill is None or isinstance(fill, tuple):
        return np.array(fill or (0, 0, 0), np.float32)
    x, y = _middles(box)
    return stop_colours(fill.stops, gradient_share(fill, form, x, y))


def gradient_share(fill: LinearGradient | RadialGradient, form: Form, x: Values, y: Values) -> Values:
    """0 at the start of the gradient and 1 at its end."""
    across, down = form.local(x, y)
    if isinstance(fill, RadialGradient):
        return np.hypot(across - fill.across, down - fill.down) / max(fill.radius, 1e-6)
    turn = np.radians(fill.degrees)
    return (across * np.cos(turn) + down * np.sin(turn)) / max(fill.reach(form), 1e-6) / 2 + 0.5


def stop_colours(stops: tuple[Stop, ...], share: Values) -> Values:
    """(..., 3) in levels."""
    offsets = [stop.offset for stop in stops]
    channels = np.array([stop.colour for stop in stops], np.float64).T
    return np.stack([np.interp(share, offsets, channel) for channel in channels], -1)


def _middles(box: Box) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    left, top, width, height = box
    return (left + np.arange(width, dtype=np.float32) + 0.5)[None], (top + np.arange(height, dtype=np.float32) + 0.5)[
        :, None
    ]
