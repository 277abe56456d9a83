"""Text laid out for a terminal, where a letter may be two columns wide."""

import os
import shutil
import unicodedata
from collections.abc import Sequence
from typing import TextIO

_MARKS = ("Mn", "Me", "Cf")  # drawn on or beside the letter before, in no column of their own


def can_rewrite_lines(stream: TextIO) -> bool:
    """True for a terminal that understands control sequences; TERM=dumb says that it does not."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def terminal_columns() -> int:
    return shutil.get_terminal_size().columns


def columns_of(text: str) -> int:
    """How many columns the text takes (Unicode Standard Annex 11)."""
    return sum(_columns_of_letter(letter) for letter in text)


def shortened(text: str, columns: int) -> str:
    """The text in at most so many columns, control characters left out, with an ellipsis where it was cut."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    if columns_of(text) <= columns:
        return text
    while text and columns_of(text) > columns - 1:
        text = text[:-1]
    return f"{text}…"


def aligned(rows: Sequence[Sequence[str]], is_right: Sequence[bool]) -> list[str]:
    """The rows as lines with columns of equal width, two spaces apart."""
    widths = [max(map(columns_of, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(_padded, row, widths, is_right)).rstrip() for row in rows]


def _padded(text: str, width: int, is_right: bool) -> str:
    space = " " * (width - columns_of(text))
    return space + text if is_right else text + space


def _columns_of_letter(letter: str) -> int:
    if unicodedata.category(letter) in _MARKS:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
