"""The tasks imageUpload and mediaStorage: they store media, to which later tasks refer by UUID."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from lamina.api.runware.access import Caller
from lamina.api.runware.errors import RunwareError
from lamina.api.runware.sources import parse_source
from lamina.api.runware.task_records import recorded
from lamina.api.runware.uuids import parse_uuid, render_uuid
from lamina.core.files import FileRecord
from lamina.core.jobs import FILE
from lamina.core.keys import Scope
from lamina.fetch.data_uri import is_data_uri
from lamina.files.sources import file_of_data, file_of_url
from lamina.files.storage import address_of, own_file, remove

Data = Sequence[Mapping[str, Any]]


def image_upload(caller: Caller, task: Mapping[str, Any]) -> AsyncIterator[Data]:
    caller.require(Scope.WRITE)
    return recorded(caller, task, _image_uploaded(caller, task))


def media_storage(caller: Caller, task: Mapping[str, Any]) -> AsyncIterator[Data]:
    caller.require(Scope.WRITE)
    work = _media_stored if task["operation"] == "upload" else _media_deleted
    return recorded(caller, task, work(caller, task))


async def _image_uploaded(caller: Caller, task: Mapping[str, Any]) -> AsyncIterator[Data]:
    record = await _store(caller, task["image"], "image")
    if not record.media_type.startswith("image/"):
        await remove(caller.service, [record])
        raise RunwareError(
            "invalidParameter",
            "The image cannot be read. Send PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF.",
            parameter="image",
            type="string",
        )
    yield [{**_about(task), "imageUUID": render_uuid(record.id), "imageURL": _address(caller, record)}]


async def _media_stored(caller: Caller, task: Mapping[str, Any]) -> AsyncIterator[Data]:
    record = await _store(caller, task["media"], "media")
    stored = {"operation": "upload", "mediaUUID": render_uuid(record.id), "mediaURL": _address(caller, record)}
    yield [{**_about(task), **stored}]


async def _media_deleted(caller: Caller, task: Mapping[str, Any]) -> AsyncIterator[Data]:
    media = task["media"]
    own_id = parse_uuid(media)
    if own_id is None:
        raise RunwareError("invalidParameter", "The media must be a UUID.", parameter="media", type="string")
    await remove(caller.service, [await own_file(caller.service, caller.key.id, own_id)])
    yield [{**_about(task), "operation": "delete", "mediaUUID": media}]


async def _store(caller: Caller, text: str, name: str) -> FileRecord:
    source = parse_source(text, name)
    if source.startswith(FILE):
        return await own_file(caller.service, caller.key.id, source.removeprefix(FILE))
    if is_data_uri(source):
        return await file_of_data(caller.service, caller.key, source, name)
    return await file_of_url(caller.service, caller.key, source, None)


def _about(task: Mapping[str, Any]) -> dict[str, Any]:
    return {"taskType": task["taskType"], "taskUUID": task["taskUUID"]}


def _address(caller: Caller, record: FileRecord) -> str:
    return address_of(caller.service, record.id, record.media_type)
