"""Font files that users give: what is opened, and how what is no usable font is refused."""

import random
from pathlib import Path

import pytest

from drawn_fonts import drawn_collection, drawn_font
from installed_fonts import FONTS
from lamina.core.errors import ErrorCode, LaminaError
from lamina.typesetting import font_files
from lamina.typesetting.faces import missing_characters
from lamina.typesetting.font_files import font_faults, open_font

WOFF2 = Path(__file__).with_name("given") / "lamina_slab.woff2"


@pytest.mark.parametrize(
    ("path", "family", "weight"),
    [
        (FONTS / "LaminaSans-Black.ttf", "Lamina Sans", 900),
        (FONTS / "LaminaHan-Bold.otf", "Lamina Han", 700),
        (WOFF2, "Lamina Slab", 700),
    ],
)
def test_fonts_are_opened(path: Path, family: str, weight: int) -> None:
    font = open_font(path)
    assert (font.family, font.face.weight, font.face.is_italic, font.weights) == (family, weight, False, None)
    assert font.at_weight(400).at(32).getlength("H") > 10


def test_a_packed_font_has_the_letters_that_were_kept() -> None:
    assert missing_characters(open_font(WOFF2).at_weight(700), "HelloSALEx") == "Lx"


def test_a_variable_font_has_a_range_of_weights(tmp_path: Path) -> None:
    font = open_font(drawn_font(tmp_path / "drawn.ttf", is_variable=True))
    assert (font.family, font.weights, font.at_weight(600).weight) == ("Drawn", (300, 700), 600)
    assert font.at_weight(600).at(32).getlength("H") == pytest.approx(19.2, abs=1)


def test_a_collection_is_refused_by_name(tmp_path: Path) -> None:
    path = drawn_collection(tmp_path / "drawn.ttc", drawn_font(tmp_path / "drawn.ttf"))
    with pytest.raises(LaminaError, match="is a collection of several fonts") as caught:
        open_font(path)
    assert caught.value.code is ErrorCode.TASK_INVALID


@pytest.mark.parametrize(
    "content", [b"", b"hello, I am no font", b"%!PS-AdobeFont-1.0", b"\x89PNG\r\n\x1a\n", b"PK\3\4"]
)
def test_what_is_no_font_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "letters.ttf"
    path.write_bytes(content)
    with pytest.raises(LaminaError, match="is not a font that can be scaled") as caught:
        open_font(path)
    assert (caught.value.code, "WOFF2" in caught.value.hint) == (ErrorCode.TASK_INVALID, True)


def test_a_missing_font_is_told(tmp_path: Path) -> None:
    with pytest.raises(LaminaError, match="There is no font") as caught:
        open_font(tmp_path / "no.ttf")
    assert caught.value.code is ErrorCode.INPUT_NOT_FOUND


def test_a_large_font_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "large.ttf"
    with path.open("wb") as file:
        file.write(b"\0\1\0\0")
        file.truncate(font_files.MAX_BYTES + 1)
    with pytest.raises(LaminaError, match="the limit is 20,971,520") as caught:
        open_font(path)
    assert caught.value.code is ErrorCode.INPUT_TOO_LARGE


def test_a_font_that_says_it_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.woff2"
    content = bytearray(WOFF2.read_bytes())
    content[16:20] = (3 << 30).to_bytes(4, "big")
    path.write_bytes(content)
    with pytest.raises(LaminaError, match="when it is unpacked") as caught:
        open_font(path)
    assert caught.value.code is ErrorCode.INPUT_TOO_LARGE


@pytest.mark.parametrize("source", [FONTS / "LaminaSans-Black.ttf", FONTS / "LaminaHan-Bold.otf", WOFF2])
def test_damaged_fonts_open_or_are_refused(source: Path, tmp_path: Path) -> None:
    """Bytes are changed and files are cut at random: nothing but a `LaminaError` may come out."""
    chance, content, refused = random.Random(8), source.read_bytes(), 0  # noqa: S311
    for number in range(60):
        damaged = bytearray(content[: chance.randrange(4, len(content))] if number % 3 == 0 else content)
        for _ in range(chance.randrange(1, 30)):
            damaged[chance.randrange(min(len(damaged), 600))] = chance.randrange(256)
        path = tmp_path / f"{number}{source.suffix}"
        path.write_bytes(content[:4] + damaged[4:])
        try:
            font = open_font(path)
            with font_faults():
                missing_characters(font.at_weight(400), "He")
        except LaminaError as error:
            assert error.hint
            refused += 1
    assert refused > 10
