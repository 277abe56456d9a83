"""Formats points in time as RFC 3339 in UTC."""

from datetime import UTC, datetime
from typing import Literal


def render_time(seconds: float, timespec: Literal["seconds", "milliseconds"] = "milliseconds") -> str:
    """`seconds`: since 1970. For example "2026-11-29T20:46:41.000Z"."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec=timespec).replace("+00:00", "Z")
