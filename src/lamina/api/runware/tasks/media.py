"""The tasks imageUpload and mediaStorage: they store media, to which later tasks refer by UUID."""

from collections.abc import AsyncIterator, Sequence

from lamina.api.runware.access import Caller
from lamina.api.runware.answers import Answer, Media, UploadedImage
from lamina.api.runware.errors import parameter_error
from lamina.api.runware.sources import parse_source
from lamina.api.runware.task_fields import TaskFields
from lamina.api.runware.task_records import record_outcome
from lamina.api.runware.uuids import parse_uuid, render_uuid
from lamina.core.files import FileRecord
from lamina.core.jobs import FILE
from lamina.core.keys import Scope
from lamina.fetch.data_uri import is_data_uri
from lamina.files.sources import file_of_data, file_of_url
from lamina.files.storage import address_of, own_file, remove


def image_upload(caller: Caller, task: TaskFields) -> AsyncIterator[Sequence[Answer]]:
    caller.require(Scope.WRITE)
    return record_outcome(caller, task, _upload_image(caller, task))


def media_storage(caller: Caller, task: TaskFields) -> AsyncIterator[Sequence[Answer]]:
    caller.require(Scope.WRITE)
    work = _store_media if task.text("operation") == "upload" else _delete_media
    return record_outcome(caller, task, work(caller, task))


async def _upload_image(caller: Caller, task: TaskFields) -> AsyncIterator[Sequence[UploadedImage]]:
    record = await _store(caller, task.text("image"), "image")
    if not record.media_type.startswith("image/"):
        await remove(caller.service, [record])
        message = "The image cannot be read. Send PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF."
        raise parameter_error("invalidParameter", message, "image")
    image = UploadedImage(
        taskType=task.task_type,
        taskUUID=task.task_uuid,
        imageUUID=render_uuid(record.id),
        imageURL=address_of(caller.service, record.id, record.media_type),
    )
    yield [image]


async def _store_media(caller: Caller, task: TaskFields) -> AsyncIterator[Sequence[Media]]:
    record = await _store(caller, task.text("media"), "media")
    media = Media(
        taskType=task.task_type,
        taskUUID=task.task_uuid,
        operation="upload",
        mediaUUID=render_uuid(record.id),
        mediaURL=address_of(caller.service, record.id, record.media_type),
    )
    yield [media]


async def _delete_media(caller: Caller, task: TaskFields) -> AsyncIterator[Sequence[Media]]:
    media_uuid = task.text("media")
    own_id = parse_uuid(media_uuid)
    if own_id is None:
        raise parameter_error("invalidParameter", "The media must be a UUID.", "media")
    await remove(caller.service, [await own_file(caller.service, caller.key.id, own_id)])
    yield [Media(taskType=task.task_type, taskUUID=task.task_uuid, operation="delete", mediaUUID=media_uuid)]


async def _store(caller: Caller, text: str, name: str) -> FileRecord:
    source = parse_source(text, name)
    if source.startswith(FILE):
        return await own_file(caller.service, caller.key.id, source.removeprefix(FILE))
    if is_data_uri(source):
        return await file_of_data(caller.service, caller.key, source, name)
    return await file_of_url(caller.service, caller.key, source, None)
