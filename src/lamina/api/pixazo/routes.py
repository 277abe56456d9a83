"""Pixazo's routes, at the root and below /pixazo: those that queue, those that answer with a picture, the status."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from lamina.api.pixazo.access import PREFIX, Reader, Writer
from lamina.api.pixazo.bodies import read_fields
from lamina.api.pixazo.errors import render_error
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
from lamina.api.pixazo.vendor_route import PixazoRoute
from lamina.api.pixazo.wire import (
    EditPlusFields,
    LayeredFields,
    MaxEditFields,
    MaxFields,
    MultimodeFields,
    ResultFields,
    TrainerFields,
)
from lamina.api.shared.context import Context

_ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_MODEL_PATHS = (LAYERED, MAX, MAX_EDIT, "qwen-image-edit-plus", TRAINER, "qwen-image")

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
    """Where `response_url` leads."""
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
    asked = parse_edit_plus(fields)
    return await answer_queued(request, context, key, asked, fields.webhook, fields.webhook_events_filter)


@_vendor.post(f"/{TRAINER}/v1/{TRAINER}/generate")
async def submit_training(request: Request, context: Context, key: Writer) -> JSONResponse:
    fields = await read_fields(request, TrainerFields)
    asked = parse_trainer(fields)
    return await answer_queued(request, context, key, asked, fields.webhook, fields.webhook_events_filter)


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


async def _nothing_here() -> JSONResponse:
    return render_error(no_such_request())


for _path in (*(f"/{name}/v1" for name in _MODEL_PATHS), STATUS_PATH):
    _vendor.add_api_route(_path + "/{rest:path}", _nothing_here, methods=_ANY_METHOD)

_prefixed = APIRouter(prefix=PREFIX, route_class=PixazoRoute, include_in_schema=False)
_prefixed.include_router(_vendor)
_prefixed.add_api_route("/{rest:path}", _nothing_here, methods=_ANY_METHOD)

ROUTERS = (_vendor, _prefixed)
