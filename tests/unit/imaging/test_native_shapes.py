"""Which layers become shapes in PowerPoint and SVG, and that they show the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_shapes import differences, drawn
from drawn_stacks import STACKS, noise, opaque
from hypothesis import HealthCheck, given, settings
from pptx import Presentation
from pptx.enum.shapes import MSO_SHAPE

from lamina.core.composite import composite
from lamina.core.layers import Layer, LayerKind, LayerStack
from lamina.imaging.export_options import ExportOptions
from lamina.imaging.saving import save
from lamina.imaging.shapes.recognition import with_native_shapes
from lamina.imaging.shapes.shape import Form, FormKind, LinearGradient, NativeShape

SHAPES = ExportOptions(native_shapes=True)
RED = 200, 30, 40


def shape_of(svg: str) -> NativeShape | None:
    layer = Layer("x", LayerKind.OBJECT, drawn(svg), 5, 7)
    found = with_native_shapes(LayerStack(220, 160, (layer,))).shapes
    return found[0].shape if found else None


def box_of(form: Form) -> tuple[float, float, float, float]:
    return form.x - form.width / 2, form.y - form.height / 2, form.width, form.height


def test_a_rectangle_with_fractions_of_pixels() -> None:
    shape = shape_of('<rect x="20.25" y="30.5" width="100.5" height="60" fill="#c81e28"/>')
    assert shape is not None and shape.form.kind is FormKind.RECTANGLE
    assert box_of(shape.form) == pytest.approx((25.25, 37.5, 100.5, 60), abs=0.02)
    assert (shape.form.radius, shape.fill, shape.opacity, shape.name) == (0, RED, 255, "rectangle")


@pytest.mark.parametrize("radius", [4, 12, 30])
def test_rounded_corners(radius: int) -> None:
    shape = shape_of(f'<rect x="20" y="30" width="120" height="60" rx="{radius}" fill="#c81e28"/>')
    assert shape is not None and shape.name == "rounded rectangle"
    assert shape.form.radius == pytest.approx(radius, abs=0.3)


def test_an_ellipse_that_lets_light_through() -> None:
    shape = shape_of('<ellipse cx="90.5" cy="70" rx="60" ry="40.5" fill="#c81e28" fill-opacity="0.5"/>')
    assert shape is not None and shape.name == "ellipse"
    assert box_of(shape.form) == pytest.approx((35.5, 36.5, 120, 81), abs=0.2)
    assert shape.opacity == pytest.approx(128, abs=1)


@pytest.mark.parametrize("degrees", [0, 90, 30, 135, 270])
def test_a_linear_gradient(degrees: int) -> None:
    turn = np.radians(degrees)
    right, down = np.cos(turn), np.sin(turn)
    reach = (abs(120 * right) + abs(80 * down)) / 2
    place = f'x1="{80 - reach * right}" y1="{70 - reach * down}" x2="{80 + reach * right}" y2="{70 + reach * down}"'
    stops = '<stop offset="0" stop-color="#102080"/><stop offset="1" stop-color="#f0a020"/>'
    gradient = f'<linearGradient id="g" gradientUnits="userSpaceOnUse" {place}>{stops}</linearGradient>'
    shape = shape_of(f'{gradient}<rect x="20" y="30" width="120" height="80" fill="url(#g)"/>')
    assert shape is not None and isinstance(shape.fill, LinearGradient)
    assert [stop.offset for stop in shape.fill.stops] == pytest.approx([0, 1], abs=0.02)
    start, end = (stop.colour for stop in shape.fill.stops)
    found = shape.fill.degrees
    if abs((found - degrees + 180) % 360 - 180) > 90:  # the same gradient from its other end
        start, end, found = end, start, found + 180
    assert abs((found - degrees + 180) % 360 - 180) < 1
    assert np.abs(np.array([start, end]) - [(16, 32, 128), (240, 160, 32)]).max() <= 2


@pytest.mark.parametrize(
    "svg",
    [
        '<path d="M100 20 L160 110 L40 110 Z" fill="#c81e28"/>',
        '<rect x="20" y="30" width="100" height="60" fill="#c81e28"/>'
        '<rect x="40" y="40" width="9" height="9" fill="#cb1e28"/>',
        '<path d="M100 20 A50 50 0 1 0 150 70 L100 70 Z" fill="#c81e28"/>',
        '<rect x="20" y="30" width="60" height="60" fill="#c81e28"/>'
        '<rect x="90" y="30" width="60" height="60" fill="#c81e28"/>',
    ],
)
def test_anything_else_is_none(svg: str) -> None:
    assert shape_of(svg) is None


def stack() -> LayerStack:
    """A panel that was filled in beneath an icon, a disc and a background of one colour."""
    panel = drawn('<rect x="20" y="30" width="150" height="80" rx="10" fill="#3264c8"/>')
    panel[60:80, 60:90, 0] += 9  # beneath the icon
    disc = drawn('<circle cx="150" cy="50" r="30" fill="#c81e28"/>')
    icon = noise(36, 46)
    icon[..., 3] = 255
    return LayerStack(
        200,
        140,
        (
            Layer("Background", LayerKind.BACKGROUND, opaque(140, 200, (240, 230, 220))),
            Layer("Panel", LayerKind.PANEL, panel),
            Layer("Circle", LayerKind.OBJECT, disc, opacity=200),
            Layer("Icon", LayerKind.OBJECT, icon, 52, 52),
        ),
    )


def test_only_what_is_seen_must_be_the_same() -> None:
    assert sorted(with_native_shapes(stack()).shapes) == [0, 1, 2]
    without_icon = LayerStack(200, 140, stack().layers[:3])
    assert sorted(with_native_shapes(without_icon).shapes) == [0, 2]


def test_svg_shows_the_same(tmp_path: Path) -> None:
    path = save(stack(), tmp_path / "a.svg", SHAPES)
    text = path.read_text("utf-8")
    assert (text.count("<rect"), text.count("<ellipse"), text.count("<image")) == (2, 1, 1)
    off = differences(path, composite(stack()))
    assert (off <= 1).mean() > 0.99 and off.max() < 40  # antialiasing on outlines


def test_powerpoint_has_autoshapes_in_their_places(tmp_path: Path) -> None:
    slide = Presentation(str(save(stack(), tmp_path / "a.pptx", SHAPES))).slides[0]
    shapes: list[Any] = list(slide.shapes)
    background, panel, circle, icon = shapes
    assert (background.auto_shape_type, panel.auto_shape_type) == (MSO_SHAPE.RECTANGLE, MSO_SHAPE.ROUNDED_RECTANGLE)
    assert circle.auto_shape_type == MSO_SHAPE.OVAL and icon.shape_type.name == "PICTURE"
    assert panel.adjustments[0] == pytest.approx(10 / 80, abs=0.01)
    assert [round(side / 9525) for side in (panel.left, panel.top, panel.width, panel.height)] == [20, 30, 150, 80]
    assert str(panel.fill.fore_color.rgb) == "3264C8"
    assert [shape.name for shape in shapes] == ["Background", "Panel", "Circle", "Icon"]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stack=STACKS)
def test_any_stack_can_be_searched(stack: LayerStack) -> None:
    assert set(with_native_shapes(stack).shapes) <= set(range(len(stack)))
