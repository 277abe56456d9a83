"""The JSON of fal's responses; the inputs are in the table of `endpoints`."""

from collections.abc import Sequence
from typing import Literal, NotRequired, TypedDict, final

Loc = Sequence[str | int]
ContextValue = str | int | float | Sequence[str]
Status = Literal["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]


class Detail(TypedDict):
    """One error of an input. `type`: from fal's list of errors, or pydantic's; `url`: its documentation; `ctx`: the
    limits that the input exceeds, by name.
    """

    loc: list[str | int]
    msg: str
    type: str
    url: str
    ctx: NotRequired[dict[str, ContextValue]]
    input: NotRequired[object]


class LogLine(TypedDict):
    """A line of a request's log. `timestamp`: RFC 3339, UTC."""

    timestamp: str
    message: str
    level: Literal["STDERR", "STDOUT", "ERROR", "INFO", "WARN", "DEBUG"]
    source: Literal["USER"]


class Metrics(TypedDict, total=False):
    """`inference_time`: in seconds, present once the request has ended."""

    inference_time: float


class QueueStatus(TypedDict):
    """The status of a request. fal's clients require `queue_position` while it is queued, and `logs` always.

    `error`, `error_type`: present if the request has ended without a result.
    """

    status: Status
    request_id: str
    response_url: str
    status_url: str
    cancel_url: str
    logs: list[LogLine] | None
    metrics: Metrics
    queue_position: NotRequired[int]
    error: NotRequired[str]
    error_type: NotRequired[str]


class Image(TypedDict):
    """An image or a file in a response; `url` is a `data:` URI in sync mode. Files have no width and height (px)."""

    url: str
    content_type: str
    file_name: str
    file_size: int
    width: NotRequired[int]
    height: NotRequired[int]


@final
class Output(TypedDict):
    """The output of an endpoint. `timings`: in seconds; `prompt`: as in the request."""

    images: list[Image]
    timings: NotRequired[dict[str, float]]
    seed: int
    has_nsfw_concepts: NotRequired[list[bool]]
    prompt: NotRequired[str | None]


@final
class Adapter(TypedDict):
    """The output of a trainer."""

    diffusers_lora_file: Image
    config_file: Image


@final
class ErrorBody(TypedDict):
    """An error: a sentence, or the details of an invalid input."""

    detail: str | list[Detail]
    error_type: NotRequired[str]


@final
class QueueError(TypedDict):
    """An error of the queue itself."""

    status: Literal["ALREADY_COMPLETED", "NOT_FOUND"]


Body = Output | Adapter | ErrorBody | QueueError
"""What an endpoint can answer with."""
