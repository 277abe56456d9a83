"""Jobs: requests, states with their transitions, progress and events."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from lamina.core.job_results import Result
from lamina.core.tasks import Lora, PictureTask, Task, TaskKind


class JobState(StrEnum):
    """`failed` is the fault of the request or the model, `errored` that of the service; only `succeeded` is charged."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ERRORED = "errored"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        return self in OPEN


OPEN = frozenset({JobState.QUEUED, JobState.RUNNING})

TRANSITIONS: Mapping[str, tuple[JobState, JobState]] = {
    "A": (JobState.QUEUED, JobState.RUNNING),
    "B": (JobState.RUNNING, JobState.SUCCEEDED),
    "C": (JobState.RUNNING, JobState.FAILED),
    "D": (JobState.RUNNING, JobState.ERRORED),
    "E": (JobState.RUNNING, JobState.CANCELLED),
    "F": (JobState.RUNNING, JobState.QUEUED),
    "G": (JobState.QUEUED, JobState.CANCELLED),
    "H": (JobState.QUEUED, JobState.FAILED),
    "I": (JobState.QUEUED, JobState.ERRORED),
}
"""A: claimed by an agent. B, C, D: ended. E, G: cancelled. F: its agent is gone, or has returned it. H: not started
before its deadline. I: nothing could run it."""


def states_before(state: JobState) -> tuple[JobState, ...]:
    """The states from which a job may come into `state`, sorted."""
    return tuple(sorted(before for before, after in TRANSITIONS.values() if after is state))


class InputRole(StrEnum):
    """The role of an input: the picture to edit or decompose; the picture to start from and the mask of where it may
    change; or a ZIP of pictures to train on."""

    PICTURE = "picture"
    START = "start"
    MASK = "mask"
    ARCHIVE = "archive"


FILE, JOB = "file:", "job:"
"""The prefixes of sources within the service: the id of a file follows, or of the job that made the file."""


@dataclass(frozen=True, slots=True)
class JobInput:
    """`source`: "file:ID" for a file of the same key, or an http(s) URL, which is fetched when the job runs."""

    role: InputRole
    source: str


class WebhookEvent(StrEnum):
    """What a webhook reports: that the first run of a job has started, or that the job has ended in any state."""

    STARTED = "started"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How results are encoded. `quality`: 1..100, of JPEG and WebP. `safety`: whether the safety checker runs; None is
    as the settings say.

    Of a stack, `format` is that of its layers; "jpg", which has no alpha, adds the flat picture on white. `has_pages`:
    the stack also comes as one TIFF with a page per layer. `keep_s`: seconds for which the files are kept at most.
    """

    format: str = "png"
    quality: int = 95
    is_watermarked: bool = False
    safety: bool | None = None
    has_pages: bool = False
    keep_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """`share`: 0..1 of the run; `step` of `steps` where a model samples; `eta_s`: seconds to go, as the engine
    estimates.
    """

    stage: str = ""
    share: float = 0.0
    step: int | None = None
    steps: int | None = None
    eta_s: float | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job ended without a result, in words for its user. `code`: of `ErrorCode`."""

    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class AbsentTask:
    """Stands for a task that is not known: its contents were removed after their time, or it was rejected as invalid.

    `kind`: what it was to do.
    """

    kind: TaskKind


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """What is to be done, as it is stored; it never changes.

    `engine`: its name or "auto". `model`: in the catalog. `dialect`: the API that took the request, and so how answers
    and events are worded. `extra`: JSON that the API stores for its answers. `priority`: -10..10, higher goes first.
    `start_within_s`, `run_within_s`: deadlines; None is none. `webhook_events`: what is sent to `webhook_url`.
    `upload_url`: where the results are also put. `named_model`: the model of the catalog that the request names, in its
    body or by its URL; "" where the choice is left to the service.
    """

    task: Task | AbsentTask
    inputs: tuple[JobInput, ...] = ()
    delivery: Delivery = field(default_factory=Delivery)
    engine: str = "auto"
    model: str = ""
    dialect: str = "native"
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])
    priority: int = 0
    start_within_s: float | None = None
    run_within_s: float | None = None
    webhook_url: str | None = None
    webhook_events: tuple[WebhookEvent, ...] = (WebhookEvent.COMPLETED,)
    upload_url: str | None = None
    named_model: str = ""

    @property
    def kind(self) -> TaskKind:
        return self.task.kind

    @property
    def has_task(self) -> bool:
        """False once its contents were removed, and where it was rejected as invalid."""
        return not isinstance(self.task, AbsentTask)

    @property
    def loras(self) -> tuple[Lora, ...]:
        return self.task.sampling.loras if isinstance(self.task, PictureTask) else ()

    def with_loras(self, loras: tuple[Lora, ...]) -> "JobRequest":
        """The request with other LoRAs; itself where its task takes none."""
        if not isinstance(self.task, PictureTask):
            return self
        return replace(self, task=replace(self.task, sampling=replace(self.task.sampling, loras=loras)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A request and what has become of it. Times are seconds since 1970; money is micro-dollars.

    `attempt`: how often it was claimed; every write of a run carries it, and is void unless it is the latest.
    `result`: None until the job has succeeded. A training that was cancelled has one as well, of the steps it did.
    """

    id: str
    key_id: str
    request: JobRequest
    state: JobState
    attempt: int
    created_at: float
    queued_at: float
    price_micros: int
    charged_micros: int = 0
    started_at: float | None = None
    ended_at: float | None = None
    agent_id: str | None = None
    is_cancel_requested: bool = False
    progress: Progress = field(default_factory=Progress)
    failure: Failure | None = None
    result: Result | None = None

    @property
    def cost_micros(self) -> int:
        """What it costs a metered key, as far as is known: nothing where a stand-in made the result."""
        return 0 if self.is_free else self.price_micros

    @property
    def is_free(self) -> bool:
        """Whether it costs nothing because a stand-in made the result."""
        return self.result is not None and self.result.is_free

    @property
    def waited_s(self) -> float | None:
        """Seconds from the submit to the latest start."""
        return None if self.started_at is None else self.started_at - self.created_at

    @property
    def ran_s(self) -> float | None:
        if self.started_at is None or self.ended_at is None:
            return None
        return self.ended_at - self.started_at


@dataclass(frozen=True, slots=True)
class JobEvent:
    """An event of a job. `number`: 1, 2, 3, ... within the job; `kind`: "state", "progress" or "log", and of trainings
    "loss", "checkpoint" or "sample"; `data`: JSON, as it is stored and sent.
    """

    job_id: str
    number: int
    at: float
    kind: str
    data: Mapping[str, Any]
