"""The routes of proposals: operations on stacks that need an engine, and so run as jobs."""

from fastapi import APIRouter, Response

from lamina.api.native.access import JobId, StackId, Writer, WriterRoute
from lamina.api.native.problem_route import problems
from lamina.api.native.rendering import render_job
from lamina.api.native.routes.stack_edits import EDITED, Revision, shown
from lamina.api.native.stack_answers import EditableStackBody, ProposalBody
from lamina.api.native.stack_fields import ProposalFields
from lamina.api.native.stack_translate import parse_proposal, proposal_request
from lamina.api.shared.context import Context
from lamina.core.money import usd_of
from lamina.files.storage import address_of
from lamina.jobs.follow import view
from lamina.stacks.revisions import proposals

router = APIRouter(prefix="/v1/stacks", tags=["stacks"], route_class=WriterRoute)

_NO_FILE = "file:00000000-0000-7000-8000-000000000000"  # in the request of which only the price is needed


@router.post(
    "/{stack_id}/proposals",
    status_code=202,
    responses={
        200: {"description": "The price (`dry_run`).", "model": ProposalBody},
        202: {"headers": {"Location": {"description": "URL of the job.", "schema": {"type": "string"}}}},
        **problems(400, 401, 402, 403, 404, 413, 422, 429, 503),
    },
    summary="Propose to take a layer apart",
)
async def propose(
    context: Context, key: Writer, stack_id: StackId, fields: ProposalFields, response: Response
) -> ProposalBody:
    """Submits a job that decomposes the layer, with a price as other jobs have. The stack stays as it is until the
    proposal is accepted.
    """
    service = context.service
    async with context.conversions:
        wanted = await proposals.draft(service, context.pixels, key.id, stack_id, parse_proposal(fields))
    price = usd_of(service.pricing.most(proposal_request(fields, wanted, _NO_FILE)))
    if fields.dry_run:
        response.status_code = 200
        return ProposalBody(price_usd=price, accept=None)
    job = await proposals.propose(service, key, wanted, lambda source: proposal_request(fields, wanted, source))
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    seen = await view(service, key.id, job.id)
    return ProposalBody(
        price_usd=price,
        job=render_job(seen, lambda file_id, media_type: address_of(service, file_id, media_type)),
        accept=f"/v1/stacks/{stack_id}/proposals/{job.id}/accept",
    )


@router.post("/{stack_id}/proposals/{job_id}/accept", responses=EDITED, summary="Accept a proposal")
async def accept_proposal(
    context: Context, key: Writer, stack_id: StackId, job_id: JobId, revision: Revision, response: Response
) -> EditableStackBody:
    """The picture does not change by it. The layer must look as it did when the proposal was made."""
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
