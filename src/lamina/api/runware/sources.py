"""Parses the forms in which Runware's clients send an image: UUID, URL, data URI or bare base64."""

import re

from lamina.api.runware.errors import RunwareError, parameter_error
from lamina.api.runware.uuids import parse_uuid
from lamina.core.errors import LaminaError
from lamina.core.jobs import FILE
from lamina.fetch.targets import parse_target

_BASE64 = re.compile(r"[A-Za-z0-9+/_\s-]{16,}={0,2}\s*")


def parse_source(text: str, name: str) -> str:
    """The source for a job's input: file:ID, an http(s) URL or a data URI. Raises `RunwareError` (invalidParameter)."""
    if own_id := parse_uuid(text):
        return f"{FILE}{own_id}"
    start = text[:8].lower()
    if start.startswith(("http://", "https://")):
        try:
            parse_target(text)
        except LaminaError as error:
            raise _invalid(name, error.message) from error
        return text
    if start.startswith("data:"):
        return text
    if _BASE64.fullmatch(text):
        return f"data:;base64,{text.replace('-', '+').replace('_', '/')}"
    raise _invalid(name, "it is not a UUID, an http(s) URL, a data URI or base64.")


def _invalid(name: str, why: str) -> RunwareError:
    return parameter_error("invalidParameter", f"Invalid value for {name}: {why}", name)
