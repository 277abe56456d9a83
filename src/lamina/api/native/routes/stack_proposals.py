"""The routes of proposals: operations on stacks that need an engine, and so run as jobs."""

from fastapi import APIRouter, Response

from lamina.api.native.access import IdempotencyKey, JobId, StackId, Writer, WriterRoute
from lamina.api.native.problem_route import problems
from lamina.api.native.rendering import render_job
from lamina.api.native.routes.stack_edits import EDITED, Revision, shown
from lamina.api.native.stack_answers import EditableStackBody, ProposalBody
from lamina.api.native.stack_fields import ProposalFields
from lamina.api.native.stack_rendering import accept_path
from lamina.api.native.stack_translate import parse_proposal, proposal_request
from lamina.api.native.translate import body_hash
from lamina.api.shared.context import Context
from lamina.core.money import usd_of
from lamina.files.storage import address_of
from lamina.jobs.follow import view
from lamina.jobs.submit import earlier_job
from lamina.stacks.revisions import proposals

router = APIRouter(prefix="/v1/stacks", tags=["stacks"], route_class=WriterRoute)

_NO_FILE = "file:00000000-0000-7000-8000-000000000000"  # in the request of which only the price is needed


@router.post(
    "/{stack_id}/proposals",
    status_code=202,
    responses={
        200: {"description": "The price (`dry_run`).", "model": ProposalBody},
        202: {"headers": {"Location": {"description": "URL of the job.", "schema": {"type": "string"}}}},
        **problems(400, 401, 402, 403, 404, 409, 413, 422, 429, 503),
    },
    summary="Propose to take a layer apart, or to edit it",
)
async def propose(
    context: Context,
    key: Writer,
    stack_id: StackId,
    fields: ProposalFields,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> ProposalBody:
    """Submits a job that decomposes or edits the layer, with a price as other jobs have. The stack stays as it is until
    the proposal is accepted.
    """
    service = context.service
    hashed = None if idempotency_key is None else body_hash(f"proposal for {stack_id}", fields)
    job = None if fields.dry_run else await earlier_job(service, key, idempotency_key, hashed)
    if job is None:
        asked = fields.operation.model_dump(mode="json", exclude_none=True)
        async with context.conversions:
            wanted = await proposals.draft(
                service, context.pixels, key.id, stack_id, parse_proposal(fields), asked=asked
            )
        if fields.dry_run:
            response.status_code = 200
            price = service.pricing.most(proposal_request(fields, wanted, _NO_FILE))
            return ProposalBody(price_usd=usd_of(price), accept=None)
        job = await proposals.propose(
            service,
            key,
            wanted,
            lambda source: proposal_request(fields, wanted, source),
            idempotency_key=idempotency_key,
            body_hash=hashed,
        )
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    seen = await view(service, key.id, job.id)
    return ProposalBody(
        price_usd=usd_of(job.price_micros),
        job=render_job(seen, lambda file_id, media_type: address_of(service, file_id, media_type)),
        accept=accept_path(stack_id, job.id),
    )


@router.post("/{stack_id}/proposals/{job_id}/accept", responses=EDITED, summary="Accept a proposal")
async def accept_proposal(
    context: Context, key: Writer, stack_id: StackId, job_id: JobId, revision: Revision, response: Response
) -> EditableStackBody:
    """The picture does not change by it, but for an edit. The layer must look as it did when the proposal was made."""
    accepted = await proposals.accept(
        context.service, context.pixels, key.id, stack_id, job_id, revision, context.conversions
    )
    return shown(context, accepted, response)


@router.delete(
    "/{stack_id}/proposals/{job_id}",
    status_code=204,
    response_class=Response,
    responses=problems(401, 403, 404, 409, 503),
    summary="Discard a proposal",
)
async def discard_proposal(context: Context, key: Writer, stack_id: StackId, job_id: JobId) -> None:
    """Cancels its job, or deletes the job's result."""
    await proposals.discard(context.service, key.id, stack_id, job_id)
