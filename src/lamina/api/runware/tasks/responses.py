"""The tasks getResponse and getTaskDetails: they return the state and the results of an earlier task."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from lamina.api.runware.access import OLD_PYTHON, Caller
from lamina.api.runware.errors import RunwareError
from lamina.api.runware.rendering import failure_of, render_progress
from lamina.api.runware.results import jobs_of, results
from lamina.api.runware.task_records import record_of_task
from lamina.api.runware.translate import asked
from lamina.core.jobs import Job
from lamina.core.keys import Scope

Data = Sequence[Mapping[str, Any]]
_SUCCESS, _ERROR = {"status": "success"}, {"status": "error"}


async def get_response(caller: Caller, task: Mapping[str, Any]) -> AsyncIterator[Data | RunwareError]:
    caller.require(Scope.READ)
    task_uuid = str(task["taskUUID"])
    jobs = await jobs_of(caller.service, caller.key.id, task_uuid)
    if not jobs:
        yield _of_record(await _known_record(caller, task_uuid))
        return
    finished, open_, failure = await _sorted(caller, jobs)
    if failure is not None and caller.is_first_generation and caller.is_streamed:
        yield failure  # these SDKs read only the first frame
        return
    if finished or open_:
        yield [*finished, *open_]
    if failure is not None:
        yield failure


async def get_task_details(caller: Caller, task: Mapping[str, Any]) -> AsyncIterator[Data]:
    caller.require(Scope.READ)
    task_uuid = str(task["taskUUID"])
    jobs = await jobs_of(caller.service, caller.key.id, task_uuid)
    if jobs:
        request = asked(jobs[0].request)
        finished, open_, failure = await _sorted(caller, jobs)
        response = {"errors": [_body(failure, request)]} if failure else {"data": [*finished, *open_]}
    else:
        record = await _known_record(caller, task_uuid)
        request = record["request"]
        response = {"errors": record["errors"]} if record["errors"] else {"data": record["data"]}
    yield [{"taskType": "getTaskDetails", "taskUUID": task_uuid, "request": [request], "response": response}]


async def _sorted(
    caller: Caller, jobs: Sequence[Job]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], RunwareError | None]:
    """(results, progress of unfinished jobs, the error of a failed job once all have ended)."""
    open_ = [job for job in jobs if job.state.is_open]
    failure = None if open_ else next((failure for job in jobs if (failure := failure_of(job))), None)
    if failure is not None:
        failure.details.update(_ERROR)
    if open_ and caller.sdk == OLD_PYTHON:  # it waits for a number of items, and counts finished ones at every poll
        return [], [render_progress(job) for job in jobs], None
    progress = [render_progress(job) for job in open_]
    finished = [job for job in jobs if not job.state.is_open and failure_of(job) is None]
    items = [{**item, **_SUCCESS} for job in finished for item in await results(caller.service, job)]
    return items, progress, failure


async def _known_record(caller: Caller, task_uuid: str) -> dict[str, Any]:
    record = await record_of_task(caller, task_uuid)
    if record is None:
        raise RunwareError(
            "taskNotFound", f"This account has no task {task_uuid}.", parameter="taskUUID", type="string"
        )
    return record


def _of_record(record: Mapping[str, Any]) -> Data | RunwareError:
    request = record["request"]
    if record["errors"]:
        details = {name: value for name, value in record["errors"][0].items() if name not in ("taskType", "taskUUID")}
        return RunwareError(details.pop("code"), details.pop("message"), **details, **_ERROR)
    if record["status"] == "processing":
        return [{"taskType": request["taskType"], "taskUUID": request["taskUUID"], "status": "processing"}]
    return [{**_SUCCESS, **item} for item in record["data"]]


def _body(failure: RunwareError, request: Mapping[str, Any]) -> dict[str, Any]:
    return failure.body(request.get("taskType"), request.get("taskUUID"))
