"""The file formats that stacks are downloaded in, and how such files are sent."""

import asyncio
import re
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


def sent_file(file: BinaryIO, name: str, ending: Ending) -> StreamingResponse:
    """The response with the file, which is closed at its end. `name`: of the file, without its ending."""
    size = file.seek(0, 2)
    file.seek(0)
    headers = {
        "Content-Length": str(size),
        "Content-Disposition": _disposition(f"{name}.{ending}"),
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    }
    return StreamingResponse(_chunks(file), headers=headers, media_type=MEDIA_TYPES[ending])


def _disposition(name: str) -> str:
    """RFC 6266: browsers take it rather than the name that a page gives."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


async def _chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
            yield chunk
