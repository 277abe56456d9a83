"""The routes that upload, describe and delete files."""

import asyncio
import json
import shutil

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from lamina.api.native.access import FileId, Reader, Writer
from lamina.api.native.answers import FileBody
from lamina.api.native.problem_route import ProblemRoute, problems
from lamina.api.native.rendering import render_file
from lamina.api.native.wire import UploadFields
from lamina.api.shared.context import ApiContext, Context
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.files import FileRecord
from lamina.core.keys import ApiKey
from lamina.files.sources import file_of_data, file_of_path, file_of_url, scratch_file
from lamina.files.storage import address_of, own_file, remove_upload

router = APIRouter(prefix="/v1/files", tags=["files"], route_class=ProblemRoute)

_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        },
        "application/json": {"schema": UploadFields.model_json_schema()},
    },
}


@router.post(
    "",
    status_code=201,
    responses={
        201: {"headers": {"Location": {"schema": {"type": "string"}}}},
        **problems(400, 401, 403, 404, 413, 422, 503),
    },
    openapi_extra={"requestBody": _BODY},
    summary="Upload a file",
)
async def upload_file(request: Request, response: Response, context: Context, key: Writer) -> FileBody:
    """Send the file as the form field `file`, or as JSON: `{"url": ...}`, which is fetched, or `{"data": "data:..."}`.

    How long uploads are kept is a setting of the server.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        record = await _from_form(context, key, request)
    elif media_type == "application/json" or media_type.endswith("+json"):
        record = await _from_json(context, key, await request.body())
    else:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"A body of type {media_type[:80]!r} is not supported.",
            "Send multipart/form-data with a file, or JSON with url or data.",
        )
    response.headers["Location"] = f"/v1/files/{record.id}"
    return _shown(context, record)


@router.get("/{file_id}", responses=problems(401, 403, 404, 503), summary="Get a file")
async def get_file(context: Context, key: Reader, file_id: FileId) -> FileBody:
    """`url` is the address of its content."""
    return _shown(context, await own_file(context.service, key.id, file_id))


@router.delete("/{file_id}", status_code=204, responses=problems(401, 403, 404, 409, 503), summary="Delete an upload")
async def delete_file(context: Context, key: Writer, file_id: FileId) -> None:
    """Frees the storage of the key at once. A file that a job has made is deleted with the job."""
    await remove_upload(context.service, key.id, file_id)


async def _from_form(context: ApiContext, key: ApiKey, request: Request) -> FileRecord:
    async with request.form(max_files=1, max_fields=8) as form, scratch_file() as path:
        given = form.get("file")
        if not isinstance(given, UploadFile):
            raise RequestValidationError([{"loc": ("body", "file"), "msg": "Field required, with a file in it"}])
        with path.open("wb") as file:
            await asyncio.to_thread(shutil.copyfileobj, given.file, file)
        return await file_of_path(context.service, key, path, given.filename or "file")


async def _from_json(context: ApiContext, key: ApiKey, body: bytes) -> FileRecord:
    try:
        fields = UploadFields.model_validate(json.loads(body))
    except ValidationError as error:
        details = [{"loc": ("body", *detail["loc"]), "msg": detail["msg"]} for detail in error.errors()]
        raise RequestValidationError(details) from None
    except (ValueError, RecursionError):
        raise RequestValidationError([{"loc": ("body",), "msg": "JSON decode error"}]) from None
    if (fields.url is None) == (fields.data is None):
        raise LaminaError(ErrorCode.TASK_INVALID, "An upload needs either url or data.", "Give one of the two.")
    if fields.data is not None:
        return await file_of_data(context.service, key, fields.data, fields.name)
    assert fields.url is not None  # noqa: S101  (one of the two is there)
    return await file_of_url(context.service, key, fields.url, fields.name)


def _shown(context: ApiContext, record: FileRecord) -> FileBody:
    return render_file(record, lambda file_id, media_type: address_of(context.service, file_id, media_type))
