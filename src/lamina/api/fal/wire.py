"""The JSON of fal's answers, literally; what its inputs are is in the table of `endpoints`."""

from collections.abc import Sequence
from typing import Any, Literal, NotRequired, TypedDict

Loc = Sequence[str | int]
Status = Literal["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]


class Detail(TypedDict):
    """One thing that is wrong with an input. `type`: of fal's list of errors, or pydantic's; `url` explains it."""

    loc: list[str | int]
    msg: str
    type: str
    url: str
    ctx: NotRequired[dict[str, Any]]
    input: NotRequired[object]


class LogLine(TypedDict):
    """`timestamp`: RFC 3339, UTC."""

    timestamp: str
    message: str
    level: Literal["STDERR", "STDOUT", "ERROR", "INFO", "WARN", "DEBUG"]
    source: Literal["USER"]


class Metrics(TypedDict, total=False):
    """`inference_time`: seconds, once it has ended."""

    inference_time: float


class QueueStatus(TypedDict):
    """Of a request in the queue. fal's clients need `queue_position` while it waits, and `logs` always.

    `error`, `error_type`: of one that ended without a result.
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
    """A picture or a file of an answer; `url` is a `data:` URI in sync mode. A File has no width and height (px)."""

    url: str
    content_type: str
    file_name: str
    file_size: int
    width: NotRequired[int]
    height: NotRequired[int]


class Output(TypedDict):
    """What an endpoint answers. `timings`: seconds; `prompt`: as it was given."""

    images: list[Image]
    timings: NotRequired[dict[str, float]]
    seed: int
    has_nsfw_concepts: NotRequired[list[bool]]
    prompt: NotRequired[str | None]


class Adapter(TypedDict):
    """What a trainer answers."""

    diffusers_lora_file: Image
    config_file: Image
