"""Whose doing a log line is: fields that hold for all lines of a request, a job or an agent."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import TypedDict, Unpack

LINE_FIELDS = "lamina_fields"
"""The attribute of a log record that holds what `with_fields` says."""

_fields: ContextVar[Mapping[str, object]] = ContextVar("lamina_log_fields", default=MappingProxyType({}))


class LogFields(TypedDict, total=False):
    """`attempt`: of the job, 1, 2, 3, ..."""

    request_id: str
    job_id: str
    attempt: int
    agent_id: str


@contextmanager
def logged_as(**fields: Unpack[LogFields]) -> Generator[None]:
    """Within it, every log line of this task, and of the tasks that it starts, carries these fields too."""
    token = _fields.set(MappingProxyType({**_fields.get(), **fields}))
    try:
        yield
    finally:
        _fields.reset(token)


def log_fields() -> Mapping[str, object]:
    """The fields that hold here."""
    return _fields.get()


def with_fields(**fields: object) -> dict[str, object]:
    """For `extra=` of a logger's methods: fields of this one line."""
    return {LINE_FIELDS: fields}
