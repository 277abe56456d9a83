"""Parses what the requests of several APIs have in common."""

import json
import re
import uuid
from collections.abc import Sequence
from typing import Any, NoReturn

from pydantic_core import ErrorDetails

ID_PATTERN = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""A regular expression for the ids of this service: lower-case UUIDs."""

_ID = re.compile(ID_PATTERN)
_MOST_ERRORS = 5


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON text (RFC 8259, which has no NaN and no Infinity). Raises `ValueError`, `RecursionError`."""
    return json.loads(text, parse_constant=_reject_constant)


def is_id(text: str) -> bool:
    """Whether the text has the form of this service's ids: a lower-case UUID."""
    return _ID.fullmatch(text) is not None


def parse_uuid(text: str) -> uuid.UUID | None:
    """The UUID in canonical form (RFC 9562), in upper or lower case; None for anything else."""
    if len(text) != 36:
        return None
    try:
        parsed = uuid.UUID(text)
    except ValueError:
        return None
    return parsed if str(parsed) == text.lower() else None


def describe_invalid(errors: Sequence[ErrorDetails]) -> str:
    """The first of pydantic's errors in sentences, and the number of the others: where and why, not what was sent."""
    sentences = [
        f"{'.'.join(map(str, error['loc'])) or 'the request'}: {error['msg'].rstrip('.')}."
        for error in errors[:_MOST_ERRORS]
    ]
    more = f" {len(errors) - _MOST_ERRORS} more." if len(errors) > _MOST_ERRORS else ""
    return f"{' '.join(sentences)}{more}"


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
