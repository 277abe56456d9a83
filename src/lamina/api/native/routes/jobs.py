"""The routes that read, follow, cancel and delete jobs."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response, StreamingResponse

from lamina.api.native.access import JobId, Reader, Writer, known_job_id, reader_of
from lamina.api.native.answers import JOB_ID, JobBody, JobPage
from lamina.api.native.problem_route import Answer, ProblemRoute, answer_to, problems
from lamina.api.native.rendering import render_job
from lamina.api.native.waiting import event_stream
from lamina.api.shared.context import ApiContext, Context, context_of
from lamina.api.shared.parsing import ID_PATTERN
from lamina.core.errors import LaminaError
from lamina.core.jobs import JobState
from lamina.files.storage import address_of
from lamina.jobs.cancel import cancel
from lamina.jobs.follow import JobView, newest, view
from lamina.jobs.retention import forget

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=ProblemRoute)

_MOST = 100
_LATEST_EVENT = 2**31 - 1
Before = Annotated[
    str | None,
    Query(pattern=f"^{ID_PATTERN}$", description="Only jobs older than this one.",
          examples=[JOB_ID]),
]  # fmt: skip


@router.get("", responses=problems(401, 403, 422, 503), summary="List the jobs of the key")
async def list_jobs(
    context: Context,
    key: Reader,
    limit: Annotated[int, Query(ge=1, le=_MOST, description="Maximum number of jobs.")] = 20,
    before: Before = None,
    state: Annotated[JobState | None, Query(description="Only jobs in this state.")] = None,
) -> JobPage:
    page = await newest(context.service, key.id, limit, before, state)
    bodies = [_shown(context, JobView(job)) for job in page]
    return JobPage(jobs=bodies, next=page[-1].id if len(page) == limit else None)


class StatusRoute(ProblemRoute):
    """Bypasses FastAPI's handling: this route is called more often than all others together, and that takes longer
    than the query itself. The OpenAPI document and the responses are the same.
    """

    def get_route_handler(self) -> Answer:
        async def respond(request: Request) -> Response:
            try:
                key = await reader_of(request)
                job_id = await known_job_id(request.path_params["job_id"])
                body = _shown(context_of(request), await view(context_of(request).service, key.id, job_id))
            except LaminaError as error:
                return answer_to(request, error)
            return Response(body.model_dump_json(), media_type="application/json")

        return respond


status_router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=StatusRoute)


@status_router.get("/{job_id}", responses=problems(401, 403, 404, 503), summary="Get a job")
async def get_job(context: Context, key: Reader, job_id: JobId) -> JobBody:
    """Returns the job with its position in the queue and the estimated time."""
    return _shown(context, await view(context.service, key.id, job_id))


@router.get(
    "/{job_id}/events",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events: `state`, `progress` and `log`, for trainings also `loss`, "
            "`checkpoint` and `sample` (an image), each with an id to resume from. The stream ends with the event "
            "of the job's end.",
            "content": {"text/event-stream": {}},
        },
        **problems(401, 403, 404, 422, 503),
    },
    summary="Stream the events of a job",
)
async def follow_job(
    context: Context,
    key: Reader,
    job_id: JobId,
    after: Annotated[int, Query(ge=0, le=_LATEST_EVENT, description="Only events after this one.")] = 0,
    last_event_id: Annotated[
        str | None, Header(description="Same as `after`; browsers send it when they reconnect.")
    ] = None,
) -> StreamingResponse:
    await view(context.service, key.id, job_id)
    resumed = int(last_event_id) if last_event_id is not None and _is_event_id(last_event_id) else after
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    stream = event_stream(context, key.id, job_id, resumed)
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


@router.post("/{job_id}/cancel", responses=problems(401, 403, 404, 409, 503), summary="Cancel a job")
async def cancel_job(context: Context, key: Writer, job_id: JobId) -> JobBody:
    """A queued job is cancelled at once; a running one at its next step, with `is_cancel_requested` set until then."""
    return _shown(context, JobView(await cancel(context.service, key.id, job_id)))


@router.delete(
    "/{job_id}",
    status_code=204,
    response_class=Response,
    responses=problems(401, 403, 404, 409, 503),
    summary="Delete the prompts and images of a job",
)
async def delete_job(context: Context, key: Writer, job_id: JobId) -> None:
    """Its ledger entries stay. A job that has not ended must be cancelled first."""
    await forget(context.service, key.id, job_id)


def _is_event_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 10 and int(text) <= _LATEST_EVENT


def _shown(context: ApiContext, shown: JobView) -> JobBody:
    return render_job(shown, lambda file_id, media_type: address_of(context.service, file_id, media_type))
