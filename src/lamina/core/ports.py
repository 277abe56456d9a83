"""The sockets that adapters fill: what the rest of Lamina knows of engines, dispatchers and observers."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from lamina.core.expansion import ExpandedBy
from lamina.core.jobs import Job
from lamina.core.layers import LayerStack, Pixels
from lamina.core.results import Generated
from lamina.core.tasks import DecomposeTask, EditTask, GenerateTask, TaskKind

LOADING = "loading the model"
"""The one stage that may take minutes without another word."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """Where a sampling run is: `number` of `count` steps done, `eta_s` seconds to go.

    `preview`: (height, width, 4), small: the picture as it looks now; None where none was asked for.
    """

    number: int
    count: int
    eta_s: float
    preview: Pixels | None = None


class Progress(Protocol):
    """Told by a running engine where it is; raises `LaminaError` with code `cancelled` to stop it."""

    def __call__(self, stage: str, share_done: float, step: Step | None = None, /) -> None:
        """`stage`: a word for what is being done now; `share_done`: 0..1 of the whole task."""
        ...


class Decomposer(Protocol):
    """An engine that takes pictures apart.

    `is_exact`: its stacks add up to the picture; those of another are finished before anybody gets them.
    """

    @property
    def name(self) -> str: ...

    @property
    def is_exact(self) -> bool: ...

    def decompose(self, picture: Pixels, task: DecomposeTask, progress: Progress) -> LayerStack:
        """`picture`: (height, width, 4) RGBA, sRGB, upright. The stack has the picture's aspect, bottom layer first."""
        ...


class PictureMaker(Protocol):
    """An engine that makes pictures and changes them. Pictures are (height, width, 4) RGBA, sRGB, upright."""

    @property
    def name(self) -> str: ...

    def generate(self, task: GenerateTask, start: Pixels | None, mask: Pixels | None, progress: Progress) -> Generated:
        """`start`: a picture to start from; `mask`: of its size, white where it may change."""
        ...

    def edit(self, task: EditTask, pictures: Sequence[Pixels], progress: Progress) -> Generated:
        """`pictures`: the one to change first, then what else the words speak of."""
        ...


def no_progress(stage: str, share_done: float, step: Step | None = None, /) -> None:
    """A `Progress` for callers that do not want to be told."""


class SafetyChecker(Protocol):
    """Tells pictures that must not be shown."""

    def is_unsafe(self, picture: Pixels) -> bool:
        """`picture`: (height, width, 4) RGBA, sRGB; what its alpha hides counts too."""
        ...


class PromptExpander(Protocol):
    """Makes prompts richer."""

    @property
    def by(self) -> ExpandedBy: ...

    def expand(self, prompt: str, kind: TaskKind) -> str | None:
        """The richer prompt, one line; None where this expander has nothing to say on such a task.

        Raises `LaminaError` (engine_unavailable) whose message tells why it could not.
        """
        ...


class WebhookOutcome(StrEnum):
    """Of one attempt. `failed`: it will be tried again; `dead`: it was the last."""

    DELIVERED = "delivered"
    FAILED = "failed"
    DEAD = "dead"


class Observer(Protocol):
    """Told by the service what happens to jobs and webhooks, once it is committed, and by the APIs what went wrong as
    nobody expected. It answers at once, never raises.
    """

    def job_submitted(self, job: Job) -> None: ...

    def job_started(self, job: Job) -> None:
        """Every time that an agent claims it; `job.attempt` tells the first from the rest."""
        ...

    def job_ended(self, job: Job) -> None:
        """`job.state` is the last one."""
        ...

    def step_took(self, model: str, seconds: float) -> None:
        """One step of sampling or training. `model`: as in the job's request."""
        ...

    def webhook_attempted(self, outcome: str) -> None:
        """`outcome`: of `WebhookOutcome`."""
        ...

    def request_crashed(self, route: str) -> None:
        """`route`: the template of its path, or what else says where it was."""
        ...


class _NoObserver:
    def job_submitted(self, job: Job) -> None: ...

    def job_started(self, job: Job) -> None: ...

    def job_ended(self, job: Job) -> None: ...

    def step_took(self, model: str, seconds: float) -> None: ...

    def webhook_attempted(self, outcome: str) -> None: ...

    def request_crashed(self, route: str) -> None: ...


no_observer: Observer = _NoObserver()
"""For a service that nobody watches."""


class Dispatcher(Protocol):
    """Says to agents "somebody should run job X". The jobs table is the truth; the sweep finds what is forgotten."""

    def enqueue(self, transaction: Any, job_id: str, priority: int) -> None:
        """Called within the transaction that queues the job; the agents must not hear of it before that commits."""
        ...

    def wake(self) -> None:
        """Called when such a transaction has committed."""
        ...

    def reconcile(self, transaction: Any) -> None:
        """Called by the sweep: whatever is queued and forgotten is enqueued again."""
        ...

    async def serve(self, run: Callable[[str], Awaitable[None]], slots: int) -> None:
        """Have `run` called with ids of queued jobs, at most `slots` at a time, until this is cancelled.

        A job may come twice, and may be taken by others meanwhile: whoever runs it claims it first. An error of `run`
        is logged, and the next job comes.
        """
        ...
