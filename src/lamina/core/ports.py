"""The interfaces of engines, dispatchers and observers that the rest of Lamina depends on."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from lamina.core.engine_results import Generated, TrainingOutcome
from lamina.core.jobs import Job
from lamina.core.layers import LayerStack, Pixels
from lamina.core.prompt_expansion import ExpandedBy
from lamina.core.tasks import DecomposeTask, EditTask, GenerateTask, TaskKind, TrainTask
from lamina.core.training import Example

LOADING = "loading the model"
"""The only stage that may take minutes without a progress report."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """Progress of a sampling run: `number` of `count` steps are done, `eta_s` seconds remain.

    `preview`: (height, width, 4), a small version of the picture in its present state; None unless requested.
    """

    number: int
    count: int
    eta_s: float
    preview: Pixels | None = None


class Progress(Protocol):
    """Called by a running engine to report progress; raises `LaminaError` with code `cancelled` to stop it."""

    def __call__(self, stage: str, share_done: float, step: Step | None = None, /) -> None:
        """`stage`: what is being done now, in a few words; `share_done`: 0..1 of the whole task."""
        ...


class TrainingProgress(Progress, Protocol):
    """A `Progress` for trainings. The paths are of complete files.

    If it raises `cancelled`, the training ends with a last checkpoint and the LoRA in its present state.
    """

    def loss(self, step: int, value: float, /) -> None:
        """The loss `value` of a step; `step` counts from 1."""
        ...

    def checkpoint(self, step: int, path: str, /) -> None:
        """The file at `path` has everything needed to resume after `step` steps."""
        ...

    def sample(self, step: int, path: str, /) -> None:
        """`path`: a PNG of the model's present result for a training example."""
        ...


class Decomposer(Protocol):
    """An engine that decomposes pictures into layers.

    `is_exact`: its layers composite exactly to the picture; the layers of other engines are corrected afterwards.
    `follows_selections`: it makes layers of the task's selections, which are in pixels of the picture.
    """

    @property
    def name(self) -> str: ...

    @property
    def is_exact(self) -> bool: ...

    @property
    def follows_selections(self) -> bool: ...

    def decompose(self, picture: Pixels, task: DecomposeTask, progress: Progress) -> LayerStack:
        """`picture`: (height, width, 4) RGBA, sRGB, upright. The stack has its aspect ratio, bottom layer first."""
        ...


class PictureMaker(Protocol):
    """An engine that generates and edits pictures. Pictures are (height, width, 4) RGBA, sRGB, upright."""

    @property
    def name(self) -> str: ...

    def generate(self, task: GenerateTask, start: Pixels | None, mask: Pixels | None, progress: Progress) -> Generated:
        """`start`: the picture to start from, if any; `mask`: of its size, white where it may change."""
        ...

    def edit(self, task: EditTask, pictures: Sequence[Pixels], progress: Progress) -> Generated:
        """`pictures`: first the picture to edit, then the other pictures that the prompt refers to."""
        ...


class LoraTrainer(Protocol):
    """An engine that trains LoRAs for the models that it runs."""

    @property
    def name(self) -> str: ...

    def train(
        self, task: TrainTask, examples: Sequence[Example], folder: str, progress: TrainingProgress
    ) -> TrainingOutcome:
        """Write `lora.safetensors` and checkpoints to `folder`; resume from a checkpoint that is there.

        A training that is cancelled after its first step returns what it has learnt; see `TrainingOutcome`.
        """
        ...


def no_progress(stage: str, share_done: float, step: Step | None = None, /) -> None:
    """A `Progress` that ignores all reports."""


class _NoTrainingProgress:
    def __call__(self, stage: str, share_done: float, step: Step | None = None, /) -> None: ...

    def loss(self, step: int, value: float, /) -> None: ...

    def checkpoint(self, step: int, path: str, /) -> None: ...

    def sample(self, step: int, path: str, /) -> None: ...


no_training_progress: TrainingProgress = _NoTrainingProgress()
"""Ignores all reports."""


class SafetyChecker(Protocol):
    """Detects unsafe pictures."""

    def is_unsafe(self, picture: Pixels) -> bool:
        """`picture`: (height, width, 4) RGBA, sRGB; the colours of transparent pixels are checked, too."""
        ...


class PromptExpander(Protocol):
    """Expands prompts with more detail."""

    @property
    def by(self) -> ExpandedBy: ...

    def expand(self, prompt: str, kind: TaskKind) -> str | None:
        """The expanded prompt on one line; None if this expander does not support the task.

        Raises `LaminaError` (engine_unavailable) with the reason if it fails.
        """
        ...


class WebhookOutcome(StrEnum):
    """The outcome of one attempt. `failed`: there will be another attempt; `dead`: it was the last one."""

    DELIVERED = "delivered"
    FAILED = "failed"
    DEAD = "dead"


class Observer(Protocol):
    """Notified by the service of events of jobs and webhooks once they are committed, and by the APIs of crashes.

    Its methods return at once and never raise.
    """

    def job_submitted(self, job: Job) -> None: ...

    def job_started(self, job: Job) -> None:
        """An agent has claimed the job; `job.attempt` is 1 for the first time."""
        ...

    def job_ended(self, job: Job) -> None:
        """`job.state` is final."""
        ...

    def step_took(self, model: str, seconds: float) -> None:
        """One step of sampling or training is done. `model`: as in the job's request."""
        ...

    def webhook_attempted(self, outcome: str) -> None:
        """`outcome`: a value of `WebhookOutcome`."""
        ...

    def request_crashed(self, route: str) -> None:
        """`route`: the route's path template, or another name of the place."""
        ...


class _NoObserver:
    def job_submitted(self, job: Job) -> None: ...

    def job_started(self, job: Job) -> None: ...

    def job_ended(self, job: Job) -> None: ...

    def step_took(self, model: str, seconds: float) -> None: ...

    def webhook_attempted(self, outcome: str) -> None: ...

    def request_crashed(self, route: str) -> None: ...


no_observer: Observer = _NoObserver()
"""Ignores all events."""


class Dispatcher(Protocol):
    """Tells agents which jobs to run. The jobs table is authoritative; the sweep enqueues jobs that were lost."""

    def enqueue(self, transaction: Any, job_id: str, priority: int, is_again: bool = False) -> None:
        """Called within the transaction that queues the job; agents must not see it before the commit.

        `is_again`: the job has run before and goes ahead of others of its priority.
        """
        ...

    def wake(self) -> None:
        """Called after the commit of such a transaction."""
        ...

    def reconcile(self, transaction: Any) -> None:
        """Called by the sweep: enqueue queued jobs again that the dispatcher has lost."""
        ...

    async def serve(self, run: Callable[[str], Awaitable[None]], slots: int) -> None:
        """Call `run` with the ids of queued jobs, at most `slots` at a time, until cancelled.

        A job may be dispatched twice, or to several agents: `run` must claim it first. Errors of `run` are logged.
        """
        ...
