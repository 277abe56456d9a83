"""Log fields that apply to all lines of a request, a job or an agent."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypedDict, Unpack

LINE_FIELDS = "lamina_fields"
"""The attribute of a log record that holds the fields of `with_fields`."""


class LogFields(TypedDict, total=False):
    """`attempt`: number of the job's attempt, from 1."""

    request_id: str
    job_id: str
    attempt: int
    agent_id: str


_fields: ContextVar[LogFields] = ContextVar("lamina_log_fields", default=LogFields())  # noqa: B039  (never changed)


class LineExtra(TypedDict):
    """The `extra=` of a logger's methods. Its name is `LINE_FIELDS`."""

    lamina_fields: dict[str, object]


@contextmanager
def logged_as(**fields: Unpack[LogFields]) -> Generator[None]:
    """Adds the fields to every log line of this asyncio task, and of the tasks that it starts, within the block."""
    token = _fields.set({**_fields.get(), **fields})
    try:
        yield
    finally:
        _fields.reset(token)


def log_fields() -> LogFields:
    """The fields that apply in this context."""
    return _fields.get()


def with_fields(**fields: object) -> LineExtra:
    """Fields of a single line, to be passed as `extra=` to a logger's methods."""
    return {"lamina_fields": fields}
