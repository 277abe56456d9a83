"""The file formats that stacks are downloaded in, and how such files are sent."""

import asyncio
from collections.abc import AsyncIterator
from typing import BinaryIO, Literal
from urllib.parse import quote

from fastapi.responses import StreamingResponse

Ending = Literal["psd", "ora", "pptx", "svg", "tiff", "webp", "zip", "png"]
MEDIA_TYPES: dict[Ending, str] = {
    "psd": "image/vnd.adobe.photoshop",
    "ora": "image/openraster",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "svg": "image/svg+xml",
    "tiff": "image/tiff",
    "webp": "image/webp",
    "zip": "application/zip",
    "png": "image/png",
}
_CHUNK_BYTES = 1 << 18


def sent_file(file: BinaryIO, stack_id: str, ending: Ending, name: str = "") -> StreamingResponse:
    """The response with the file, which is closed at its end. `name`: of the stack, if it has one."""
    saved_as = quote(name or stack_id, safe="")
    size = file.seek(0, 2)
    file.seek(0)
    headers = {
        "Content-Length": str(size),
        "Content-Disposition": f"attachment; filename=\"{stack_id}.{ending}\"; filename*=UTF-8''{saved_as}.{ending}",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    }
    return StreamingResponse(_chunks(file), headers=headers, media_type=MEDIA_TYPES[ending])


async def _chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
            yield chunk
