"""Creates stacks from the results of jobs, from pictures and from layered files."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import Connection

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.ids import new_id
from lamina.core.jobs import FILE, JOB
from lamina.core.keys import ApiKey
from lamina.core.stack_records import RevisionContent, StackRecord
from lamina.files.storage import shorter, storage_full
from lamina.service.service import Service
from lamina.stacks.pixels import PixelRef
from lamina.stacks.records import render_document
from lamina.stacks.revisions.parser import CONTENT
from lamina.stacks.revisions.parsing import Parsed, parse
from lamina.stacks.revisions.reading import StackView
from lamina.stacks.revisions.sources import fetch
from lamina.store import stacks, stored_bytes


async def create(
    service: Service,
    key: ApiKey,
    source: str,
    turns: asyncio.Semaphore,
    name: str = "",
    lifetime_s: float | None = None,
) -> StackView:
    """A stack of a job (`job:ID`), a picture or a layered file (`file:ID`, a URL, a `data:` URI).

    `turns`: bounds the files that are read at the same time, each by a process of its own. `lifetime_s`: how long it is
    kept after its last change, if that is less than `Limits.retention_s`.
    Raises `LaminaError` as `sources.fetch` and `parsing.parse` do; storage_full.
    """
    async with parsed_source(service, key.id, source, turns) as parsed:
        sizes = await store_pixels(service, parsed)
    document, now = parsed.document, service.clock()
    kept_s = shorter(service.limits.retention_s, lifetime_s)
    stack = StackRecord(
        id=new_id(),
        key_id=key.id,
        name=name or "Stack",
        source=source if source.startswith((JOB, FILE)) else "upload",
        width=document.width,
        height=document.height,
        created_at=now,
        updated_at=now,
        lifetime_s=kept_s,
        expires_at=None if kept_s is None else now + kept_s,
    )
    text = await asyncio.to_thread(render_document, document)
    content = RevisionContent(document=text, description="created", pixels=frozenset(sizes), sizes=sizes)

    def work(connection: Connection) -> None:
        most = service.limits.max_stored_bytes
        if not stacks.insert(connection, stack, content, most):
            stored, limit = stored_bytes.of_key(connection, key.id, most)
            raise storage_full(stored, limit or 0)

    await service.database.write(work)
    return StackView(stack, document)


async def store_pixels(service: Service, parsed: Parsed) -> dict[str, int]:
    """Puts the files of all layers into the blobs. Bytes by key."""
    return {key: (await service.blobs.put(path)).size for key, path in sorted(parsed.pixels.items())}


class PictureImports:
    """Stores the pixels of the pictures that edits bring. `sizes`: bytes by key of what it has stored."""

    def __init__(self, service: Service, key_id: str, turns: asyncio.Semaphore) -> None:
        self._service, self._key_id, self._turns = service, key_id, turns
        self.sizes: dict[str, int] = {}

    async def __call__(self, source: str) -> PixelRef:
        """Raises `LaminaError` as `create` does; task_invalid for a file with several layers."""
        async with parsed_source(self._service, self._key_id, source, self._turns) as parsed:
            if len(parsed.pixels) != 1:
                raise LaminaError(
                    ErrorCode.TASK_INVALID,
                    "The file has several layers.",
                    "Send a picture, or create a stack of the file and export it as PNG.",
                )
            self.sizes.update(await store_pixels(self._service, parsed))
            return next(parsed.document.layers()).pixels


@asynccontextmanager
async def parsed_source(service: Service, key_id: str, source: str, turns: asyncio.Semaphore) -> AsyncGenerator[Parsed]:
    """The stack in a source, as long as its folder is there. Raises `LaminaError` as `create` does."""
    with tempfile.TemporaryDirectory(prefix="lamina-stack-") as folder:
        await fetch(service, key_id, source, Path(folder, CONTENT))
        async with turns:  # not while a slow server sends the file
            parsed = await parse(Path(folder))
        yield parsed
