"""The sockets that adapters fill: what the rest of Lamina knows of engines, dispatchers and observers."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from lamina.core.expansion import ExpandedBy
from lamina.core.jobs import Job
from lamina.core.layers import LayerStack, Pixels
from lamina.core.results import Generated, TrainingOutcome
from lamina.core.tasks import DecomposeTask, EditTask, GenerateTask, TaskKind, TrainTask
from lamina.core.training import Example

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


class TrainingProgress(Progress, Protocol):
    """A `Progress` that is told of a training as well. Paths are of files that are whole.

    Where calling it raises `cancelled`, the training ends with a last checkpoint and the LoRA as it is then.
    """

    def loss(self, step: int, value: float, /) -> None:
        """Of the step of that number, 1 the first."""
        ...

    def checkpoint(self, step: int, path: str, /) -> None:
        """After so many steps, all that going on needs is in the file at `path`."""
        ...

    def sample(self, step: int, path: str, /) -> None:
        """`path`: a PNG of what the model makes of a training example now."""
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


class LoraTrainer(Protocol):
    """An engine that trains LoRAs for the models that it runs."""

    @property
    def name(self) -> str: ...

    def train(
        self, task: TrainTask, examples: Sequence[Example], folder: str, progress: TrainingProgress
    ) -> TrainingOutcome:
        """Writes `lora.safetensors` into `folder`, where it keeps checkpoints too and goes on from one that is there.

        A training that is cancelled after its first step comes back with what it has; see `TrainingOutcome`.
        """
        ...


def no_progress(stage: str, share_done: float, step: Step | None = None, /) -> None:
    """A `Progress` for callers that do not want to be told."""


class _NoTrainingProgress:
    def __call__(self, stage: str, share_done: float, step: Step | None = None, /) -> None: ...

    def loss(self, step: int, value: float, /) -> None: ...

    def checkpoint(self, step: int, path: str, /) -> None: ...

    def sample(self, step: int, path: str, /) -> None: ...


no_training_progress: TrainingProgress = _NoTrainingProgress()
"""For callers that do not want to be told."""


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
    """Told by the service what happens to jobs and webhooks, once it is committed. It answers at once, never raises."""

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


class _NoObserver:
    def job_submitted(self, job: Job) -> None: ...

    def job_started(self, job: Job) -> None: ...

    def job_ended(self, job: Job) -> None: ...

    def step_took(self, model: str, seconds: float) -> None: ...

    def webhook_attempted(self, outcome: str) -> None: ...


no_observer: Observer = _NoObserver()
"""For a service that nobody watches."""


class Dispatcher(Protocol):
    """Says to agents "somebody should run job X". The jobs table is the truth; the sweep finds what is forgotten."""

    def enqueue(self, transaction: Any, job_id: str, priority: int, is_again: bool = False) -> None:
        """Called within the transaction that queues the job; the agents must not hear of it before that commits.

        `is_again`: it has had its turn before, and goes before others of its priority.
        """
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
