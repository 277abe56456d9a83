"""Parses what the requests of several APIs have in common."""

import json
from typing import Any, NoReturn


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON text (RFC 8259, which has no NaN and no Infinity). Raises `ValueError`, `RecursionError`."""
    return json.loads(text, parse_constant=_reject_constant)


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
