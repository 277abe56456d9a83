"""Font files are listed without loading them, and damaged ones are left out."""

import time
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageFont

from installed_fonts import FONTS, fonts_in_home
from lamina.typesetting.font_names import read_face_names
from lamina.typesetting.installed import find_font

FILES = sorted(FONTS.glob("*.[ot]tf"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_names_are_those_that_freetype_reads(path: Path) -> None:
    (names,) = read_face_names(path)
    assert (names.family, names.style) == ImageFont.truetype(path, 16).getname()
    assert not names.has_weight_axis


def test_broken_files_have_no_faces_or_no_names(tmp_path: Path) -> None:
    contents, rng = FILES[0].read_bytes(), np.random.default_rng(1)
    for case in range(200):
        damaged = bytearray(contents[: int(rng.integers(1, 3000))] if case % 2 else contents[:20_000])
        for place in rng.integers(len(damaged), size=30):
            damaged[place] = int(rng.integers(256))
        path = tmp_path / f"{case}.ttf"
        path.write_bytes(damaged)
        assert len(read_face_names(path)) <= 16
    for contents in (b"", b"ttcf", b"ttcf\0\1\0\0\xff\xff\xff\xff", b"<html>not a font</html>"):
        path = tmp_path / "other.ttf"
        path.write_bytes(contents)
        assert read_face_names(path) == []
    assert read_face_names(tmp_path / "missing.ttf") == []
    assert read_face_names(tmp_path) == []


def test_a_damaged_font_is_not_found(tmp_path: Path) -> None:
    with fonts_in_home(tmp_path / "home"):
        whole = tmp_path / "home/.fonts/LaminaSlab-Bold.otf"
        damaged = whole.with_name("Copy.otf")
        damaged.write_bytes(whole.read_bytes().replace(b"CFF ", b"CFX "))
        assert len(read_face_names(damaged)) == 1
        found = find_font("Lamina Slab", 700, is_italic=False)
        assert found is not None
        assert found.path == whole
        find_font.cache_clear()
        whole.write_bytes(damaged.read_bytes())
        assert find_font("Lamina Slab", 700, is_italic=False) is None


def test_ten_thousand_other_fonts_are_listed_quickly(tmp_path: Path) -> None:
    with fonts_in_home(tmp_path / "home"):
        for number in range(10_000):
            (tmp_path / f"home/.fonts/font{number}.ttf").hardlink_to(tmp_path / "home/.fonts" / FILES[0].name)
        start = time.process_time()
        assert find_font("No Such Family", 400, is_italic=False) is None
        assert time.process_time() - start < 2
