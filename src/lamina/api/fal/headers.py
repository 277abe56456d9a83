"""Parses the headers and query parameters of fal's clients; unknown ones are ignored, as fal does."""

import json
from collections.abc import Mapping

from lamina.api.fal.translate import RequestOptions
from lamina.core.errors import ErrorCode, LaminaError
from lamina.fetch.targets import parse_target

SENT = (
    "X-Fal-File-Name",
    "X-Fal-No-Retry",
    "X-Fal-Object-Lifecycle",
    "X-Fal-Object-Lifecycle-Preference",
    "X-Fal-Queue-Priority",
    "X-Fal-Request-Timeout",
    "X-Fal-Retry-Config",
    "X-Fal-Runner-Hint",
    "X-Fal-Store-IO",
    "X-Fal-Target-Url",
)
SHOWN = (
    "X-Fal-Billable-Units",
    "X-Fal-Error-Type",
    "X-Fal-Needs-Retry",
    "X-Fal-Request-Id",
    "X-Fal-Request-Timeout-Type",
    "X-Fal-Retryable",
)
"""The headers that web pages of other origins may send and read (CORS)."""

_LOW = -5
_LONGEST_START_S = 30 * 86_400.0
_LIFECYCLES = ("x-fal-object-lifecycle-preference", "x-fal-object-lifecycle")


def parse_options(headers: Mapping[str, str], query: Mapping[str, str]) -> RequestOptions:
    """Raises `LaminaError`: task_invalid, address_refused."""
    webhook = query.get("fal_webhook") or None
    if webhook is not None:
        parse_target(webhook)
    return RequestOptions(
        priority=_LOW if headers.get("x-fal-queue-priority", "normal").strip().lower() == "low" else 0,
        start_within_s=_start_within_s(headers.get("x-fal-request-timeout")),
        keep_s=parse_lifetime_s(headers),
        webhook_url=webhook,
        most_waiting=_most_waiting(query.get("fal_max_queue_length")),
    )


def parse_lifetime_s(headers: Mapping[str, str]) -> float | None:
    """How long the request wants files to be kept, in seconds; None if it is missing or cannot be parsed."""
    for name in _LIFECYCLES:
        try:
            duration_s = json.loads(headers.get(name) or "{}").get("expiration_duration_seconds")
        except (ValueError, AttributeError, RecursionError):
            continue
        if isinstance(duration_s, int | float) and not isinstance(duration_s, bool) and 0 < duration_s < float("inf"):
            return float(duration_s)
    return None


def parse_size(value: object) -> int:
    """The size in bytes in a header or a field; 0 if it is missing or cannot be parsed."""
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else 0


def parse_switch(text: str | None) -> bool:
    """A boolean as the two clients write it: 1 and 0, true and false."""
    return (text or "").strip().lower() in ("1", "true", "yes", "on")


def _start_within_s(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = float("nan")
    if not 0 < seconds < float("inf"):
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The header X-Fal-Request-Timeout is {text[:50]!r}.",
            "Give the seconds until the request must have started.",
        )
    return min(seconds, _LONGEST_START_S)


def _most_waiting(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise LaminaError(ErrorCode.TASK_INVALID, f"fal_max_queue_length is {text[:50]!r}.", "Give a whole number.")
    return int(text)
