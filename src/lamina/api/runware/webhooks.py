"""Writes what Runware sends of its own accord: a result to a webhook, a file to an uploadEndpoint."""

import json
from collections.abc import Awaitable
from typing import Any

from lamina.api.runware.rendering import TASK_TYPE, failure_of, upload_file
from lamina.api.runware.results import file_content, results
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import Job
from lamina.core.webhooks import UPLOAD, Webhook
from lamina.service.service import Service
from lamina.webhooks.delivery import OutgoingRequest, Writer

_JSON = {"Content-Type": "application/json"}


def runware_writer(service: Service) -> Writer:
    def write(webhook: Webhook, job: Job, _now: float) -> Awaitable[OutgoingRequest]:
        return _upload(service, job) if webhook.event == UPLOAD else _webhook(service, job)

    return write


async def _webhook(service: Service, job: Job) -> OutgoingRequest:
    """The flat task object, without the `data` around it; of layers in files of their own, the first, and all of them
    under `layers`.
    """
    failure = failure_of(job)
    if failure is not None:
        body: dict[str, Any] = {**failure.body(TASK_TYPE, job.request.extra.get("task_uuid")), "status": "error"}
    else:
        items = await results(service, job)
        body = items[0] if len(items) == 1 else {**items[0], "layers": items}
    return OutgoingRequest(json.dumps(body).encode(), _JSON)


async def _upload(service: Service, job: Job) -> OutgoingRequest:
    file = upload_file(job)
    if file is None:
        raise LaminaError(ErrorCode.NOT_FOUND, "What was to be uploaded has been removed.", "Make it again.")
    content = await file_content(service, job.key_id, file.file)
    return OutgoingRequest(content, {"Content-Type": file.content_type}, "PUT")
