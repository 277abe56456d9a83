"""Adds native shapes to a slide as autoshapes."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from pptx.enum.shapes import MSO_SHAPE
from pptx.oxml.ns import qn
from pptx.util import Emu

from lamina.core.layers import Layer
from lamina.imaging.formats.pptx_fills import UNITS_PER_DEGREE, add_colour, add_element, add_solid_fill
from lamina.imaging.formats.records import combined_opacity
from lamina.imaging.shapes.drawing import stop_colours
from lamina.imaging.shapes.shape import Fill, Form, FormKind, LinearGradient, NativeShape, RadialGradient, Stop

_OFF_CENTRE = 0.01  # of the sides
_PERCENT = 1000


def is_autoshape(shape: NativeShape, layer: Layer) -> bool:
    """Whether PowerPoint can show the shape as it is.

    Its circular gradients begin in the middle of a shape, and are ellipses in some programs if the shape is not as wide
    as high. Its outlines lie over the fill, which shows if they let light through.
    """
    is_faint = combined_opacity(shape.opacity, layer.opacity) < 255
    if is_faint and shape.border is not None and shape.fill is not None:
        return False
    form = shape.form
    radial = [fill for fill in (shape.fill, shape.border) if isinstance(fill, RadialGradient)]
    is_square = abs(form.width - form.height) <= _OFF_CENTRE * form.width
    return all(is_square and math.hypot(fill.across, fill.down) <= _OFF_CENTRE * form.width for fill in radial)


def beyond_the_slide(shape: NativeShape, width: int, height: int) -> NativeShape:
    """The same on the slide, if a radial gradient fills all of it: a larger square, in whose middle it begins.

    `width`, `height`: of the slide, in pixels. Other shapes stay as they are.
    """
    form, fill = shape.form, shape.fill
    if not isinstance(fill, RadialGradient) or shape.border is not None:
        return shape
    left, top, right, bottom = form.bounds
    is_plain = form.kind is FormKind.RECTANGLE and not form.degrees and not form.radius
    if not is_plain or left > 0 or top > 0 or right < width or bottom < height:
        return shape
    x, y = form.x + fill.across, form.y + fill.down
    side = 2 * max(x, y, width - x, height - y)
    square = replace(form, x=x, y=y, width=side, height=side)
    return replace(shape, form=square, fill=replace(fill, across=0.0, down=0.0))


def add_autoshape(shapes: Any, shape: NativeShape, opacity: int, scale: float) -> Any:
    """Adds an autoshape, or a group of two if the border is not equally thick. `scale`: EMU per pixel."""
    form, opacity = shape.form, combined_opacity(shape.opacity, opacity)
    if shape.border is None or shape.inner is None:
        added = _form(shapes, form, scale)
        _fill(added, shape.fill, form, form, opacity)
        _finish(added)
        return added
    thickness = shape.border_px
    if thickness is None:
        group = shapes.add_group_shape()
        for part, fill in ((form, shape.border), (shape.inner, shape.fill)):
            added = _form(group.shapes, part, scale)
            _fill(added, fill, form, part, opacity)
            _finish(added)
        return group
    if shape.fill is None and not form.radius:
        added = _hollow(shapes, form, thickness, scale)
        _fill(added, shape.border, form, form, opacity)
        _finish(added)
        return added
    middle = form.inset(thickness / 2)
    added = _form(shapes, middle, scale)
    _fill(added, shape.fill, form, middle, opacity)
    line = add_element(added._element.spPr, "a:ln", w=round(thickness * scale))
    _add_fill(line, shape.border, form, middle, opacity)
    add_element(line, "a:miter", lim=800_000)
    _finish(added, has_line=True)
    return added


def _form(shapes: Any, form: Form, scale: float) -> Any:
    if form.kind is FormKind.ELLIPSE:
        return _added(shapes, MSO_SHAPE.OVAL, form, scale)
    if not form.radius:
        return _added(shapes, MSO_SHAPE.RECTANGLE, form, scale)
    added = _added(shapes, MSO_SHAPE.ROUNDED_RECTANGLE, form, scale)
    added.adjustments[0] = form.radius / min(form.width, form.height)
    return added


def _hollow(shapes: Any, form: Form, thickness: float, scale: float) -> Any:
    kind = MSO_SHAPE.DONUT if form.kind is FormKind.ELLIPSE else MSO_SHAPE.FRAME
    added = _added(shapes, kind, form, scale)
    added.adjustments[0] = thickness / min(form.width, form.height)
    return added


def _added(shapes: Any, kind: Any, form: Form, scale: float) -> Any:
    sides = (form.x - form.width / 2, form.y - form.height / 2, form.width, form.height)
    added = shapes.add_shape(kind, *(Emu(round(side * scale)) for side in sides))
    if form.degrees:
        added.rotation = form.degrees
    return added


def _finish(added: Any, *, has_line: bool = False) -> None:
    if not has_line:
        add_element(add_element(added._element.spPr, "a:ln"), "a:noFill")
    added._element.remove(added._element.find(qn("p:style")))  # the theme's line, shadow and text colour


def _fill(added: Any, fill: Fill | None, form: Form, own: Form, opacity: int) -> None:
    _add_fill(added._element.spPr, fill, form, own, opacity)


def _add_fill(parent: Any, fill: Fill | None, form: Form, own: Form, opacity: int) -> None:
    """Adds the fill of `form` to a shape or line whose box is that of `own`, within it."""
    if fill is None:
        add_element(parent, "a:noFill")
    elif isinstance(fill, tuple):
        add_solid_fill(parent, fill, opacity)
    elif isinstance(fill, LinearGradient):
        scale = fill.reach(form) / fill.reach(own)
        element = _gradient(parent, _moved(fill.stops, 0.5 - scale / 2, scale), opacity)
        angle = round(fill.degrees % 360 * UNITS_PER_DEGREE) % (360 * UNITS_PER_DEGREE)
        add_element(element, "a:lin", ang=angle, scaled=0)
    else:
        scale = fill.radius / (math.hypot(own.width, own.height) / 2)
        path = add_element(_gradient(parent, _moved(fill.stops, 0.0, scale), opacity), "a:path", path="circle")
        add_element(path, "a:fillToRect", **dict.fromkeys("ltrb", 50 * _PERCENT))


def _gradient(parent: Any, stops: Sequence[Stop], opacity: int) -> Any:
    fill = add_element(parent, "a:gradFill", rotWithShape=1)
    listed = add_element(fill, "a:gsLst")
    for stop in stops:
        add_colour(add_element(listed, "a:gs", pos=round(stop.offset * 100 * _PERCENT)), stop.colour, opacity)
    return fill


def _moved(stops: Sequence[Stop], start: float, scale: float) -> list[Stop]:
    """The same colours along another line, on which the old one begins at `start` and is `scale` long."""
    moved = [Stop(start + scale * stop.offset, stop.colour) for stop in stops]
    within = [stop for stop in moved if 0 < stop.offset < 1]
    return [_at(moved, 0.0), *within, _at(moved, 1.0)]


def _at(stops: Sequence[Stop], offset: float) -> Stop:
    red, green, blue = (round(float(value)) for value in stop_colours(tuple(stops), np.array([offset]))[0])
    return Stop(offset, (red, green, blue))
