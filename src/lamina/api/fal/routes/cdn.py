"""The routes for uploads, authorized by a key, by a CDN token, or by a token in the URL."""

import re
from urllib.parse import unquote

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from lamina.api.fal.access import key_for_storage
from lamina.api.fal.errors import Refused, refusal
from lamina.api.fal.fal_route import FalRoute
from lamina.api.fal.headers import parse_lifetime_s, parse_size
from lamina.api.fal.submit import read_json
from lamina.api.fal.uploads import complete_upload, pending_upload, receive_part, start_upload
from lamina.api.shared.context import context_of
from lamina.files.multipart import MAX_PARTS, IncomingContent, PendingUpload, check_storage, store_whole

router = APIRouter(route_class=FalRoute, include_in_schema=False)

_PREFIX = "/fal/cdn"


@router.post(f"{_PREFIX}/files/upload")
async def upload(request: Request) -> Response:
    service, key = context_of(request).service, await key_for_storage(request)
    started = start_upload(service, key.id, _name(request), parse_lifetime_s(request.headers))
    await store_whole(service, _upload(request, started.token), _incoming(request))
    return JSONResponse({"access_url": started.file_url})


@router.post(f"{_PREFIX}/files/upload/multipart")
async def begin_parts(request: Request) -> Response:
    service, key = context_of(request).service, await key_for_storage(request)
    await check_storage(service, key.id, parse_size(request.headers.get("x-fal-file-size")))
    started = start_upload(service, key.id, _name(request), parse_lifetime_s(request.headers))
    return JSONResponse({"access_url": started.file_url, "uploadId": started.token})


@router.put(f"{_PREFIX}/upload/{{token}}")
async def put_whole(request: Request, token: str) -> Response:
    await store_whole(context_of(request).service, _upload(request, token), _incoming(request))
    return JSONResponse({})


@router.put(f"{_PREFIX}/multipart/{{token}}/{{number}}")
@router.put("/files/{file_id}/{signature}/{name}/multipart/{token}/{number}")
async def put_part(request: Request, token: str, number: str) -> Response:
    """fal's Python client reads the ETag, its JavaScript client the body."""
    pending = _upload(request, token)
    if not re.fullmatch("[0-9]{1,5}", number) or not 1 <= int(number) <= MAX_PARTS:
        raise Refused(refusal(400, f"A part's number is 1 to {MAX_PARTS}.", "bad_request"))
    etag = await receive_part(context_of(request).service, pending, int(number), _incoming(request))
    return JSONResponse({"partNumber": int(number), "etag": etag}, headers={"ETag": f'"{etag}"'})


@router.post(f"{_PREFIX}/multipart/{{token}}/complete")
@router.post("/files/{file_id}/{signature}/{name}/multipart/{token}/complete")
async def complete(request: Request, token: str) -> Response:
    pending = _upload(request, token)
    record = await complete_upload(context_of(request).service, pending, await read_json(request))
    return JSONResponse({"file_size": record.size, "content_type": record.media_type})


def _upload(request: Request, token: str) -> PendingUpload:
    return pending_upload(context_of(request).service, token)


def _incoming(request: Request) -> IncomingContent:
    return IncomingContent(request.stream(), parse_size(request.headers.get("content-length")))


def _name(request: Request) -> str:
    return unquote(request.headers.get("x-fal-file-name", "")) or "file"
