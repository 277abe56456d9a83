"""Parts of a line are told apart, joined letters are cut, and an even pitch is noticed."""

import numpy as np
import pytest

from installed_fonts import FONTS
from lab.typefaces.lines import LineLook, draw_line
from lamina.engines.typefaces.alignment import SeenLetter, SeenLine, align
from lamina.engines.typefaces.index import typeface_index
from lamina.engines.typefaces.lines import line_coverage
from lamina.engines.typefaces.pitch import pitch_evenness
from lamina.engines.typefaces.segments import line_segments
from lamina.engines.typefaces.shapes import LetterShape

INK = (30, 30, 30)


def seen_line(string: str, *, spacing_em: float = 0.0, text: str | None = None) -> SeenLine:
    """A drawn line, which `text` says to show another string."""
    look = LineLook(size_px=40, colour=INK, spacing_em=spacing_em)
    layer = draw_line(FONTS / "LaminaSlab-Bold.otf", string, look, np.random.default_rng(1))
    assert layer is not None
    coverage = line_coverage(layer, layer.text[0])
    assert coverage is not None
    return SeenLine(text or string, coverage, line_segments(coverage))


def read(letters: list[SeenLetter]) -> str:
    return "".join(typeface_index().characters[letter.column] for letter in letters)


def test_dots_belong_to_their_letters() -> None:
    line = seen_line("Rising jib?")
    assert len(line.parts) == len("Risingjib?")
    assert read(align(line, typeface_index())) == "Risingjib?"


@pytest.mark.parametrize(
    ("shown", "text"), [("Harbour Lights", "Harbour Lihts"), ("Harbour Lights", "Haarbour Lights")]
)
def test_letters_that_were_read_wrongly_are_left_out(shown: str, text: str) -> None:
    found = align(seen_line(shown, text=text), typeface_index())
    assert len(found) >= len("HarbourLights") - 2
    assert {letter.place for letter in found} <= set(range(len(text)))


def test_letters_that_touch_are_cut_where_there_is_little_else() -> None:
    line = seen_line("mark", spacing_em=-0.09)
    assert len(line.parts) < 4
    found = align(line, typeface_index())
    assert any(letter.is_cut for letter in found)
    assert read(found) in ("mark", "mak", "ark", "mrk", "mar")


def test_an_even_pitch_is_noticed() -> None:
    letters = [
        _letter(place, left, width)
        for place, (left, width) in enumerate(((0, 20), (26, 8), (42, 16), (68, 4), (80, 20)))
    ]
    assert pitch_evenness(letters) > 0.5
    assert pitch_evenness(letters[:3]) == 0
    proportional = [
        _letter(place, left, width)
        for place, (left, width) in enumerate(((0, 20), (23, 8), (34, 16), (53, 4), (60, 20)))
    ]
    assert pitch_evenness(proportional) < -0.5


def _letter(place: int, left: float, width: float) -> SeenLetter:
    shape = LetterShape(cells=np.zeros((24, 24), np.float32), left=left, top=0, width=width, height=20)
    return SeenLetter(0, place, shape, np.zeros(1, np.float32))
