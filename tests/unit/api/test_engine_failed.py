"""How each API tells of an engine's own fault: as ours, with the sentence, and not as worth another try."""

from lamina.api.fal.errors import answer_to_failure
from lamina.api.native.errors import problem
from lamina.api.pixazo.errors import render_error
from lamina.api.runware.errors import error_of_failure
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import AbsentTask, Failure, Job, JobRequest, JobState
from lamina.core.tasks import TaskKind

MESSAGE, HINT = "The classic engine failed. Fault 1a2b3c4d in the log of the service.", "Ask for another size."
FAILURE = Failure(ErrorCode.ENGINE_FAILED, MESSAGE, HINT)
JOB = Job(
    id="job",
    key_id="key",
    request=JobRequest(task=AbsentTask(TaskKind.DECOMPOSE)),
    state=JobState.ERRORED,
    attempt=1,
    created_at=0.0,
    queued_at=0.0,
    price_micros=0,
    failure=FAILURE,
)  # fmt: skip


def test_native() -> None:
    told = problem(LaminaError(ErrorCode.ENGINE_FAILED, MESSAGE, HINT))
    assert (told["status"], told["code"], told["detail"], told["hint"]) == (500, "engine_failed", MESSAGE, HINT)


def test_fal() -> None:
    answer = answer_to_failure(None, JOB)
    assert answer.status == 500
    [detail] = answer.body["detail"]
    assert (detail["type"], detail["msg"]) == ("internal_server_error", f"{MESSAGE} {HINT}")
    assert answer.headers["X-Fal-Retryable"] == "false" and answer.headers["X-Fal-Needs-Retry"] == "0"


def test_pixazo() -> None:
    answer = render_error(LaminaError(ErrorCode.ENGINE_FAILED, MESSAGE, HINT))
    assert answer.status_code == 500
    assert MESSAGE in bytes(answer.body).decode()


def test_runware() -> None:
    told = error_of_failure(FAILURE, JobState.ERRORED)
    assert (told.code, told.status, told.message) == ("inferenceError", 500, f"{MESSAGE} {HINT}")
