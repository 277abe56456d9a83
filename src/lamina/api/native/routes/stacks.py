"""The routes that return stacks: as JSON, as files for other programs, and as previews.

An id is that of a stack that can be edited, or that of a job, whose stack is returned as it was first made.
"""

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response, StreamingResponse

from lamina.api.native.access import Reader, StackId
from lamina.api.native.answers import JOB_ID, StackBody
from lamina.api.native.problem_route import ProblemRoute, problems
from lamina.api.native.rendering import render_stack
from lamina.api.native.stack_answers import EditableStackBody, ProposalPage, RevisionPage, StackPage
from lamina.api.native.stack_endings import MEDIA_TYPES, Ending, sent_file
from lamina.api.native.stack_rendering import render_editable, render_proposals, render_revisions, render_summary
from lamina.api.shared.context import ApiContext, Context
from lamina.api.shared.parsing import ID_PATTERN
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.files import FileRecord
from lamina.core.jobs import Job
from lamina.files.storage import address_of, fetch_content, own_file
from lamina.imaging import saving
from lamina.imaging.export_options import ExportOptions
from lamina.jobs.follow import view as view_job
from lamina.stacks.revisions import proposals, reading, showing
from lamina.stacks.revisions.addresses import PixelAddresses, check_address
from lamina.stacks.revisions.sources import stack_file

router = APIRouter(prefix="/v1/stacks", tags=["stacks"], route_class=ProblemRoute)

_MOST = 100
_LARGEST_REVISION = 2**31 - 1
_LARGEST_PREVIEW_PX = 4096
_FILE = {"schema": {"type": "string", "format": "binary"}}
_PNG = {200: {"description": "PNG.", "content": {"image/png": _FILE}}}
_FOR_EVER = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
Expires = Annotated[str, Query(max_length=12)]
Signature = Annotated[str, Query(max_length=100)]


@router.get("", responses=problems(401, 403, 422, 503), summary="List the stacks of the key")
async def list_stacks(
    context: Context,
    key: Reader,
    limit: Annotated[int, Query(ge=1, le=_MOST, description="Maximum number of stacks.")] = 20,
    before: Annotated[
        str | None,
        Query(pattern=f"^{ID_PATTERN}$", description="Only stacks older than this one.", examples=[JOB_ID]),
    ] = None,
) -> StackPage:
    """Those that can be edited. The stacks of jobs are in the jobs' results."""
    page = await reading.newest(context.service, key.id, limit, before)
    return StackPage(stacks=[render_summary(stack) for stack in page], next=page[-1].id if len(page) == limit else None)


@router.get(
    "/{stack_id}.{ending}",
    response_class=StreamingResponse,
    responses={
        200: {"description": "The file.", "content": dict.fromkeys(MEDIA_TYPES.values(), _FILE)},
        **problems(401, 403, 404, 409, 422, 503),
    },
    summary="Download a stack",
)
async def get_stack_file(
    context: Context,
    key: Reader,
    stack_id: StackId,
    ending: Ending,
    editable: Annotated[
        bool,
        Query(description="Write editable text and shapes (PPTX, SVG), and type layers (PSD)."),
    ] = False,
    live_text: Annotated[bool, Query(description="Write editable text only.")] = False,
    live_shapes: Annotated[bool, Query(description="Write editable shapes only (PPTX, SVG).")] = False,
) -> StreamingResponse:
    """Photoshop, OpenRaster, PowerPoint, SVG, multi-page TIFF, animated WebP, a ZIP of PNGs, or one flat PNG."""
    options = ExportOptions(editable_text=editable or live_text, native_shapes=editable or live_shapes)
    edited = await reading.find(context.service, key.id, stack_id)
    if edited is not None:
        async with context.conversions:
            file = await showing.export(context.service, context.pixels, edited.document, ending, options)
        return sent_file(file, stack_id, ending, edited.stack.name)
    job = (await view_job(context.service, key.id, stack_id)).job
    record = await own_file(context.service, key.id, stack_file(job))
    async with context.conversions:
        file = await _converted(context, record, ending, options)
    return sent_file(file, job.id, ending)


@router.get("/{stack_id}", responses=problems(401, 403, 404, 409, 503), summary="Get a stack")
async def get_stack(
    context: Context, key: Reader, stack_id: StackId, response: Response
) -> StackBody | EditableStackBody:
    """A stack that can be edited, as a tree of layers and groups; its revision is in the `ETag`, too.

    With the id of a job: its stack as it was first made, as a list of layers that have the size of the canvas. Lists
    begin with the lowest layer.
    """
    edited = await reading.find(context.service, key.id, stack_id)
    if edited is not None:
        response.headers["ETag"] = f'"{edited.stack.revision}"'
        return render_editable(edited, PixelAddresses(context.service, stack_id))
    job: Job = (await view_job(context.service, key.id, stack_id)).job
    stack_file(job)
    assert job.result is not None  # noqa: S101  (it has a stack)
    return render_stack(job, job.result, lambda file_id, media_type: address_of(context.service, file_id, media_type))


@router.get("/{stack_id}/revisions", responses=problems(401, 403, 404, 422, 503), summary="List the revisions")
async def list_revisions(
    context: Context,
    key: Reader,
    stack_id: StackId,
    limit: Annotated[int, Query(ge=1, le=_MOST, description="Maximum number of revisions.")] = 50,
    before: Annotated[
        int | None, Query(ge=1, le=_LARGEST_REVISION, description="Only revisions older than this one.")
    ] = None,
) -> RevisionPage:
    """Newest first. A stack keeps its last 900 to 1,000 revisions."""
    stack, page = await reading.revisions(context.service, key.id, stack_id, limit, before)
    return render_revisions(stack, page, limit)


@router.get("/{stack_id}/proposals", responses=problems(401, 403, 404, 422, 503), summary="List the open proposals")
async def list_proposals(
    context: Context,
    key: Reader,
    stack_id: StackId,
    limit: Annotated[int, Query(ge=1, le=_MOST, description="Maximum number of proposals.")] = 50,
    before: Annotated[
        str | None, Query(pattern=f"^{ID_PATTERN}$", description="Only proposals older than this one.")
    ] = None,
) -> ProposalPage:
    """Newest first, those whose jobs have failed included, until they are accepted or discarded."""
    page = await proposals.opened(context.service, key.id, stack_id, limit, before)
    return render_proposals(stack_id, page, limit)


@router.get(
    "/{stack_id}/preview.png",
    response_class=Response,
    responses={**_PNG, 304: {"description": "Not changed (`If-None-Match`)."}, **problems(401, 403, 404, 422, 503)},
    summary="Get a preview of a stack",
)
async def get_preview(
    context: Context,
    key: Reader,
    stack_id: StackId,
    size: Annotated[
        int, Query(ge=16, le=_LARGEST_PREVIEW_PX, description="Longer side in pixels, at most that of the stack.")
    ] = 1024,
    revision: Annotated[
        int | None, Query(ge=1, le=_LARGEST_REVISION, description="Number of a revision; by default the current one.")
    ] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """What a revision shows. The first one, as the stack was made, is kept as long as the stack."""
    if revision is not None:
        document = await reading.earlier(context.service, key.id, stack_id, revision)
        async with context.conversions:
            content = await showing.preview(context.service, context.pixels, document, size)
        return Response(content, media_type="image/png", headers={"Cache-Control": _FOR_EVER["Cache-Control"]})
    view = await reading.view(context.service, key.id, stack_id)
    tag = f'"{view.stack.revision}-{size}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if if_none_match is not None and tag in if_none_match:
        return Response(status_code=304, headers=headers)
    async with context.conversions:
        content = await showing.preview(context.service, context.pixels, view.document, size)
    return Response(content, media_type="image/png", headers=headers)


@router.get(
    "/{stack_id}/pixels/{sha256}.png",
    response_class=Response,
    responses={**_PNG, **problems(404, 422, 503)},
    summary="Download the pixels of a layer",
)
async def get_pixels(
    context: Context, stack_id: StackId, sha256: str, expires: Expires = "", signature: Signature = ""
) -> Response:
    """The URL is in the stack, and needs no API key. What it returns never changes."""
    check_address(context.service, stack_id, sha256, _number(expires), signature)
    content = await showing.pixel_data(context.service, stack_id, sha256)
    return StreamingResponse(content, headers=_FOR_EVER, media_type="image/png")


@router.get(
    "/{stack_id}/previews/{sha256}.png",
    response_class=Response,
    responses={**_PNG, **problems(404, 422, 503)},
    summary="Download a small picture of a layer",
)
async def get_small_pixels(
    context: Context, stack_id: StackId, sha256: str, expires: Expires = "", signature: Signature = ""
) -> Response:
    """The URL is in the stack, and needs no API key. What it returns never changes."""
    check_address(context.service, stack_id, sha256, _number(expires), signature)
    async with context.conversions:
        content = await showing.small_pixels(context.service, context.pixels, stack_id, sha256)
    return Response(content, headers=_FOR_EVER, media_type="image/png")


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None


async def _converted(context: ApiContext, record: FileRecord, ending: Ending, options: ExportOptions) -> BinaryIO:
    """An open file that is already deleted: it disappears when it is closed."""
    folder = Path(tempfile.mkdtemp(prefix="lamina-stack-"))
    try:
        source = folder / "stack.zip"
        await fetch_content(context.service, record, source)
        return await asyncio.to_thread(_convert, source, folder / f"out.{ending}", options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _convert(source: Path, target: Path, options: ExportOptions) -> BinaryIO:
    if target.suffix == source.suffix:
        return source.open("rb")
    try:
        stack = saving.load(source)
    except LaminaError as error:  # we wrote it, so the request is not at fault
        raise LaminaError(ErrorCode.STORE_UNAVAILABLE, f"The stored stack cannot be read: {error.message}") from error
    saving.save(stack, target, options)
    return target.open("rb")
