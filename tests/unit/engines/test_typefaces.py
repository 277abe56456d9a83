"""Typefaces of drawn lines are recognised; what cannot be recognised gives nothing, and never an error."""

import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from installed_fonts import FONTS
from lab.typefaces.lines import LineLook, draw_line
from lamina.core.layers import Layer, LayerKind, TextLine
from lamina.core.text_styles import TypefaceClass
from lamina.engines.typefaces import index_with_fonts, match_typeface
from lamina.engines.typefaces.index import typeface_index

SANS, SLAB, SCRIPT = "LaminaSans-Black.ttf", "LaminaSlab-Bold.otf", "LaminaScript-Bold.otf"
TEAL = (20, 120, 110)


def drawn(file: str, string: str, size_px: float = 48) -> Layer:
    look = LineLook(size_px=size_px, colour=TEAL, shift=(0.3, 0.6))
    layer = draw_line(FONTS / file, string, look, np.random.default_rng(1))
    assert layer is not None
    return layer


@pytest.mark.parametrize(
    ("file", "family", "weight", "type_class"),
    [
        (SANS, "Roboto", 900, TypefaceClass.SANS),
        (SLAB, "Roboto Slab", 700, TypefaceClass.SLAB),
        ("LaminaHand-Bold.otf", "Comic Neue", 700, TypefaceClass.SCRIPT),
        (SCRIPT, "Lobster Two", 700, TypefaceClass.SCRIPT),
    ],
)
@pytest.mark.parametrize("size_px", [26, 48, 150])
def test_the_families_of_the_posters_letters(
    file: str, family: str, weight: int, type_class: TypefaceClass, size_px: float
) -> None:
    found = match_typeface(drawn(file, "Quarterly Map of 1967", size_px))
    assert found is not None
    assert found.family == family
    assert abs(found.weight - weight) <= 100
    assert found.type_class is type_class
    assert not found.is_italic
    assert 0 < found.confidence <= 1
    assert family not in found.alternatives


def test_letters_are_told_apart_in_rotated_text() -> None:
    layer = drawn(SLAB, "Harbour Lights")
    turned = np.ascontiguousarray(np.rot90(layer.pixels, -1))
    (line,) = layer.text
    quad = tuple((layer.height - y, x) for x, y in line.quad)
    (a, b, c, d) = quad
    found = match_typeface(replace(layer, pixels=turned, text=(replace(line, quad=(a, b, c, d)),)))
    assert found is not None
    assert found.family == "Roboto Slab"


@pytest.mark.parametrize(
    "string",
    ["", "   ", "ab", "日本語の文字", "שלום עולם", "مرحبا بالعالم", "🎉🎊🥳🎈", "\u202e\u200f\u0000", "?" * 5000],
)
def test_unknown_letters_give_nothing(string: str) -> None:
    layer = drawn(SANS, "Harbour Lights")
    (line,) = layer.text
    assert match_typeface(replace(layer, text=(replace(line, string=string),))) is None


def test_a_string_that_is_not_what_the_picture_shows_is_no_error() -> None:
    layer = drawn(SANS, "Harbour Lights")
    (line,) = layer.text
    for string in ("entirely different words here", "A" * 5000, "Harbour Lights " * 300):
        match_typeface(replace(layer, text=(replace(line, string=string),)))


@pytest.mark.parametrize("fill", [0, 255])
@pytest.mark.parametrize(
    "quad",
    [
        ((0, 0), (40, 0), (40, 20), (0, 20)),
        ((-500, -500), (-400, -500), (-400, -450), (-500, -450)),
        ((10, 10), (10, 10), (10, 10), (10, 10)),
        ((0, 0), (1e9, 0), (1e9, 1e9), (0, 1e9)),
        ((5, 5), (float("nan"), 5), (50, 30), (5, 30)),
    ],
)
def test_any_corners_and_pixels_name_no_family(fill: int, quad: tuple[tuple[float, float], ...]) -> None:
    a, b, c, d = quad
    line = TextLine("Harbour Lights", (a, b, c, d), TEAL, 20.0)
    layer = Layer("text", LayerKind.TEXT, np.full((30, 60, 4), fill, np.uint8), text=(line,))
    found = match_typeface(layer)
    assert found is None or not found.family


def test_a_font_of_a_folder_is_recognised(tmp_path: Path) -> None:
    shutil.copy(FONTS / SLAB, tmp_path)
    extended = index_with_fonts(tmp_path)
    assert extended.notes == ()
    found = match_typeface(drawn(SLAB, "Quarterly Map of 1967"), extended.index)
    assert found is not None
    assert "Lamina Slab" in (found.family, found.alternatives[0])
    found = match_typeface(drawn(SANS, "Quarterly Map of 1967"), extended.index)
    assert found is not None
    assert found.family == "Roboto"


def test_fonts_that_cannot_be_used_are_noted(tmp_path: Path) -> None:
    assert "has no fonts" in index_with_fonts(tmp_path).notes[0]
    assert "has no fonts" in index_with_fonts(tmp_path / "missing").notes[0]
    damaged, broken = tmp_path / "damaged", tmp_path / "broken"
    damaged.mkdir()
    (damaged / "a.otf").write_bytes((FONTS / SLAB).read_bytes().replace(b"CFF ", b"CFX "))
    assert index_with_fonts(damaged).notes == (f"Faces in {damaged} that are damaged or lack Latin letters: 1.",)
    broken.mkdir()
    (broken / "a.ttf").write_bytes(b"not a font")
    (broken / "b.otf").write_bytes((FONTS / SLAB).read_bytes()[:5000])
    assert len(index_with_fonts(broken).notes) == 1


def test_many_fonts_take_a_bounded_time(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"{number}.ttf").write_bytes((FONTS / SANS).read_bytes())
    start = time.monotonic()
    extended = index_with_fonts(tmp_path)
    assert time.monotonic() - start < 10
    assert not extended.notes or "would take too long" in extended.notes[0]


def test_the_index_has_enough_free_families_and_is_small() -> None:
    index = typeface_index()
    assert len(set(index.family_names)) >= 250
    file = Path(__file__).parents[3] / "src/lamina/engines/typefaces/index.npz"
    assert file.stat().st_size <= 1_000_000
    assert {*index.family_classes} == {*TypefaceClass}
