"""Builds the requests to webhooks (results) and to the uploadEndpoint (files)."""

import json
from collections.abc import Awaitable

from lamina.api.runware.answers import ErrorBody, Image
from lamina.api.runware.rendering import failure_of, upload_file
from lamina.api.runware.response_options import response_options
from lamina.api.runware.results import file_content, read_results
from lamina.api.runware.wire import IMAGE_INFERENCE
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
    """The task object without the enclosing `data`. If layers are separate files, it is the object of the first layer,
    and `layers` contains all of them.
    """
    body: ErrorBody | Image
    failure = failure_of(job)
    if failure is not None:
        body = {**failure.body(IMAGE_INFERENCE, response_options(job).task_uuid), "status": "error"}
    else:
        images = await read_results(service, job)
        body = images[0] if len(images) == 1 else {**images[0], "layers": images}
    return OutgoingRequest(json.dumps(body).encode(), _JSON)


async def _upload(service: Service, job: Job) -> OutgoingRequest:
    file = upload_file(job)
    if file is None:
        raise LaminaError(ErrorCode.NOT_FOUND, "The file to upload has been deleted.", "Generate it again.")
    content = await file_content(service, job.key_id, file.file)
    return OutgoingRequest(content, {"Content-Type": file.content_type}, "PUT")
