"""Parses the tasks in a client's message and runs each: the same over WebSocket and HTTP."""

import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from lamina.api.runware.access import Caller
from lamina.api.runware.aliases import with_current_names
from lamina.api.runware.answers import Answer, Body
from lamina.api.runware.errors import RunwareError, crash, error_of, parameter_error
from lamina.api.runware.fields import check, is_task_uuid
from lamina.api.runware.task_fields import TaskFields
from lamina.api.runware.tasks import HANDLERS
from lamina.api.runware.wire import IMAGE_INFERENCE, TASKS
from lamina.api.shared.parsing import parse_json
from lamina.core.errors import LaminaError

MAX_TASKS = 100  # per message
_MAX_SHOWN_LENGTH = 100
_INVALID_UUID = "The taskUUID must be a version 4 UUID, a new one for each task."
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Frame:
    """Results or one error, never both: clients treat a frame with errors as a failure of everything in it."""

    data: Sequence[Answer] = ()
    error: RunwareError | None = None
    task_type: str | None = None
    task_uuid: str | None = None

    def body(self) -> Body:
        return render_frames([self])


def render_frames(frames: Sequence[Frame]) -> Body:
    """The data and the errors of all frames. `errors` is omitted if empty, since clients take it for an error."""
    body: Body = {}
    data = [answer for frame in frames for answer in frame.data]
    errors = [frame.error.body(frame.task_type, frame.task_uuid) for frame in frames if frame.error is not None]
    if data or not errors:
        body["data"] = data
    if errors:
        body["errors"] = errors
    return body


def parse_message(text: str | bytes) -> list[TaskFields]:
    """The tasks of a message. Raises `RunwareError` (invalidParameter, arrayTooSmall, arrayTooLarge)."""
    try:
        tasks = parse_json(text)
    except RecursionError:
        raise RunwareError("invalidParameter", "The message is nested too deeply.") from None
    except ValueError:
        raise RunwareError("invalidParameter", "The message is not JSON: send an array of tasks.") from None
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        raise RunwareError("invalidParameter", "The message must be a JSON array of task objects.", type="array")
    if not tasks:
        raise RunwareError("arrayTooSmall", "The message contains no tasks.", type="array", min=1)
    if len(tasks) > MAX_TASKS:
        raise RunwareError(
            "arrayTooLarge",
            f"The message has {len(tasks)} tasks; send at most {MAX_TASKS} at once.",
            type="array",
            max=MAX_TASKS,
        )
    return [TaskFields(task) for task in tasks]


async def run_task(caller: Caller, task: TaskFields) -> AsyncIterator[Frame]:
    """Runs one task and yields its frames as they are ready."""
    task_type = _shown_text(task, "taskType")
    try:
        valid_type = _check_type(task_type)
        handler = HANDLERS[valid_type]
        if valid_type != IMAGE_INFERENCE:
            task = with_current_names(task)
            check(task, TASKS[valid_type])
        elif not is_task_uuid(task.value("taskUUID")):
            code = "invalidParameter" if "taskUUID" in task else "missingParameter"
            raise parameter_error(code, _INVALID_UUID, "taskUUID")
        async for outcome in handler(caller, task):
            yield error_frame(task, outcome) if isinstance(outcome, RunwareError) else Frame(outcome)
    except (RunwareError, LaminaError) as error:
        yield error_frame(task, error_of(error))
    except Exception:  # noqa: BLE001  (a WebSocket has no outer error handler, and other tasks must go on)
        _log.exception("a task failed unexpectedly")
        caller.service.observer.request_crashed(f"runware/{task_type}" if task_type in HANDLERS else "runware")
        yield error_frame(task, crash())


def error_frame(task: TaskFields, error: RunwareError) -> Frame:
    return Frame(error=error, task_type=_shown_text(task, "taskType"), task_uuid=_shown_text(task, "taskUUID"))


def _shown_text(task: TaskFields, name: str) -> str | None:
    text = task.optional_text(name)
    return None if text is None else text[:_MAX_SHOWN_LENGTH].encode(errors="replace").decode()


def _check_type(task_type: str | None) -> str:
    if task_type is None:
        raise parameter_error("missingParameter", "The task has no taskType.", "taskType")
    if task_type not in HANDLERS:
        message = f"The taskType {task_type!r} is not supported."
        raise parameter_error("unsupportedTaskType", message, "taskType", sorted(HANDLERS))
    return task_type
