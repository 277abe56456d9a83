"""Standard output of the commands: JSON for programs or lines for people, always valid UTF-8."""

import json
import re
import sys
from collections.abc import Mapping, Sequence

import click

# A byte of a file name that is not UTF-8, as Python represents it (PEP 383), and as repr() prints it in messages.
_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
_REPR_OF_BYTE = re.compile(r"(?<!\\)\\udc([89a-f][0-9a-f])")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def wants_json(is_json: bool) -> bool:
    """True if --json was passed or stdout is not a terminal."""
    return is_json or sys.stdout is None or not sys.stdout.isatty()


def print_json(value: object, indent: int | None = 2) -> None:
    """Print one JSON document, on one line if `indent` is None; strings are passed through `readable`."""
    is_unicode = sys.stdout is None or (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    click.echo(json.dumps(_readable_inside(value), ensure_ascii=not is_unicode, indent=indent))


def readable(text: str) -> str:
    r"""Text that can be encoded as UTF-8: a byte of a file name that is not UTF-8 becomes \xNN."""
    text = _ESCAPED_BYTE.sub(lambda byte: f"\\x{ord(byte[0]) - 0xDC00:02x}", text)
    return _LONE_SURROGATE.sub("\ufffd", _REPR_OF_BYTE.sub(r"\\x\1", text))


def _readable_inside(value: object) -> object:
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, Mapping):
        return {readable(str(key)): _readable_inside(inner) for key, inner in value.items()}
    if isinstance(value, Sequence):
        return [_readable_inside(inner) for inner in value]
    return value
