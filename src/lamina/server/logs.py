"""Writes logs as JSON lines, with the ids of the request and the job, and without secrets."""

import json
import logging
import sys
from collections.abc import Collection
from typing import TextIO

from lamina.core.log_context import LINE_FIELDS, log_fields
from lamina.core.times import render_time
from lamina.server.redaction import may_hold_secrets, redact

UVICORN_OPTIONS = {"log_config": None, "access_log": False}
"""For `uvicorn.Config`: its log lines get the same format, and `server.requests` replaces its access log."""

_CHATTY = ("httpx2", "httpcore2", "urllib3", "alembic", "procrastinate")


def configure_logs(level: str = "INFO", secrets: Collection[str] = (), stream: TextIO | None = None) -> None:
    """Sends all logs of this process as JSON lines to `stream` (default: stderr); replaces existing handlers.

    `secrets`: texts to redact, such as the password of the database.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(secrets))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


class JsonFormatter(logging.Formatter):
    """Formats a record as a line of JSON: `timestamp` (RFC 3339, UTC), `level`, `logger`, `message`; the fields of
    `core.log_context` for the context and for this line; `exception` with its traceback, if any.
    """

    def __init__(self, secrets: Collection[str] = ()) -> None:
        super().__init__()
        self._secrets = tuple(sorted((secret for secret in secrets if secret), key=len, reverse=True))
        self._escaped = tuple(json.dumps(secret, ensure_ascii=False)[1:-1] for secret in self._secrets)

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "timestamp": render_time(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            **log_fields(),
            **getattr(record, LINE_FIELDS, {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = record.stack_info
        text = json.dumps(line, ensure_ascii=False, default=str)
        if not may_hold_secrets(text) and not any(secret in text for secret in self._escaped):
            return text
        return json.dumps({name: self._clean(value) for name, value in line.items()}, ensure_ascii=False)

    def _clean(self, value: object) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        return redact(str(value), self._secrets)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # the format string does not match its arguments: log it unformatted
        return str(record.msg)
