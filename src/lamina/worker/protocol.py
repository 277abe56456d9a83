"""The protocol between an agent and its engine process: typed messages, one line of JSON each, on two pipes.

`Command`s go to the process, `Received` is what comes from it. JSON is written and read here and nowhere else.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lamina.core.errors import ErrorCode
from lamina.core.job_results import PicturesResult, Result, StackResult, TrainingResult
from lamina.core.jobs import Delivery, Failure, InputRole, Progress
from lamina.core.records import decode, encode
from lamina.core.result_records import decode_result, encode_result
from lamina.core.tasks import TASKS, Task, TaskKind
from lamina.engines.registry import AUTO

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


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOrder:
    """One attempt at a job.

    `engine`: its name or `AUTO`. `inputs`: paths of local files by role, in the order in which the request names them.
    `folder`: an existing one of this attempt's own, for outputs and previews; the last checkpoint of a training that is
    resumed is there.
    """

    job_id: str
    attempt: int
    task: Task
    folder: str
    inputs: Mapping[InputRole, tuple[str, ...]] = field(default_factory=dict[InputRole, tuple[str, ...]])
    engine: str = AUTO
    delivery: Delivery = field(default_factory=Delivery)

    @property
    def asked_engine(self) -> str | None:
        """None where the job leaves it open, and so to the settings."""
        return None if self.engine == AUTO else self.engine


@dataclass(frozen=True, slots=True)
class Run:
    """Starts a run. `number`: all messages of the run carry it. It waits until the engine is idle."""

    number: int
    order: RunOrder


@dataclass(frozen=True, slots=True)
class Cancel:
    """Ends the run at its next step."""

    number: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Ends the process when nothing runs. An agent that closes the pipe ends it at once."""


Command = Run | Cancel | Stop


@dataclass(frozen=True, slots=True)
class Ready:
    """Sent once, when the process has imported what a first job needs."""


@dataclass(frozen=True, slots=True)
class Preview:
    """`path`: of a small PNG in the order's folder, the picture as it is so far."""

    path: str


@dataclass(frozen=True, slots=True)
class LogLine:
    line: str


@dataclass(frozen=True, slots=True)
class Loading:
    """A sign of life while a model is loaded, which may take minutes without any progress."""

    stage: str


@dataclass(frozen=True, slots=True)
class Loss:
    """The loss of one step of a training."""

    step: int
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The state of a training after `step` steps. `path`: of a file that the agent is to delete; `name`: of the file
    when a later attempt resumes from it; `layers`: per example, 1 of an edit; `engine`: the one that trains.
    """

    step: int
    path: str
    name: str
    layers: int = 1
    engine: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """`path`: of a PNG that the model under training made of an example after `step` steps."""

    step: int
    path: str


@dataclass(frozen=True, slots=True)
class EngineIdle:
    """The engine can take the next order; the outputs of this run are still being written, and its outcome follows."""


RunMessage = Progress | Preview | LogLine | Loading | Loss | Checkpoint | Sample | EngineIdle
"""What an engine process sends during a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """How a run ended: its `result`, or the `failure`; a training that was cancelled has both.

    The files of the result are named as they are in the order's folder. `fault_id`, `traceback`: of a fault of ours,
    for the log; users only get the id.
    """

    result: Result | None = None
    failure: Failure | None = None
    fault_id: str = ""
    traceback: str = ""

    @property
    def is_cancelled(self) -> bool:
        return self.failure is not None and self.failure.code == ErrorCode.CANCELLED

    @property
    def is_engines_fault(self) -> bool:
        """True if it would fail again in the same way, and the user could not know."""
        return self.failure is not None and self.failure.code == ErrorCode.ENGINE_FAILED

    @property
    def breaks_process(self) -> bool:
        """True if the process that it came from can do no more, and exits."""
        return self.failure is not None and self.failure.code == ErrorCode.ENGINE_CRASHED

    @property
    def is_users_fault(self) -> bool:
        """True if it would fail again in the same way, and only the user can change that."""
        return self.failure is not None and self.failure.code in _USERS_FAULTS


@dataclass(frozen=True, slots=True)
class Unrecognized:
    """A message of another version or of another shape. `is_outcome`: it was to end its run."""

    is_outcome: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """What came from an engine process. `run`: the number of the run that it is about; None for the process itself."""

    run: int | None
    message: Ready | RunMessage | RunOutcome | Unrecognized


_READY, _OUTCOME, _RUN, _CANCEL, _STOP = "ready", "outcome", "run", "cancel", "stop"
_MESSAGES: dict[str, type[RunMessage]] = {
    "progress": Progress,
    "preview": Preview,
    "log": LogLine,
    "loading": Loading,
    "loss": Loss,
    "checkpoint": Checkpoint,
    "sample": Sample,
    "engine_idle": EngineIdle,
}
_TYPES = {message: name for name, message in _MESSAGES.items()}
_RESULTS: dict[type[Result], TaskKind] = {
    PicturesResult: TaskKind.GENERATE,
    StackResult: TaskKind.DECOMPOSE,
    TrainingResult: TaskKind.TRAIN,
}


def encode_command(command: Command) -> bytes:
    match command:
        case Run():
            order = {**encode(command.order), "kind": command.order.task.kind}
            return _line(_RUN, run=command.number, order=order)
        case Cancel():
            return _line(_CANCEL, run=command.number)
        case Stop():
            return _line(_STOP)


def decode_command(line: bytes) -> Command:
    """Raises KeyError, TypeError, ValueError or `LaminaError` for what is no command of this version."""
    value = json.loads(line)
    match value["type"]:
        case "run":
            record = value["order"]
            order = RunOrder(
                job_id=record["job_id"],
                attempt=record["attempt"],
                task=decode(TASKS[TaskKind(record["kind"])], record["task"]),
                folder=record["folder"],
                inputs={InputRole(role): tuple(paths) for role, paths in record["inputs"].items()},
                engine=record["engine"],
                delivery=Delivery(**record["delivery"]),
            )
            return Run(value["run"], order)
        case "cancel":
            return Cancel(value["run"])
        case "stop":
            return Stop()
        case other:
            raise ValueError(f"there is no command {other!r}")


def encode_ready() -> bytes:
    return _line(_READY)


def encode_message(run: int, message: RunMessage) -> bytes:
    return _line(_TYPES[type(message)], run=run, **encode(message))


def encode_outcome(run: int, outcome: RunOutcome) -> bytes:
    result, failure = outcome.result, outcome.failure
    return _line(
        _OUTCOME,
        run=run,
        result_of=None if result is None else _RESULTS[type(result)],
        result=None if result is None else encode_result(result),
        failure=None if failure is None else encode(failure),
        fault_id=outcome.fault_id,
        traceback=outcome.traceback,
    )


def decode_received(line: bytes) -> Received | None:
    """None for what is no message at all: a library may have written to the pipe."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        return None
    kind, run = value.pop("type"), value.pop("run", None)
    if not (run is None or isinstance(run, int)):
        return Received(None, Unrecognized())
    try:
        match kind:
            case "ready":
                return Received(run, Ready())
            case "outcome":
                result, failure = value["result"], value["failure"]
                outcome = RunOutcome(
                    result=None if result is None else decode_result(TaskKind(value["result_of"]), result),
                    failure=None if failure is None else Failure(**failure),
                    fault_id=value["fault_id"],
                    traceback=value["traceback"],
                )
                return Received(run, outcome)
            case _:
                return Received(run, _MESSAGES[kind](**value))
    except (KeyError, TypeError, ValueError):
        return Received(run, Unrecognized(is_outcome=kind == _OUTCOME))


def _line(kind: str, **fields: Any) -> bytes:
    return json.dumps({"type": kind, **fields}).encode() + b"\n"
