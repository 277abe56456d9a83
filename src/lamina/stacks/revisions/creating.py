"""Creates stacks from the results of jobs, from pictures and from layered files."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.ids import new_id
from lamina.core.jobs import FILE, JOB
from lamina.core.keys import ApiKey
from lamina.core.stack_records import RevisionContent, StackRecord
from lamina.files.storage import no_room, shorter
from lamina.service.service import Service
from lamina.stacks.pixels import PixelRef
from lamina.stacks.records import revision_content
from lamina.stacks.revisions.parser import CONTENT
from lamina.stacks.revisions.parsing import Parsed, parse, read_own
from lamina.stacks.revisions.reading import StackView, view_of
from lamina.stacks.revisions.sources import fetch
from lamina.store import stacks


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """What makes a repeated request known: the idempotency key of its client, and the hash of its body."""

    key: str
    body_hash: str


async def create(
    service: Service,
    key: ApiKey,
    source: str,
    turns: asyncio.Semaphore,
    name: str = "",
    lifetime_s: float | None = None,
    request: IdempotentRequest | None = None,
) -> StackView:
    """A stack of a job (`job:ID`), a picture or a layered file (`file:ID`, a URL, a `data:` URI); or the stack that the
    same `request` has created before, as it is now.

    `turns`: bounds the files that are read at the same time, each by a process of its own if it is untrusted.
    `lifetime_s`: how long it is kept after its last change, if that is less than `Limits.retention_s`.
    Raises `LaminaError` as `sources.fetch` and `parsing.parse` do; storage_full; idempotency_conflict.
    """
    earlier = await service.database.read(lambda connection: _earlier(connection, key.id, request))
    if earlier is not None:
        return earlier
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
    content = await asyncio.to_thread(revision_content, document, "created", sizes)

    def work(connection: Connection) -> StackView:
        earlier = _earlier(connection, key.id, request)
        return earlier or _insert(connection, service, StackView(stack, document), content, request)

    try:
        return await service.database.write(work)
    except IntegrityError:  # another request with the same idempotency key was faster
        return await service.database.write(work)


def _earlier(connection: Connection, key_id: str, request: IdempotentRequest | None) -> StackView | None:
    """The stack that the same request has created. Raises `LaminaError` (idempotency_conflict)."""
    found = None if request is None else stacks.by_idempotency_key(connection, key_id, request.key)
    if request is None or found is None:
        return None
    stack, known_hash = found
    if known_hash != request.body_hash:
        raise LaminaError(
            ErrorCode.IDEMPOTENCY_CONFLICT,
            f"This idempotency key was used for another request, that of the stack {stack.id}.",
            "Use a new idempotency key for a new request.",
        )
    return view_of(connection, stack)


def _insert(
    connection: Connection,
    service: Service,
    view: StackView,
    content: RevisionContent,
    request: IdempotentRequest | None,
) -> StackView:
    most, stack = service.limits.max_stored_bytes, view.stack
    key, body_hash = (None, None) if request is None else (request.key, request.body_hash)
    if not stacks.insert(connection, stack, content, most, idempotency_key=key, body_hash=body_hash):
        raise no_room(connection, service, stack.key_id)
    return view


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
            parsed = await (read_own if source.startswith(JOB) else parse)(Path(folder))
        yield parsed
