"""How wide and how tall strings are, in installed fonts and in typical ones."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import ImageFont

from installed_fonts import FONTS, SANS, SLAB, bundled, fonts_in_home
from lamina.core.text_styles import TypefaceClass
from lamina.typesetting.faces import face_metrics
from lamina.typesetting.installed import find_font, weight_name
from lamina.typesetting.typical import fallback_families

SERIF, MONO = bundled("", 400, TypefaceClass.SERIF), bundled("", 400, TypefaceClass.MONO)


@pytest.fixture(autouse=True)
def fonts(tmp_path: Path) -> Iterator[None]:
    with fonts_in_home(tmp_path / "home"):
        yield


def test_an_installed_font_is_found_by_its_family_and_weight() -> None:
    file = find_font("lamina-sans", 900, is_italic=False)
    assert file is not None
    assert file.path.name == "LaminaSans-Black.ttf"
    assert find_font("Lamina Sans", 400, is_italic=False) is None
    assert find_font("Lamina Sans", 900, is_italic=True) is None
    assert find_font("No Such Family", 400, is_italic=False) is None
    assert find_font("", 400, is_italic=False) is None


def test_a_broken_font_file_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "home/.fonts/LaminaSlab-Broken.ttf").write_bytes(b"\0\1\0\0 not a font")
    assert face_metrics(SLAB).is_exact


def test_the_metrics_are_those_of_the_font() -> None:
    metrics = face_metrics(SANS)
    font = ImageFont.truetype(FONTS / "LaminaSans-Black.ttf", 1000)
    assert metrics.is_exact
    assert metrics.advance("Open Studio") == pytest.approx(font.getlength("Open Studio") / 1000, abs=0.02)
    mask, (x, y) = font.getmask2("Open Studio", "L", anchor="ls")
    left, top, right, bottom = mask.getbbox()
    ink = metrics.ink("Open Studio")
    assert (ink.left, ink.right) == pytest.approx(((left + x) / 1000, (right + x) / 1000), abs=0.02)
    assert (ink.top, ink.bottom) == pytest.approx((-(top + y) / 1000, (bottom + y) / 1000), abs=0.01)
    assert metrics.ascent > 0.7
    assert metrics.descent > 0.1


def test_characters_that_a_font_lacks_have_typical_metrics() -> None:
    assert face_metrics(SANS).advance("夏") == face_metrics(None).advance("夏") == 1


def test_typical_metrics_depend_on_the_class() -> None:
    sans, serif, mono = (face_metrics(face) for face in (None, SERIF, MONO))
    assert not sans.is_exact
    assert sans.ink("H").height == pytest.approx(0.716)  # Arial
    assert serif.ink("H").height == pytest.approx(0.662)  # Times New Roman
    assert mono.advance("ill") == pytest.approx(3 * 0.6) == mono.advance("WWW")
    assert sans.ink("gap").bottom > 0.15
    assert sans.ink("x").top < 0.56


@pytest.mark.parametrize("string", ["", " ", "\u0301", "\x00", "\ud800", "🎉", "שלום", "a" * 5000])
def test_any_string_has_an_extent(string: str) -> None:
    for metrics in (face_metrics(None), face_metrics(SANS)):
        ink = metrics.ink(string)
        assert ink.width > 0
        assert ink.height > 0
        assert metrics.advance(string) >= 0


def test_families_end_with_a_generic_name() -> None:
    assert fallback_families(None)[-1] == "sans-serif"
    assert fallback_families(SERIF)[-1] == "serif"
    assert fallback_families(MONO)[-1] == "monospace"
    assert fallback_families(bundled("", 400, TypefaceClass.SCRIPT))[-1] == "cursive"


def test_only_weights_apart_from_regular_and_bold_have_a_name() -> None:
    names = {weight: weight_name(weight) for weight in (100, 300, 400, 500, 600, 700, 900)}
    assert names == {100: "Thin", 300: "Light", 400: "", 500: "", 600: "", 700: "", 900: "Black"}
