"""Log fields that apply to all lines of a request, a job or an agent."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import TypedDict, Unpack

LINE_FIELDS = "lamina_fields"
"""The attribute of a log record that holds the fields of `with_fields`."""

_fields: ContextVar[Mapping[str, object]] = ContextVar("lamina_log_fields", default=MappingProxyType({}))


class LogFields(TypedDict, total=False):
    """`attempt`: number of the job's attempt, from 1."""

    request_id: str
    job_id: str
    attempt: int
    agent_id: str


@contextmanager
def logged_as(**fields: Unpack[LogFields]) -> Generator[None]:
    """Adds the fields to every log line of this asyncio task, and of the tasks that it starts, within the block."""
    token = _fields.set(MappingProxyType({**_fields.get(), **fields}))
    try:
        yield
    finally:
        _fields.reset(token)


def log_fields() -> Mapping[str, object]:
    """The fields that apply in this context."""
    return _fields.get()


def with_fields(**fields: object) -> dict[str, object]:
    """Fields of a single line, to be passed as `extra=` to a logger's methods."""
    return {LINE_FIELDS: fields}
