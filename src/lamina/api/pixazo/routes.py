"""Pixazo's routes, at the root and under /pixazo: asynchronous and synchronous submission, status and results."""

import json
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from lamina.api.pixazo.access import PREFIX, Reader, Writer
from lamina.api.pixazo.errors import invalid_fields, render_error, status_of
from lamina.api.pixazo.rendering import (
    RESULT_PATH,
    STATUS_PATH,
    no_such_request,
    render_edit,
    render_generation,
    render_result,
    render_status,
)
from lamina.api.pixazo.serving import addresses_of, answer_queued, answer_with_picture, own_job
from lamina.api.pixazo.translate import (
    LAYERED,
    MAX,
    MAX_EDIT,
    TRAINER,
    parse_edit,
    parse_edit_plus,
    parse_generation,
    parse_layered,
    parse_max,
    parse_max_edit,
    parse_trainer,
)
from lamina.api.pixazo.wire import (
    EditPlusFields,
    Fields,
    LayeredFields,
    MaxEditFields,
    MaxFields,
    MultimodeFields,
    ResultFields,
    TrainerFields,
)
from lamina.api.shared.causes import log_cause
from lamina.api.shared.context import Context
from lamina.core.errors import ErrorCode, LaminaError

_ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_MODEL_PATHS = (LAYERED, MAX, MAX_EDIT, "qwen-image-edit-plus", TRAINER, "qwen-image")

_MAX_BODY_BYTES = 64 << 20

_F = TypeVar("_F", bound=Fields)


class PixazoRoute(APIRoute):
    """A route whose errors have Pixazo's format."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def respond(request: Request) -> Response:
            try:
                return await handle(request)
            except LaminaError as error:
                log_cause(error, status_of(error.code))
                return render_error(error)
            except RequestValidationError as error:
                return render_error(invalid_fields(error.errors()))
            except HTTPException:
                return render_error(no_such_request())

        return respond


async def read_fields(request: Request, kind: type[_F]) -> _F:
    """The JSON body, whatever its Content-Type is. Raises `LaminaError`: task_invalid, input_too_large."""
    body = await _read_body(request)
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise LaminaError(ErrorCode.TASK_INVALID, "The body is not JSON.", "Send a JSON object.") from None
    if not isinstance(value, dict):
        raise LaminaError(ErrorCode.TASK_INVALID, "The body is not a JSON object.", "Send a JSON object.")
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise invalid_fields(error.errors(include_url=False, include_input=False)) from None


_vendor = APIRouter(route_class=PixazoRoute, include_in_schema=False)


@_vendor.post(f"/{LAYERED}/v1/{LAYERED}-request")
async def submit_layered(request: Request, context: Context, key: Writer) -> JSONResponse:
    fields = await read_fields(request, LayeredFields)
    return await answer_queued(request, context, key, parse_layered(fields))


@_vendor.post(RESULT_PATH)
async def ask_for_layers(request: Request, context: Context, key: Reader) -> JSONResponse:
    fields = await read_fields(request, ResultFields)
    return await _layers(context, key, fields.request_id)


@_vendor.get(RESULT_PATH + "/{request_id}")
async def get_layers(context: Context, key: Reader, request_id: str) -> JSONResponse:
    """The route of `response_url`."""
    return await _layers(context, key, request_id)


@_vendor.post(f"/{MAX}/v1/{MAX}-request")
async def submit_max(request: Request, context: Context, key: Writer) -> JSONResponse:
    fields = await read_fields(request, MaxFields)
    return await answer_queued(request, context, key, parse_max(fields))


@_vendor.post(f"/{MAX_EDIT}/v1/{MAX_EDIT}-request")
async def submit_max_edit(request: Request, context: Context, key: Writer) -> JSONResponse:
    fields = await read_fields(request, MaxEditFields)
    return await answer_queued(request, context, key, parse_max_edit(fields))


@_vendor.post("/qwen-image-edit-plus/v1/qwen-image-edit-plus-lora/generate")
async def submit_edit_plus(request: Request, context: Context, key: Writer) -> JSONResponse:
    fields = await read_fields(request, EditPlusFields)
    job_request = parse_edit_plus(fields)
    return await answer_queued(
        request, context, key, job_request, webhook=fields.webhook, wanted_events=fields.webhook_events_filter
    )


@_vendor.post(f"/{TRAINER}/v1/{TRAINER}/generate")
async def submit_training(request: Request, context: Context, key: Writer) -> JSONResponse:
    fields = await read_fields(request, TrainerFields)
    job_request = parse_trainer(fields)
    return await answer_queued(
        request, context, key, job_request, webhook=fields.webhook, wanted_events=fields.webhook_events_filter
    )


@_vendor.post("/qwen-image/v1/generateMultimodeTextToImageRequest")
async def generate(request: Request, context: Context, key: Writer) -> JSONResponse:
    fields = await read_fields(request, MultimodeFields)
    return await answer_with_picture(request, context, key, parse_generation(fields), render_generation)


@_vendor.post("/qwen-image/v1/generateMultimodeTextToImageEditRequest")
async def edit(request: Request, context: Context, key: Writer) -> JSONResponse:
    fields = await read_fields(request, MultimodeFields)
    return await answer_with_picture(request, context, key, parse_edit(fields), render_edit)


@_vendor.get(STATUS_PATH + "/{request_id}")
async def get_status(context: Context, key: Reader, request_id: str) -> JSONResponse:
    job = await own_job(context, key, request_id)
    return JSONResponse(render_status(job, addresses_of(context.service)))


async def _layers(context: Context, key: Reader, request_id: str) -> JSONResponse:
    job = await own_job(context, key, request_id)
    return JSONResponse(render_result(job, addresses_of(context.service)))


async def _read_body(request: Request) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > _MAX_BODY_BYTES:
        raise _too_large()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY_BYTES:
            raise _too_large()
    return bytes(body)


def _too_large() -> LaminaError:
    return LaminaError(
        ErrorCode.INPUT_TOO_LARGE,
        f"The body is larger than {_MAX_BODY_BYTES:,} bytes.",
        "Refer to images by URL instead.",
    )


async def _not_found() -> JSONResponse:
    return render_error(no_such_request())


for _path in (*(f"/{name}/v1" for name in _MODEL_PATHS), STATUS_PATH):
    _vendor.add_api_route(_path + "/{rest:path}", _not_found, methods=_ANY_METHOD)

_prefixed = APIRouter(prefix=PREFIX, route_class=PixazoRoute, include_in_schema=False)
_prefixed.include_router(_vendor)
_prefixed.add_api_route("/{rest:path}", _not_found, methods=_ANY_METHOD)

ROUTERS = (_vendor, _prefixed)
