"""The tasks getResponse and getTaskDetails: they return the state and the results of an earlier task."""

from collections.abc import AsyncIterator, Sequence

from lamina.api.runware.access import PYTHON_SDK_V1, Caller
from lamina.api.runware.answers import Answer, Body, Image, Progress, TaskAnswer, TaskDetails
from lamina.api.runware.errors import RunwareError, parameter_error, parse_error
from lamina.api.runware.rendering import failure_of, render_progress
from lamina.api.runware.results import jobs_of, read_results
from lamina.api.runware.task_fields import TaskFields
from lamina.api.runware.task_records import TaskRecord, read_task
from lamina.api.runware.translate import original_task
from lamina.core.jobs import Job
from lamina.core.keys import Scope


async def get_response(caller: Caller, task: TaskFields) -> AsyncIterator[Sequence[Answer] | RunwareError]:
    caller.require(Scope.READ)
    jobs = await jobs_of(caller.service, caller.key.id, task.task_uuid)
    if not jobs:
        yield _render_record(await _existing_record(caller, task.task_uuid))
        return
    images, progress, failure = await _render_jobs(caller, jobs)
    if failure is not None and caller.is_first_generation and caller.is_streamed:
        yield failure  # these SDKs read only the first frame
        return
    if images or progress:
        yield [*images, *progress]
    if failure is not None:
        yield failure


async def get_task_details(caller: Caller, task: TaskFields) -> AsyncIterator[Sequence[TaskDetails]]:
    caller.require(Scope.READ)
    response: Body
    jobs = await jobs_of(caller.service, caller.key.id, task.task_uuid)
    if jobs:
        request = original_task(jobs[0].request)
        images, progress, failure = await _render_jobs(caller, jobs)
        response = {"data": [*images, *progress]}
        if failure is not None:
            response = {"errors": [failure.body(request.optional_text("taskType"), request.optional_text("taskUUID"))]}
    else:
        record = await _existing_record(caller, task.task_uuid)
        request = TaskFields(record["request"])
        response = {"errors": record["errors"]} if record["errors"] else {"data": record["data"]}
    details = TaskDetails(
        taskType="getTaskDetails", taskUUID=task.task_uuid, request=[request.to_json()], response=response
    )
    yield [details]


async def _render_jobs(caller: Caller, jobs: Sequence[Job]) -> tuple[list[Image], list[Progress], RunwareError | None]:
    """(results, progress of unfinished jobs, the error of a failed job once all have ended)."""
    unfinished = [job for job in jobs if job.state.is_open]
    failure = None if unfinished else next((failure for job in jobs if (failure := failure_of(job))), None)
    if failure is not None:
        failure.details["status"] = "error"
    if unfinished and caller.sdk == PYTHON_SDK_V1:
        # This SDK waits for a number of items, and counts finished ones at every poll.
        return [], [render_progress(job) for job in jobs], None
    finished = [job for job in jobs if not job.state.is_open and failure_of(job) is None]
    images: list[Image] = [
        {**image, "status": "success"} for job in finished for image in await read_results(caller.service, job)
    ]
    return images, [render_progress(job) for job in unfinished], failure


async def _existing_record(caller: Caller, task_uuid: str) -> TaskRecord:
    record = await read_task(caller, task_uuid)
    if record is None:
        raise parameter_error("taskNotFound", f"This account has no task {task_uuid}.", "taskUUID")
    return record


def _render_record(record: TaskRecord) -> Sequence[Answer] | RunwareError:
    if record["errors"]:
        error = parse_error(record["errors"][0])
        error.details["status"] = "error"
        return error
    if record["status"] == "processing":
        request = TaskFields(record["request"])
        return [TaskAnswer(taskType=request.task_type, taskUUID=request.task_uuid, status="processing")]
    answers: list[Answer] = [{"status": "success", **answer} for answer in record["data"]]
    return answers
