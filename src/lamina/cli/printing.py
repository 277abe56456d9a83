"""What commands print on standard output: JSON for programs or lines for people, UTF-8 whatever files are called."""

import json
import re
import sys
from collections.abc import Mapping, Sequence

import click

# A byte of a file's name that is not UTF-8, as Python holds it (PEP 383), and as repr() shows that in messages.
_BYTE = re.compile("[\udc80-\udcff]")
_SHOWN_BYTE = re.compile(r"(?<!\\)\\udc([89a-f][0-9a-f])")
_LONE = re.compile("[\ud800-\udfff]")


def wants_json(is_json: bool) -> bool:
    """True if JSON was asked for, and where nobody looks at a terminal."""
    return is_json or sys.stdout is None or not sys.stdout.isatty()


def print_json(value: object, indent: int | None = 2) -> None:
    """One JSON text, on one line without `indent`; strings are as in `readable`."""
    is_unicode = sys.stdout is None or (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    click.echo(json.dumps(_readable_inside(value), ensure_ascii=not is_unicode, indent=indent))


def readable(text: str) -> str:
    r"""Text that UTF-8 can hold: a byte of a file's name that is not UTF-8 stands there as \xNN."""
    text = _BYTE.sub(lambda byte: f"\\x{ord(byte[0]) - 0xDC00:02x}", text)
    return _LONE.sub("\ufffd", _SHOWN_BYTE.sub(r"\\x\1", text))


def _readable_inside(value: object) -> object:
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, Mapping):
        return {readable(str(key)): _readable_inside(inner) for key, inner in value.items()}
    if isinstance(value, Sequence):
        return [_readable_inside(inner) for inner in value]
    return value
