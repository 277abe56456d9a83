"""Text layout for a terminal, where a character may be two columns wide."""

import os
import shutil
import unicodedata
from collections.abc import Sequence
from typing import TextIO

_ZERO_WIDTH = ("Mn", "Me", "Cf")  # combining marks and format characters


def can_rewrite_lines(stream: TextIO) -> bool:
    """True for a terminal that supports control sequences, which TERM=dumb does not."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def terminal_columns() -> int:
    return shutil.get_terminal_size().columns


def columns_of(text: str) -> int:
    """Width of the text in columns (Unicode Standard Annex 11)."""
    return sum(map(_columns_of_character, text))


def shortened(text: str, columns: int) -> str:
    """The text cut to at most `columns` columns, with an ellipsis if it was cut and without control characters."""
    text = "".join(character if character.isprintable() else " " for character in text)
    if columns_of(text) <= columns:
        return text
    while text and columns_of(text) > columns - 1:
        text = text[:-1]
    return f"{text}…"


def aligned(rows: Sequence[Sequence[str]], is_right: Sequence[bool]) -> list[str]:
    """Format rows as lines with aligned columns, two spaces apart; `is_right`: which columns are right-aligned."""
    widths = [max(map(columns_of, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(_padded, row, widths, is_right)).rstrip() for row in rows]


def _padded(text: str, width: int, is_right: bool) -> str:
    space = " " * (width - columns_of(text))
    return space + text if is_right else text + space


def _columns_of_character(character: str) -> int:
    if unicodedata.category(character) in _ZERO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
