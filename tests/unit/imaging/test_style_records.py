"""The style of a text layer as JSON: what is left out, and what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_stacks import STYLES, full_stack
from hypothesis import given

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Layer, LayerKind, LayerStack, TextLine
from lamina.core.text_styles import TextShadow, TextStyle
from lamina.imaging.formats.records import bounded_number, parse_text
from lamina.imaging.formats.style_records import parse_style, render_style
from lamina.imaging.read_errors import InvalidContentError
from lamina.imaging.saving import load, save

LEAST = {"size_px": 12, "colour": [1, 2, 3]}
FACE = {"family": "Lato", "confidence": 0.9, "weight": 700, "is_italic": False, "type_class": "sans"}


@given(style=STYLES)
def test_any_style_comes_back(style: TextStyle) -> None:
    assert parse_style(json.loads(json.dumps(render_style(style)))) == style


def test_only_size_and_colour_are_needed() -> None:
    assert parse_style(LEAST) == TextStyle(size_px=12.0, colour=(1, 2, 3))
    assert parse_style(None) is None
    assert "shadow" not in render_style(TextStyle(size_px=12.0, colour=(1, 2, 3)))


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        "style",
        {},
        {"size_px": 12},
        {**LEAST, "size_px": -1},
        {**LEAST, "size_px": "12"},
        {**LEAST, "size_px": float("inf")},
        {**LEAST, "size_px": True},
        {**LEAST, "size_px": 1e20},
        {**LEAST, "letter_spacing_px": -1e300},
        {**LEAST, "arc_radius_px": 1e9},
        {**LEAST, "colour": [1, 2, 300]},
        {**LEAST, "colour": [1, 2]},
        {**LEAST, "alignment": "justified"},
        {**LEAST, "alignment": []},
        {**LEAST, "script": 5},
        {**LEAST, "outline": {"colour": [1, 2, 3]}},
        {**LEAST, "outline": {"colour": [1, 2, 3], "width_px": -2}},
        {**LEAST, "shadow": {"colour": [1, 2, 3], "offset_px": [1], "blur_px": 0, "opacity": 1}},
        {**LEAST, "shadow": {"colour": [1, 2, 3], "offset_px": [1, 2], "blur_px": 0, "opacity": 2}},
        {**LEAST, "gradient": {"start": [1, 2, 3], "end": 7, "degrees": 0}},
        {**LEAST, "typeface": {**FACE, "weight": 5000}},
        {**LEAST, "typeface": {**FACE, "is_italic": 1}},
        {**LEAST, "typeface": {**FACE, "type_class": "blackletter"}},
        {**LEAST, "typeface": {**FACE, "alternatives": ["a"] * 1000}},
    ],
)
def test_a_style_that_is_not_valid_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidContentError):
        parse_style(wrong)


def test_a_manifest_of_an_earlier_version_has_no_styles(tmp_path: Path) -> None:
    save(full_stack(), f"{tmp_path}/stack/")
    manifest = tmp_path / "stack/manifest.json"
    assert "style" not in manifest.read_text()
    assert [layer.style for layer in load(tmp_path / "stack")] == [None] * 6


def test_a_broken_style_in_a_file_is_told(tmp_path: Path) -> None:
    save(full_stack(), f"{tmp_path}/stack/")
    manifest = tmp_path / "stack/manifest.json"
    content = json.loads(manifest.read_text())
    content["layers"][4]["style"] = {"size_px": "large"}
    manifest.write_text(json.dumps(content))
    with pytest.raises(LaminaError) as refused:
        load(tmp_path / "stack")
    assert refused.value.code is ErrorCode.INPUT_CORRUPT
    assert "layer 4" in refused.value.message


@pytest.mark.parametrize("number", [1e20, -1e300])
def test_a_line_of_text_out_of_all_reach_is_refused(number: float) -> None:
    line = {"string": "Hi", "quad": [[0, 0], [9, 0], [9, number], [0, 9]], "colour": [1, 2, 3], "size_px": 9}
    with pytest.raises(InvalidContentError, match="invalid structure"):
        parse_text([line])


@pytest.mark.parametrize("name", ["a.zip", "a.ora", "a.psd"])
@pytest.mark.parametrize("number", [1e20, float("inf"), float("nan")])
def test_numbers_of_programs_are_written_so_that_the_file_can_be_read(number: float, name: str, tmp_path: Path) -> None:
    line = TextLine("Hi", ((0.0, 0.0), (number, 0.0), (9.0, 9.0), (0.0, 9.0)), (1, 2, 3), 12.0)
    shadow = TextShadow(colour=(1, 2, 3), offset_px=(number, 0.0), blur_px=1.0, opacity=0.5)
    style = TextStyle(size_px=number, colour=(1, 2, 3), shadow=shadow)
    layer = Layer("A", LayerKind.TEXT, np.full((9, 9, 4), 255, np.uint8), text=(line,), style=style)
    loaded = load(save(LayerStack(9, 9, (layer,)), tmp_path / name))[0]
    assert loaded.text[0].quad[2] == (9.0, 9.0)
    assert loaded.style is not None and loaded.style.shadow is not None
    assert (
        loaded.style.size_px == loaded.style.shadow.offset_px[0] == loaded.text[0].quad[1][0] == bounded_number(number)
    )
