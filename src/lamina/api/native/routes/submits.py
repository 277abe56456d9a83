"""The routes that submit jobs."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response

from lamina.api.native.access import IdempotencyKey, Writer, WriterRoute
from lamina.api.native.answers import JobBody
from lamina.api.native.problem_route import Documented, problems
from lamina.api.native.rendering import render_job
from lamina.api.native.translate import (
    body_hash,
    parse_decomposition,
    parse_edit,
    parse_generation,
    parse_training,
)
from lamina.api.native.waiting import LONGEST_WAIT_S, parse_wait
from lamina.api.native.wire import (
    DecompositionFields,
    EditFields,
    GenerationFields,
    Strict,
    TrainingFields,
)
from lamina.api.shared.context import ApiContext, Context
from lamina.api.shared.waiting import WaitEnd, wait_for_result
from lamina.core.jobs import JobRequest
from lamina.core.keys import ApiKey
from lamina.files.sources import stored_inputs
from lamina.files.storage import address_of
from lamina.jobs.follow import JobView, view
from lamina.jobs.submit import submit

router = APIRouter(prefix="/v1", tags=["jobs"], route_class=WriterRoute)

_LOCATION = {"Location": {"description": "URL of the job.", "schema": {"type": "string"}}}
_ANSWERS: Documented = {
    200: {
        "description": "The job, which has ended within the time in `Prefer`.",
        "model": JobBody,
        "headers": {**_LOCATION, "Preference-Applied": {"schema": {"type": "string"}}},
    },
    202: {"description": "The queued job.", "headers": _LOCATION},
    **problems(400, 401, 402, 403, 404, 409, 413, 422, 429, 503),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A submit of a client, and the kind of response that it requests."""

    context: ApiContext
    key: ApiKey
    response: Response
    idempotency_key: str | None
    prefer: str | None

    async def submit(self, fields: Strict, request: JobRequest) -> JobBody:
        service, response = self.context.service, self.response
        stored = await stored_inputs(service, self.key, request)
        hashed = None if self.idempotency_key is None else body_hash(request.kind, fields)
        job = await submit(service, self.key, stored, self.idempotency_key, hashed)
        response.headers["Location"] = f"/v1/jobs/{job.id}"
        wait_s = parse_wait(self.prefer)
        outcome = None if wait_s is None else await wait_for_result(self.context, self.key.id, job.id, wait_s=wait_s)
        if outcome is not None and outcome.job is not None and outcome.end is WaitEnd.ENDED:
            response.status_code = 200
            response.headers["Preference-Applied"] = f"wait={wait_s}"
            shown = JobView(outcome.job)
        else:
            shown = await view(service, self.key.id, job.id)
        return render_job(shown, lambda file_id, media_type: address_of(service, file_id, media_type))


async def _submission(
    context: Context,
    key: Writer,
    response: Response,
    idempotency_key: IdempotencyKey = None,
    prefer: Annotated[
        str | None,
        Header(description=f"`wait=N`: respond when the job has ended, or after N seconds (at most {LONGEST_WAIT_S})."),
    ] = None,
) -> Submission:
    return Submission(context=context, key=key, response=response, idempotency_key=idempotency_key, prefer=prefer)


Submits = Annotated[Submission, Depends(_submission)]


@router.post("/decompositions", status_code=202, responses=_ANSWERS, summary="Decompose an image into layers")
async def decompose(submission: Submits, fields: DecompositionFields) -> JobBody:
    """The result is a stack: its layers are in the job's `result`, its files at `GET /v1/stacks/{id}.psd` etc."""
    return await submission.submit(fields, parse_decomposition(fields))


@router.post("/generations", status_code=202, responses=_ANSWERS, summary="Generate images from a prompt")
async def generate(submission: Submits, fields: GenerationFields) -> JobBody:
    """The images are in the job's `result`, with URLs that need no key and are valid for a day."""
    return await submission.submit(fields, parse_generation(fields))


@router.post("/edits", status_code=202, responses=_ANSWERS, summary="Edit images with a prompt")
async def edit(submission: Submits, fields: EditFields) -> JobBody:
    """`image` is the image to edit; `references` are further images that the prompt refers to."""
    return await submission.submit(fields, parse_edit(fields))


@router.post("/trainings", status_code=202, responses=_ANSWERS, summary="Train a LoRA")
async def train(submission: Submits, fields: TrainingFields) -> JobBody:
    """The LoRA is in the job's `result`; later requests name it as `job:ID`. With an invalid archive the job fails and
    costs nothing. A training that is cancelled keeps its last checkpoint and is charged for the steps up to it.
    """
    return await submission.submit(fields, parse_training(fields))
