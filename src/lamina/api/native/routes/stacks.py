"""The routes that return stacks: as JSON with an image per layer, and as files for other programs."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from lamina.api.native.access import JobId, Reader
from lamina.api.native.answers import StackBody
from lamina.api.native.problem_route import ProblemRoute, problems
from lamina.api.native.rendering import render_stack, stack_file
from lamina.api.shared.context import ApiContext, Context
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.files import FileRecord
from lamina.core.jobs import Job
from lamina.files.storage import address_of, fetch_content, own_file
from lamina.imaging import saving
from lamina.imaging.export_options import ExportOptions
from lamina.jobs.follow import view

router = APIRouter(prefix="/v1/stacks", tags=["stacks"], route_class=ProblemRoute)

Ending = Literal["psd", "ora", "pptx", "svg", "tiff", "webp", "zip"]
_MEDIA_TYPES: dict[Ending, str] = {
    "psd": "image/vnd.adobe.photoshop",
    "ora": "image/openraster",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "svg": "image/svg+xml",
    "tiff": "image/tiff",
    "webp": "image/webp",
    "zip": "application/zip",
}
_CHUNK_BYTES = 1 << 18
_FILE = {"schema": {"type": "string", "format": "binary"}}


@router.get(
    "/{job_id}.{ending}",
    response_class=StreamingResponse,
    responses={
        200: {"description": "The file.", "content": dict.fromkeys(_MEDIA_TYPES.values(), _FILE)},
        **problems(401, 403, 404, 409, 422, 503),
    },
    summary="Download a stack",
)
async def get_stack_file(
    context: Context,
    key: Reader,
    job_id: JobId,
    ending: Ending,
    editable: Annotated[
        bool,
        Query(description="Write editable text and shapes (PPTX, SVG), and type layers (PSD)."),
    ] = False,
    live_text: Annotated[bool, Query(description="Write editable text only.")] = False,
    live_shapes: Annotated[bool, Query(description="Write editable shapes only (PPTX, SVG).")] = False,
) -> StreamingResponse:
    """Photoshop, OpenRaster, PowerPoint, SVG, multi-page TIFF, animated WebP, or a ZIP of PNGs."""
    job = (await view(context.service, key.id, job_id)).job
    record = await own_file(context.service, key.id, stack_file(job))
    async with context.conversions:
        options = ExportOptions(editable_text=editable or live_text, native_shapes=editable or live_shapes)
        file = await _converted(context, record, ending, options)
    size = file.seek(0, 2)
    file.seek(0)
    headers = {
        "Content-Length": str(size),
        "Content-Disposition": f'attachment; filename="{job.id}.{ending}"',
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    }
    return StreamingResponse(_chunks(file), headers=headers, media_type=_MEDIA_TYPES[ending])


@router.get("/{job_id}", responses=problems(401, 403, 404, 409, 503), summary="Get a stack")
async def get_stack(context: Context, key: Reader, job_id: JobId) -> StackBody:
    """The id is that of the job. Layers are listed bottom first; each has the size of the canvas."""
    job: Job = (await view(context.service, key.id, job_id)).job
    stack_file(job)
    assert job.result is not None  # noqa: S101  (it has a stack)
    return render_stack(job, job.result, lambda file_id, media_type: address_of(context.service, file_id, media_type))


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


async def _chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
            yield chunk
