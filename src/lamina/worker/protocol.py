"""What an agent and the process of its engine say to each other: a line of JSON a message, on two pipes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from lamina.core.errors import ErrorCode
from lamina.core.jobs import Delivery, Failure, InputRole, Progress
from lamina.core.tasks import TaskKind
from lamina.engines.registry import AUTO

RUN, CANCEL, STOP = "run", "cancel", "stop"
"""To the child. `run`: {run, order}, `run` being a number that all messages of it carry; it waits until the run before
is `Made` or has ended. `cancel`: {run}: leave at the next step; `stop`: end when nothing runs. Whoever closes the pipe
ends the child at once."""

READY, DONE, FAILED = "ready", "done", "failed"
"""From the child, beside `RunMessage`. `ready`: once, when it has imported what a first job needs; `done`: {run,
outputs, facts}; `failed`: {run, code, message, hint, outputs, facts, traceback}."""

_USERS_FAULTS = frozenset(
    {
        ErrorCode.INPUT_NOT_FOUND,
        ErrorCode.INPUT_UNREADABLE,
        ErrorCode.INPUT_EMPTY,
        ErrorCode.INPUT_NOT_AN_IMAGE,
        ErrorCode.INPUT_CORRUPT,
        ErrorCode.INPUT_TOO_LARGE,
        ErrorCode.INPUT_NOT_A_STACK,
        ErrorCode.OUTPUT_UNKNOWN_FORMAT,
        ErrorCode.OUTPUT_TOO_LARGE,
        ErrorCode.TASK_INVALID,
        ErrorCode.ENGINE_UNAVAILABLE,
        ErrorCode.MODEL_UNKNOWN,
        ErrorCode.WEIGHTS_MISSING,
        ErrorCode.LORA_UNUSABLE,
        ErrorCode.NOT_OFFERED,
    }
)


class OutputRole(StrEnum):
    """What a file is of a run: a picture made; of a picture taken apart the stack, a layer, the flat picture, all
    layers as pages of one file; of a training the adapter, how it was trained, a picture of its losses."""

    PICTURE = "picture"
    STACK = "stack"
    LAYER = "layer"
    FLAT = "flat"
    PAGES = "pages"
    LORA = "lora"
    CONFIG = "config"
    LOSS_PLOT = "loss_plot"


@dataclass(frozen=True, slots=True)
class RunOrder:
    """One attempt at a job, as the child gets it; it is JSON but for its own types.

    `task`: the record of it (`core.task_records`). `engine`: its name or `AUTO`. `inputs`: paths of local files by
    role, in the order in which the request names them. `folder`: an existing one of this attempt's own, where outputs
    and previews go; of a training that goes on, its last checkpoint is there.
    """

    job_id: str
    attempt: int
    kind: TaskKind
    task: Mapping[str, Any]
    folder: str
    inputs: Mapping[InputRole, tuple[str, ...]] = field(default_factory=dict[InputRole, tuple[str, ...]])
    engine: str = AUTO
    delivery: Delivery = field(default_factory=Delivery)

    @property
    def asked_engine(self) -> str | None:
        """None where the job leaves it open, and so to the settings."""
        return None if self.engine == AUTO else self.engine


@dataclass(frozen=True, slots=True)
class RunOutput:
    """A file in the order's folder. `name`: without the folder; `facts`: see `lamina.worker.outputs`."""

    role: OutputRole
    name: str
    content_type: str
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run ended: `outputs` and the `facts` that hold for all of them, or the `failure`. A training that was
    cancelled has all three. `traceback`: of a fault of ours, for the log; nobody else gets to see it.
    """

    outputs: tuple[RunOutput, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    failure: Failure | None = None
    traceback: str = ""

    @property
    def is_cancelled(self) -> bool:
        return self.failure is not None and self.failure.code == ErrorCode.CANCELLED

    @property
    def is_engines_fault(self) -> bool:
        """True if it would fail again in the same way, and whoever asked could not know."""
        return self.failure is not None and self.failure.code == ErrorCode.ENGINE_FAILED

    @property
    def is_spoiling(self) -> bool:
        """True if the process that it came from can do no more, and leaves."""
        return self.failure is not None and self.failure.code == ErrorCode.ENGINE_CRASHED

    @property
    def is_users_fault(self) -> bool:
        """True if it would fail again in the same way: nobody but who asked can mend it."""
        return self.failure is not None and self.failure.code in _USERS_FAULTS


@dataclass(frozen=True, slots=True)
class Preview:
    """`path`: of a small PNG in the order's folder, of what the picture looks like so far."""

    path: str


@dataclass(frozen=True, slots=True)
class LogLine:
    line: str


@dataclass(frozen=True, slots=True)
class Loading:
    """A sign of life while a model is loaded, which may take minutes between two words of progress."""

    stage: str


@dataclass(frozen=True, slots=True)
class Loss:
    """Of a training's step."""

    step: int
    value: float


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A training has done so many steps. `path`: of a file that is the agent's to delete; `name`: what it is called
    where a later attempt finds it; `layers`: of each example, 1 of an edit; `engine`: that does the steps.
    """

    step: int
    path: str
    name: str
    layers: int = 1
    engine: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """`path`: of a PNG of what a model under training makes of an example after so many steps."""

    step: int
    path: str


@dataclass(frozen=True, slots=True)
class Made:
    """The engine is free for the next order; what it has made is being written meanwhile, and the outcome follows."""


RunMessage = Progress | Preview | LogLine | Loading | Loss | Checkpoint | Sample | Made
"""What a child tells of a run on its way. In JSON each has its name as "type" and its fields beside."""

_MESSAGES: dict[str, type[RunMessage]] = {
    "progress": Progress,
    "preview": Preview,
    "log": LogLine,
    "loading": Loading,
    "loss": Loss,
    "checkpoint": Checkpoint,
    "sample": Sample,
    "made": Made,
}
_NAMES = {message: name for name, message in _MESSAGES.items()}


def render_line(kind: str, **fields: Any) -> bytes:
    return json.dumps({"type": kind, **fields}).encode() + b"\n"


def parse_line(line: bytes) -> dict[str, Any] | None:
    """None for what is no message: a library may have got hold of the pipe."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and isinstance(value.get("type"), str) else None


def render_order(order: RunOrder) -> dict[str, Any]:
    return asdict(order)


def parse_order(value: Mapping[str, Any]) -> RunOrder:
    """The reverse of `render_order`. KeyError, TypeError or ValueError if the value is not of that shape."""
    own = dict(value)
    own["kind"] = TaskKind(own["kind"])
    own["inputs"] = {InputRole(role): tuple(paths) for role, paths in own["inputs"].items()}
    own["delivery"] = Delivery(**own["delivery"])
    return RunOrder(**own)


def render_message(run: int, message: RunMessage) -> bytes:
    return render_line(_NAMES[type(message)], run=run, **asdict(message))


def parse_message(value: Mapping[str, Any]) -> RunMessage | None:
    """None for a message of another kind, or of another shape."""
    fields = {name: field for name, field in value.items() if name not in ("type", "run")}
    try:
        return _MESSAGES[value["type"]](**fields)
    except (KeyError, TypeError):
        return None


def render_outcome(run: int, outcome: RunOutcome) -> bytes:
    made = {"outputs": [asdict(output) for output in outcome.outputs], "facts": outcome.facts}
    if outcome.failure is not None:
        return render_line(FAILED, run=run, **asdict(outcome.failure), **made, traceback=outcome.traceback)
    return render_line(DONE, run=run, **made)


def parse_outcome(value: Mapping[str, Any]) -> RunOutcome | None:
    """None for a message that does not end a run. KeyError, TypeError or ValueError if it is not of its shape."""
    match value["type"]:
        case "done":
            failure, traceback = None, ""
        case "failed":
            failure, traceback = Failure(value["code"], value["message"], value["hint"]), value["traceback"]
        case _:
            return None
    return RunOutcome(tuple(map(_parse_output, value["outputs"])), value["facts"], failure, traceback)


def _parse_output(value: Mapping[str, Any]) -> RunOutput:
    return RunOutput(OutputRole(value["role"]), value["name"], value["content_type"], value["facts"])
