"""What a client gets when a task fails unexpectedly, and when a parameter is null."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from runware_tasks import generation

from lamina.api.runware.access import Caller
from lamina.api.runware.messages import run_task
from lamina.api.runware.task_fields import TaskFields
from lamina.api.shared.context import ApiContext
from lamina.core.jobs import JobRequest
from lamina.store.database import Database
from services import new_key, run, service_on


def test_a_url_that_is_null_is_as_good_as_absent(
    database_url: str, opened: Callable[[str], Database], tmp_path: Path
) -> None:
    async def answers() -> list[Any]:
        caller = Caller(context=ApiContext(service=service, is_here=lambda _: True), key=key)
        return [frame.body() async for frame in run_task(caller, TaskFields(task))]

    service = service_on(opened(database_url), tmp_path)
    key = new_key(service)
    task = generation(webhookURL=None, uploadEndpoint=None, deliveryMethod="async")
    assert run(answers()) == [{"data": [{"taskType": "imageInference", "taskUUID": task["taskUUID"]}]}]


def test_a_fault_of_ours_is_an_answer_with_the_tasks_own_uuid(
    database_url: str, opened: Callable[[str], Database], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def no_price(_request: JobRequest) -> int:
        raise RuntimeError("hunter2")

    async def told(task: dict[str, Any]) -> list[dict[str, Any]]:
        caller = Caller(context=ApiContext(service=service, is_here=lambda _: True), key=key)
        return [frame.body() async for frame in run_task(caller, TaskFields(task))]

    service = replace(service_on(opened(database_url), tmp_path), pricing=SimpleNamespace(most=no_price))
    key = new_key(service)
    task = generation()
    with caplog.at_level(logging.ERROR):
        (frame,) = run(told(task))
    (error,) = frame["errors"]
    assert (error["code"], error["taskUUID"]) == ("internalServerError", task["taskUUID"])
    assert error["taskType"] == "imageInference"
    assert "hunter2" not in str(frame)
    assert "hunter2" in caplog.text
    assert ("crashed", "runware/imageInference") in service.observer.told  # pyright: ignore[reportAttributeAccessIssue]
