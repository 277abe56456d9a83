"""The routes of fal's REST API that its clients call: issuing tokens and starting uploads."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from lamina.api.fal.access import app_token, cdn_token, key_for_app, key_for_storage
from lamina.api.fal.errors import Refused, refusal
from lamina.api.fal.fal_route import FalRoute
from lamina.api.fal.headers import parse_lifetime_s, parse_size
from lamina.api.fal.submit import read_json
from lamina.api.fal.uploads import MULTIPART, SINGLE, start_upload
from lamina.api.shared.context import context_of
from lamina.core.keys import Scope
from lamina.files.multipart import check_storage

router = APIRouter(prefix="/fal/rest", route_class=FalRoute, include_in_schema=False)

_TOKEN_S = 120.0
_CDN_TOKEN_S = 6 * 3600


@router.post("/tokens")
@router.post("/tokens/")
@router.post("/tokens/realtime")
async def make_token(request: Request) -> Response:
    """The response is a JSON string: a token that is used in URLs in place of a key."""
    key = await key_for_app(request, "tokens", Scope.WRITE)
    body = _object(await read_json(request))
    apps = body.get("allowed_apps")
    if not isinstance(apps, list) or not all(isinstance(app, str) for app in apps):
        raise Refused(refusal(422, "allowed_apps must be a list of names of applications."))
    seconds = body.get("token_expiration", body.get("duration", _TOKEN_S))
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 < seconds < float("inf")
    if not is_number:
        raise Refused(refusal(422, "token_expiration must be a number of seconds above 0."))
    return JSONResponse(app_token(context_of(request).service, key, apps, float(seconds)))


@router.post("/storage/auth/token")
async def make_cdn_token(request: Request) -> Response:
    """`expires_at` has an offset and no Z: Python before 3.11 cannot read that."""
    service, key = context_of(request).service, await key_for_storage(request)
    expires_at = int(service.clock()) + _CDN_TOKEN_S
    body = {
        "token": cdn_token(service, key, expires_at),
        "token_type": "Bearer",
        "base_url": f"{service.base_url}/fal/cdn",
        "expires_at": datetime.fromtimestamp(expires_at, UTC).isoformat(),
    }
    return JSONResponse(body)


@router.post("/storage/upload/initiate")
async def initiate(request: Request) -> Response:
    return await _initiated(request, SINGLE)


@router.post("/storage/upload/initiate-multipart")
async def initiate_multipart(request: Request) -> Response:
    return await _initiated(request, MULTIPART)


async def _initiated(request: Request, how: str) -> Response:
    """`upload_url` needs no key, since fal's JavaScript client sends none with it."""
    service, key = context_of(request).service, await key_for_storage(request)
    body = _object(await read_json(request))
    await check_storage(service, key.id, parse_size(body.get("file_size", body.get("size"))))
    upload = start_upload(service, key.id, str(body.get("file_name") or "file"), parse_lifetime_s(request.headers))
    upload_url = f"{service.base_url}/fal/cdn/{how}/{upload.token}"
    return JSONResponse({"upload_url": upload_url, "file_url": upload.file_url})


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refused(refusal(422, "The body must be a JSON object."))
    return body
