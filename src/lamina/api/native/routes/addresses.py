"""The signed URLs of files: they return the content, whole or in part, with headers that stop browsers running it."""

import re
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response, StreamingResponse

from lamina.api.native.problem_route import ProblemRoute, problems
from lamina.api.shared.context import Context
from lamina.api.shared.parsing import is_id
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.files import FileRecord
from lamina.files.media_types import SVG
from lamina.files.signed_urls import path_signature
from lamina.files.storage import content, signed_file

router = APIRouter(tags=["files"], route_class=ProblemRoute)

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_KEPT_S = 3600
_BYTES = {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}


@router.head("/files/{place:path}", include_in_schema=False)
@router.get(
    "/files/{place:path}",
    response_class=Response,
    responses={
        200: {"description": "The content.", **_BYTES},
        206: {"description": "The range in `Range`.", **_BYTES},
        304: {"description": "The content has not changed (`If-None-Match`)."},
        416: {"description": "The file does not have this range."},
        **problems(404, 422, 503),
    },
    summary="Download a file",
)
async def get_content(
    request: Request,
    context: Context,
    place: str,
    expires: Annotated[str, Query(max_length=12)] = "",
    signature: Annotated[str, Query(max_length=100)] = "",
    range_: Annotated[str | None, Header(alias="Range", description="One range: `bytes=FIRST-LAST`.")] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """`place` is the id of the file with any extension. The URL is in the result of a job, and valid for a day."""
    file_id = _file_id(place)
    signed = (int(expires), signature) if _is_number(expires) else path_signature(place.removeprefix(file_id))
    record = await signed_file(context.service, file_id, *signed)
    tag = f'"{record.sha256}"'
    headers = _headers(record, tag)
    if if_none_match is not None and tag in if_none_match:
        return Response(status_code=304, headers=headers)
    wanted = parse_range(range_, record.size)
    if wanted is None:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{record.size}"})
    start, end = wanted
    headers["Content-Length"] = str(end - start)
    is_part = range_ is not None and (start, end) != (0, record.size)
    if is_part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{record.size}"
    status = 206 if is_part else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=record.media_type)
    body = content(context.service, record, start, end)
    return StreamingResponse(body, status, headers, record.media_type)


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """(start, end) of one range (RFC 9110, 14.2); the whole file for any other header; None if the file lacks it."""
    range_match = _RANGE.fullmatch(header.strip()) if header else None
    if range_match is None or not (range_match[1] or range_match[2]):
        return 0, size
    if not range_match[1]:
        return (max(0, size - int(range_match[2])), size) if int(range_match[2]) and size else None
    first, last = int(range_match[1]), int(range_match[2]) if range_match[2] else size - 1
    if last < first and range_match[2]:
        return 0, size
    return (first, min(last + 1, size)) if first < size else None


def _headers(record: FileRecord, tag: str) -> dict[str, str]:
    is_shown = record.media_type.startswith("image/") and record.media_type != SVG
    how = "inline" if is_shown else "attachment"
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", record.name)
    return {
        "Accept-Ranges": "bytes",
        "ETag": tag,
        "Cache-Control": f"private, max-age={_KEPT_S}",
        "Content-Disposition": f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(record.name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _file_id(place: str) -> str:
    file_id = re.split(r"[./]", place, maxsplit=1)[0]
    if not is_id(file_id):
        raise LaminaError(ErrorCode.NOT_FOUND, "There is no such file.", "Take the URL from the job.")
    return file_id
