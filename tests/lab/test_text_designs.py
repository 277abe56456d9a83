"""Designs with known text are drawn as their styles say."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from installed_fonts import SANS, SLAB, fonts_in_home
from lab.text_designs import SetText, draw_text, text_design
from lamina.core.composite import composite
from lamina.core.layers import LayerKind
from lamina.core.text_styles import TextAlignment, TextShadow, TextStyle

STYLE = TextStyle(size_px=40, line_height_px=60, colour=(20, 30, 90), script="Latn", typeface=SANS)


@pytest.fixture(autouse=True)
def fonts(tmp_path: Path) -> Iterator[None]:
    with fonts_in_home(tmp_path / "home"):
        yield


def test_a_design_is_the_same_for_the_same_seed() -> None:
    first, again, other = (text_design(seed, "flat", [SANS, SLAB]) for seed in (3, 3, 4))
    assert first.has_same_content(again)
    assert not first.has_same_content(other)
    assert first[0].kind is LayerKind.BACKGROUND
    assert {layer.kind for layer in first[1:]} == {LayerKind.TEXT}
    assert composite(first)[..., 3].min() == 255
    for layer in first[1:]:
        left, top, width, height = layer.box
        assert left >= 0
        assert top >= 0
        assert left + width <= first.width
        assert top + height <= first.height


@pytest.mark.parametrize("turn", [0.0, 15.0])
def test_corners_enclose_the_letters(turn: float) -> None:
    layer = draw_text(SetText(("Open Studio",), replace(STYLE, rotation_degrees=turn), 12, 8))
    rows, columns = np.nonzero(layer.pixels[..., 3] > 127)
    corners = np.array(layer.text[0].quad)
    for axis, (places, start) in enumerate(((columns, layer.left), (rows, layer.top))):
        if not turn:
            assert corners[:, axis].min() == pytest.approx(start + places.min(), abs=0.6)
            assert corners[:, axis].max() == pytest.approx(start + places.max() + 1, abs=0.6)
        assert corners[:, axis].min() <= start + places.min() + 0.6
        assert corners[:, axis].max() >= start + places.max() + 0.4


def test_lines_are_a_line_height_apart_and_aligned() -> None:
    lines = ("Open Studio", "Open")
    right = draw_text(SetText(lines, replace(STYLE, alignment=TextAlignment.RIGHT)))
    first, second = (np.array(line.quad) for line in right.text)
    assert second[2, 1] - first[2, 1] == pytest.approx(60, abs=0.5)
    assert abs(second[1, 0] - first[1, 0]) < 4  # the last letters differ


def test_letter_spacing_widens_every_gap() -> None:
    plain, spaced = (
        draw_text(SetText(("Open Studio",), replace(STYLE, letter_spacing_px=spacing_px))) for spacing_px in (0.0, 5.0)
    )
    assert spaced.width - plain.width == pytest.approx(10 * 5, abs=2)


def test_a_shadow_lies_beneath() -> None:
    shadow = TextShadow(colour=(0, 0, 0), offset_px=(6.0, 6.0), blur_px=0.0, opacity=0.5)
    layer = draw_text(SetText(("Open",), replace(STYLE, shadow=shadow)))
    plain = draw_text(SetText(("Open",), STYLE))
    assert (layer.width - plain.width, layer.height - plain.height) == pytest.approx((6, 6), abs=1)
    is_dark = (layer.pixels[..., :3] == 0).all(-1) & (layer.pixels[..., 3] > 0)
    assert np.median(layer.pixels[is_dark][:, 3]) == pytest.approx(128, abs=2)
