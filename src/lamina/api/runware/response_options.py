"""The parameters of a task that decide how its results are rendered, as they are stored with each of its jobs."""

from collections.abc import Sequence
from dataclasses import dataclass

from lamina.core.jobs import Job
from lamina.core.records import decode


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseOptions:
    """Stored as `JobRequest.extra`. `number`: of this result, 0 to `count` - 1. `seed`: of this result, as it is
    returned. `outputs`: outputTypes. `ttl_s`: how long URLs are valid, in seconds.
    """

    task_uuid: str = ""
    number: int = 0
    count: int = 1
    outputs: Sequence[str] = ()
    format: str = ""
    tells_cost: bool = False
    tells_safety: bool = False
    seed: int = 0
    ttl_s: float | None = None
    delivery: str = "sync"


def response_options(job: Job) -> ResponseOptions:
    return decode(ResponseOptions, job.request.extra)
