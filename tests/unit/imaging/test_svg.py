"""What resvg draws of our SVG files, and what an XML reader sees in them."""

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import resvg_py
from drawn_stacks import full_stack, line, noise, opaque
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]
from PIL import Image

from lamina.core.composite import composite
from lamina.core.layers import BlendMode, Layer, LayerKind, LayerStack
from lamina.imaging.export_options import ExportOptions
from lamina.imaging.saving import save

SVG, INKSCAPE = "{http://www.w3.org/2000/svg}", "{http://www.inkscape.org/namespaces/inkscape}"
EDITABLE = ExportOptions(editable_text=True)


def _drawn(path: Path) -> np.ndarray[Any, np.dtype[np.int64]]:
    drawn = bytes(resvg_py.svg_to_bytes(svg_path=str(path)))
    with Image.open(io.BytesIO(drawn)) as image:
        return np.asarray(image.convert("RGBA")).astype(np.int64)


def test_resvg_draws_the_composite(tmp_path: Path) -> None:
    drawn = _drawn(save(full_stack(), tmp_path / "a.svg"))
    assert np.abs(drawn - composite(full_stack())).max() <= 2


def test_one_layer_on_an_opaque_ground_is_within_one_level(tmp_path: Path) -> None:
    layers = (
        Layer("Ground", LayerKind.BACKGROUND, opaque(40, 60, (20, 200, 90))),
        Layer("Above", LayerKind.OBJECT, noise(50, 30), -4, -6),
    )
    stack = LayerStack(60, 40, layers)
    assert np.abs(_drawn(save(stack, tmp_path / "a.svg")) - composite(stack)).max() <= 1


@pytest.mark.parametrize("blend", BlendMode)
def test_resvg_draws_each_blend_mode(blend: BlendMode, tmp_path: Path) -> None:
    layers = (
        Layer("Ground", LayerKind.BACKGROUND, opaque(8, 8, (20, 200, 90))),
        Layer("Above", LayerKind.OBJECT, noise(8, 8), blend=blend),
    )
    stack = LayerStack(8, 8, layers)
    # resvg keeps colours multiplied with alpha, and dodging makes its rounding larger.
    assert np.abs(_drawn(save(stack, tmp_path / "a.svg")) - composite(stack)).max() <= 4


def test_inkscape_layers_carry_names_and_switches(tmp_path: Path) -> None:
    root = etree.parse(save(full_stack(), tmp_path / "a.svg")).getroot()
    groups = root.findall(f"{SVG}g")
    assert [group.get(f"{INKSCAPE}label") for group in groups] == [layer.name for layer in full_stack()]
    assert {group.get(f"{INKSCAPE}groupmode") for group in groups} == {"layer"}
    assert groups[2].get("style") == "display:none;"
    assert float(groups[3].get("opacity")) == pytest.approx(100 / 255, abs=1e-5)


def test_live_text_is_text_in_its_place_and_turn(tmp_path: Path) -> None:
    root = etree.parse(save(full_stack(), tmp_path / "a.svg", EDITABLE)).getroot()
    texts = root.findall(f".//{SVG}text")
    assert [[row.text for row in text] for text in texts] == [["SUMMER 夏"], ["a"], ["b <&>"]]
    assert texts[0].get("fill") == "#fa1003"
    degrees, *_ = (float(part) for part in texts[0].get("transform")[len("rotate(") : -1].split())
    assert degrees == pytest.approx(math.degrees(math.atan2(2, 36)), abs=0.5)
    assert len(root.findall(f".//{SVG}image")) == 4


def test_a_layer_with_a_line_that_was_not_read_stays_a_picture(tmp_path: Path) -> None:
    unread = Layer("Text (not read)", LayerKind.TEXT, noise(40, 20), text=(line(""),))
    root = etree.parse(save(LayerStack(60, 40, (unread,)), tmp_path / "a.svg", EDITABLE)).getroot()
    assert root.findall(f".//{SVG}text") == []
    assert len(root.findall(f".//{SVG}image")) == 1
