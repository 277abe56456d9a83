"""Shapes of every kind in SVG and PowerPoint files: that they are recognized, and show the same."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_shapes import contrasts, differences, drawn
from drawn_stacks import opaque
from PIL import Image
from pptx import Presentation
from pptx.enum.shapes import MSO_SHAPE

from lamina.core.composite import composite
from lamina.core.layers import Layer, LayerKind, LayerStack
from lamina.imaging.export_options import ExportOptions
from lamina.imaging.saving import export

SHAPES = ExportOptions(native_shapes=True)
_LINEAR = (
    '<linearGradient id="l" x1="0" y1="0" x2="1" y2="0"><stop offset="0" stop-color="#102080"/>'
    '<stop offset="0.4" stop-color="#f0a020"/><stop offset="1" stop-color="#20a060"/></linearGradient>'
)
_RADIAL = (
    '<radialGradient id="r" gradientUnits="userSpaceOnUse" cx="{x}" cy="{y}" r="{radius}">'
    '<stop offset="0" stop-color="#fff0c0"/><stop offset="1" stop-color="#0060c0"/></radialGradient>'
)
_DISC = _RADIAL.format(x=100, y=70, radius=50) + '<circle cx="100" cy="70" r="50" fill="url(#r)"/>'
_SPOT = _RADIAL.format(x=60, y=50, radius=110) + '<rect x="20" y="25" width="150" height="90" fill="url(#r)"/>'
_RED = 'fill="#c81e28"'
_PEN = 'stroke="#1e3250" stroke-width'
CASES = {
    "a ring": (f'<circle cx="100" cy="70" r="50" fill="none" {_PEN}="12"/>', "ring", MSO_SHAPE.DONUT),
    "a flat ring": (f'<ellipse cx="100" cy="70" rx="80" ry="40" fill="none" {_PEN}="3"/>', "ring", MSO_SHAPE.DONUT),
    "a frame": (f'<rect x="30" y="25" width="140" height="90" fill="none" {_PEN}="10"/>', "frame", MSO_SHAPE.FRAME),
    "a round frame": (
        f'<rect x="30" y="25" width="140" height="90" rx="20" fill="none" {_PEN}="6"/>',
        "frame",
        MSO_SHAPE.ROUNDED_RECTANGLE,
    ),
    "a frame of two colours": (
        _LINEAR.replace('x1="0" y1="0" x2="1" y2="0"', 'gradientUnits="userSpaceOnUse" x1="25" y1="0" x2="175" y2="0"')
        + '<rect x="30" y="25" width="140" height="90" fill="none" stroke="url(#l)" stroke-width="10"/>',
        "frame",
        MSO_SHAPE.FRAME,
    ),
    "a line": (f'<rect x="20" y="60" width="150" height="3" {_RED}/>', "line", MSO_SHAPE.RECTANGLE),
    "a slanted line": (f'<path d="M20 110 L180 30" {_PEN}="4"/>', "line", MSO_SHAPE.RECTANGLE),
    "a line with round ends": (
        f'<path d="M30 100 L170 50" {_PEN}="8" stroke-linecap="round"/>',
        "line",
        MSO_SHAPE.ROUNDED_RECTANGLE,
    ),
    "a turned rectangle": (
        f'<rect x="50" y="40" width="100" height="60" transform="rotate(12 100 70)" {_RED}/>',
        "rectangle",
        MSO_SHAPE.RECTANGLE,
    ),
    "a turned button": (
        f'{_LINEAR}<rect x="50" y="40" width="100" height="60" rx="14" transform="rotate(-7 100 70)" fill="url(#l)"/>',
        "rounded rectangle",
        MSO_SHAPE.ROUNDED_RECTANGLE,
    ),
    "a turned ellipse": (
        f'<ellipse cx="100" cy="70" rx="70" ry="30" transform="rotate(30 100 70)" {_RED}/>',
        "ellipse",
        MSO_SHAPE.OVAL,
    ),
    "a pill": (
        f'<rect x="30" y="40" width="140" height="50" rx="25" {_RED}/>',
        "rounded rectangle",
        MSO_SHAPE.ROUNDED_RECTANGLE,
    ),
    "three colours": (
        f'{_LINEAR}<rect x="20" y="30" width="150" height="80" fill="url(#l)"/>',
        "rectangle",
        MSO_SHAPE.RECTANGLE,
    ),
    "a ball": (_DISC, "circle", MSO_SHAPE.OVAL),
    "a spotlight": (_SPOT, "rectangle", None),
    "an outlined rectangle": (
        f'<rect x="30" y="25" width="140" height="90" {_RED} {_PEN}="6"/>',
        "rectangle with outline",
        MSO_SHAPE.RECTANGLE,
    ),
    "an outlined button": (
        f'{_LINEAR}<rect x="30" y="25" width="140" height="90" rx="16" fill="url(#l)" {_PEN}="4"/>',
        "rounded rectangle with outline",
        MSO_SHAPE.ROUNDED_RECTANGLE,
    ),
    "an outlined disc": (
        f'<circle cx="100" cy="70" r="50" {_RED} {_PEN}="5"/>',
        "circle with outline",
        MSO_SHAPE.OVAL,
    ),
    "an outlined glass": (
        f'<g opacity="0.6"><circle cx="100" cy="70" r="50" {_RED} {_PEN}="8"/></g>',
        "circle with outline",
        None,
    ),
}


def stack(svg: str) -> LayerStack:
    background = Layer("Background", LayerKind.BACKGROUND, opaque(140, 200, (240, 230, 220)))
    return LayerStack(200, 140, (background, Layer("Shape", LayerKind.OBJECT, drawn(svg))))


@pytest.mark.parametrize("case", CASES)
def test_svg_shows_every_shape_as_it_is(case: str, tmp_path: Path) -> None:
    svg, name, _ = CASES[case]
    drawing = stack(svg)
    exported = export(drawing, tmp_path / "a.svg", SHAPES)
    assert [layer.content for layer in exported] == ["rectangle", name]
    assert "<image" not in (tmp_path / "a.svg").read_text("utf-8")
    picture = composite(drawing)
    off, contrast = differences(tmp_path / "a.svg", picture), contrasts(picture)
    assert off[contrast <= 8].max() <= 1
    assert (off[contrast > 8] / contrast[contrast > 8]).max(initial=0) <= 0.4
    residual = exported[1].residual
    assert residual is not None and residual.inside <= 1


@pytest.mark.parametrize("case", CASES)
def test_powerpoint_gets_the_autoshape(case: str, tmp_path: Path) -> None:
    svg, name, kind = CASES[case]
    exported = export(stack(svg), tmp_path / "a.pptx", SHAPES)
    shape: Any = list(Presentation(str(tmp_path / "a.pptx")).slides[0].shapes)[1]
    if kind is None:
        assert exported[1].content == "picture" and shape.shape_type.name == "PICTURE"
    else:
        assert exported[1].content == name and shape.auto_shape_type == kind


def test_powerpoint_turns_and_outlines(tmp_path: Path) -> None:
    turned = Layer("Turned", LayerKind.OBJECT, drawn(CASES["a turned rectangle"][0]))
    outlined = Layer("Outlined", LayerKind.OBJECT, drawn(CASES["an outlined rectangle"][0]), left=200)
    ring = Layer("Ring", LayerKind.OBJECT, drawn(CASES["a ring"][0]), left=400)
    export(LayerStack(600, 140, (turned, outlined, ring)), tmp_path / "a.pptx", SHAPES)
    shapes: list[Any] = list(Presentation(str(tmp_path / "a.pptx")).slides[0].shapes)
    assert shapes[0].rotation == pytest.approx(12, abs=0.1)
    assert [round(side / 9525) for side in (shapes[0].width, shapes[0].height)] == [100, 60]
    assert shapes[1].line.width / 9525 == pytest.approx(6, abs=0.05)
    assert str(shapes[1].line.color.rgb) == "1E3250"
    assert shapes[1].left / 9525 == pytest.approx(230, abs=0.05)
    assert shapes[2].adjustments[0] == pytest.approx(12 / 112, abs=0.002)


def test_a_border_that_is_not_equally_thick_is_two_shapes(tmp_path: Path) -> None:
    svg = f'<ellipse cx="100" cy="70" rx="90" ry="45" {_RED}/><ellipse cx="100" cy="70" rx="76" ry="31" fill="#fff"/>'
    drawing = stack(svg)
    export(drawing, tmp_path / "a.svg", SHAPES)
    assert (tmp_path / "a.svg").read_text("utf-8").count("<ellipse") == 2
    picture = composite(drawing)
    assert differences(tmp_path / "a.svg", picture)[contrasts(picture) <= 8].max() <= 1
    export(drawing, tmp_path / "a.pptx", SHAPES)
    group: Any = list(Presentation(str(tmp_path / "a.pptx")).slides[0].shapes)[1]
    assert [shape.auto_shape_type for shape in group.shapes] == [MSO_SHAPE.OVAL] * 2


def test_a_faint_shadow_on_a_shape_goes_to_what_casts_it(tmp_path: Path) -> None:
    """As the classic engine leaves it: the end of the shadow of a thing is in the pixels of the panel."""
    drawing = stack('<rect x="20" y="20" width="160" height="100" rx="10" fill="#3264c8"/>')
    icon = drawn('<path d="M70 50 L120 70 L70 90 Z" fill="#ffe060"/>')
    panel = drawing[1].pixels.copy()
    panel[92:96, 70:90, :3] -= 3
    layers = (drawing[0], replace(drawing[1], pixels=panel), Layer("Icon", LayerKind.OBJECT, icon))
    shaded = replace(drawing, layers=layers)
    exported = export(shaded, tmp_path / "a.svg", SHAPES)
    assert [layer.content for layer in exported] == ["rectangle", "rounded rectangle", "picture"]
    picture = composite(shaded)
    assert differences(tmp_path / "a.svg", picture)[contrasts(picture) <= 8].max() <= 1


def test_powerpoint_leaves_what_it_cannot_show_and_what_lies_on_it(tmp_path: Path) -> None:
    ground, icon = drawn(_SPOT), drawn('<path d="M70 50 L120 70 L70 90 Z" fill="#ffe060"/>')
    ground[92:96, 70:90, :3] -= 3
    layers = (Layer("Spot", LayerKind.OBJECT, ground), Layer("Icon", LayerKind.OBJECT, icon))
    exported = export(LayerStack(200, 140, layers), tmp_path / "a.pptx", SHAPES)
    assert [layer.content for layer in exported] == ["picture", "picture"]
    shape: Any = list(Presentation(str(tmp_path / "a.pptx")).slides[0].shapes)[1]
    with Image.open(BytesIO(shape.image.blob)) as image:
        assert np.array_equal(np.asarray(image), icon)


def test_a_radial_background_reaches_beyond_the_slide(tmp_path: Path) -> None:
    """PowerPoint begins such gradients in the middle of a shape."""
    svg = _RADIAL.format(x=60, y=50, radius=180) + '<rect width="200" height="140" fill="url(#r)"/>'
    layers = (Layer("Background", LayerKind.BACKGROUND, drawn(svg)),)
    exported = export(LayerStack(200, 140, layers), tmp_path / "a.pptx", SHAPES)
    assert exported[0].content == "rectangle"
    shapes: Any = Presentation(str(tmp_path / "a.pptx")).slides[0].shapes
    (shape,) = shapes
    left, top, width, height = (side / 9525 for side in (shape.left, shape.top, shape.width, shape.height))
    assert (left + width / 2, top + height / 2) == pytest.approx((60, 50), abs=1)
    assert width == height and left <= 0 and top <= 0 and left + width >= 200 and top + height >= 140
    stop = shape.fill.gradient_stops[1]
    ends = stop.position * width / 2 * 2**0.5 / 180  # where it is on the true gradient
    wanted = np.array([255, 240, 192]) + ends * (np.array([0, 96, 192]) - [255, 240, 192])
    assert np.abs(np.array([*stop.color.rgb]) - wanted).max() <= 2


def test_a_spot_far_from_everything_keeps_the_picture(tmp_path: Path) -> None:
    drawing = stack('<rect x="20" y="20" width="160" height="100" rx="10" fill="#3264c8"/>')
    panel = drawing[1].pixels.copy()
    panel[92:96, 70:90, :3] -= 3
    spotted = replace(drawing, layers=(drawing[0], replace(drawing[1], pixels=panel)))
    exported = export(spotted, tmp_path / "a.svg", SHAPES)
    assert [layer.content for layer in exported] == ["rectangle", "picture"]


def test_no_shape_reaches_beyond_its_layer(tmp_path: Path) -> None:
    """A half of an ellipse that is cut off in the middle of the canvas is no ellipse."""
    half = drawn(f'<ellipse cx="100" cy="70" rx="80" ry="40" {_RED}/>')
    half[:, 120:] = 0
    drawing = stack("")
    layers = (drawing[0], Layer("Half", LayerKind.OBJECT, half))
    exported = export(replace(drawing, layers=layers), tmp_path / "a.svg", SHAPES)
    assert exported[1].content == "picture"


def test_an_ellipse_that_the_canvas_cuts_off(tmp_path: Path) -> None:
    whole = drawn(f'<ellipse cx="100" cy="70" rx="80" ry="40" {_RED}/>')
    drawing = stack("")
    layers = (drawing[0], Layer("Ellipse", LayerKind.OBJECT, whole[:, :120].copy(), left=80))
    cut = replace(drawing, layers=layers)
    assert export(cut, tmp_path / "a.svg", SHAPES)[1].content == "ellipse"
    assert differences(tmp_path / "a.svg", composite(cut))[:, 85:].max() < 60
    inside = np.s_[60:80, 110:]
    assert differences(tmp_path / "a.svg", composite(cut))[inside].max() <= 1
