"""Renders native shapes as SVG elements."""

import math

from lamina.imaging.formats.records import render_opacity
from lamina.imaging.formats.svg_fills import hex_colour
from lamina.imaging.shapes.shape import Fill, Form, FormKind, LinearGradient, NativeShape


def render_shape(shape: NativeShape, shape_id: str) -> str:
    """An element with its gradients before it; two elements in a group if the border is not equally thick."""
    faded = f' opacity="{render_opacity(shape.opacity)}"' if shape.opacity < 255 else ""
    if shape.border is None or shape.inner is None:
        gradient, paint = _paint(shape.fill, shape.form, f"{shape_id}-fill")
        return f'{gradient}<{_geometry(shape.form)} fill="{paint}"{faded}/>\n'
    border_gradient, border = _paint(shape.border, shape.form, f"{shape_id}-border")
    gradient, paint = _paint(shape.fill, shape.form, f"{shape_id}-fill")
    thickness = shape.border_px
    if thickness is None:
        outer, inner = _geometry(shape.form), _geometry(shape.inner)
        elements = f'<{outer} fill="{border}"/>\n<{inner} fill="{paint}"/>\n'
        return f"{border_gradient}{gradient}<g{faded}>\n{elements}</g>\n"
    middle = _geometry(shape.form.inset(thickness / 2))
    pen = f'stroke="{border}" stroke-width="{thickness:.3f}"'
    return f'{border_gradient}{gradient}<{middle} fill="{paint}" {pen}{faded}/>\n'


def _geometry(form: Form) -> str:
    """The name and the geometry of an element."""
    turn = f' transform="rotate({form.degrees:.4f} {form.x:.3f} {form.y:.3f})"' if form.degrees else ""
    half_width, half_height = form.width / 2, form.height / 2
    if form.kind is FormKind.ELLIPSE:
        return f'ellipse cx="{form.x:.3f}" cy="{form.y:.3f}" rx="{half_width:.3f}" ry="{half_height:.3f}"{turn}'
    place = f'x="{form.x - half_width:.3f}" y="{form.y - half_height:.3f}"'
    corners = f' rx="{form.radius:.3f}"' if form.radius else ""
    return f'rect {place} width="{form.width:.3f}" height="{form.height:.3f}"{corners}{turn}'


def _paint(fill: Fill | None, form: Form, gradient_id: str) -> tuple[str, str]:
    """The element of a gradient, and what refers to it; or nothing, and a colour."""
    if fill is None:
        return "", "none"
    if isinstance(fill, tuple):
        return "", hex_colour(fill)
    stops = "".join(f'<stop offset="{stop.offset:.5f}" stop-color="{hex_colour(stop.colour)}"/>' for stop in fill.stops)
    if isinstance(fill, LinearGradient):
        name, turn, reach = "linearGradient", math.radians(fill.degrees), fill.reach(form)
        right, down = reach * math.cos(turn), reach * math.sin(turn)
        ends = (form.x - right, form.y - down, form.x + right, form.y + down)
        place = " ".join(f'{key}="{end:.3f}"' for key, end in zip(("x1", "y1", "x2", "y2"), ends, strict=True))
    else:
        name = "radialGradient"
        place = f'cx="{form.x + fill.across:.3f}" cy="{form.y + fill.down:.3f}" r="{fill.radius:.3f}"'
    element = f'<{name} id="{gradient_id}" gradientUnits="userSpaceOnUse" {place}>{stops}</{name}>\n'
    return element, f"url(#{gradient_id})"
