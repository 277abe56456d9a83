"""Edits stored stacks: each edit is a new revision, which exists as a whole or not at all; undo and redo choose one."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from weakref import WeakValueDictionary

from sqlalchemy import Connection

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.ports import Decomposer
from lamina.core.stack_records import RevisionContent, StackRecord
from lamina.files.storage import no_room
from lamina.service.service import Service
from lamina.stacks import operations as op
from lamina.stacks.applying import Tools, apply
from lamina.stacks.document import Document
from lamina.stacks.records import revision_content
from lamina.stacks.revisions.descriptions import describe
from lamina.stacks.revisions.pixels import PixelCache, StoredPixels
from lamina.stacks.revisions.reading import StackView, document_at, no_such_stack, owned, shown, view_of
from lamina.stacks.revisions.text_fonts import set_text_apart
from lamina.store import stack_revisions, stacks

ANY = None
"""In place of the revision that a writer has seen: whichever the stack is at."""

_TRIES = 1_000  # of an edit of any revision, while others edit, too

_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

Change = Callable[[Document, StoredPixels], Document]


class StaleRevisionError(LaminaError):
    """The writer has not seen the revision that the stack is at. `revision`: its number."""

    def __init__(self, stack_id: str, given: int, revision: int) -> None:
        super().__init__(
            ErrorCode.STATE_CONFLICT,
            f"The stack {stack_id} is at revision {revision}, not {given}.",
            "Get the stack again, and send the change with If-Match of that revision.",
        )
        self.revision = revision


async def edit(
    service: Service,
    cache: PixelCache,
    key_id: str,
    stack_id: str,
    operations: Sequence[op.Operation],
    revision: int | None,
    sizes: Mapping[str, int] = MappingProxyType({}),
) -> StackView:
    """Applies all operations or none. `revision`: the one that the caller has seen, or `ANY`. `sizes`: bytes by key of
    pixels in the operations.

    Raises `LaminaError`: not_found, state_conflict (`StaleRevisionError`), task_invalid, storage_full.
    """

    def change(document: Document, pixels: StoredPixels) -> Document:
        pixels.added.update(sizes)
        tools = Tools(pixels, _no_engine, set_text_apart)
        for number, operation in enumerate(operations, 1):
            try:
                document = apply(document, operation, tools)
            except LaminaError as error:
                if len(operations) == 1:
                    raise
                where = f"Operation {number} of {len(operations)} cannot be applied, so none was: {error.message}"
                raise LaminaError(error.code, where, error.hint) from error
        return document

    return await commit(service, cache, key_id, stack_id, change, lambda before: describe(before, operations), revision)


async def commit(
    service: Service,
    cache: PixelCache,
    key_id: str,
    stack_id: str,
    change: Change,
    description: Callable[[Document], str],
    revision: int | None,
    also: Callable[[Connection], None] | None = None,
) -> StackView:
    """Stores what `change`, which runs in a thread, makes of the document as a new revision. Raises as `edit` does.

    `also`: what else the transaction writes.
    """

    def write(connection: Connection, seen: StackRecord, content: RevisionContent) -> StackRecord:
        if also is not None:
            also(connection)
        return _append(connection, service, seen, content)

    async with _lock_of(stack_id):
        for _ in range(_TRIES):
            before = await shown(service, key_id, stack_id)
            _check_revision(before.stack, revision)
            pixels = StoredPixels(service, cache)
            after, content = await asyncio.to_thread(_changed, before.document, change, pixels, description)
            try:
                stack = await service.database.write(
                    lambda connection, seen=before.stack, new=content: write(connection, seen, new)
                )
            except stacks.StaleRevision:
                continue
            return StackView(stack, after, undo=before.stack.revision)
    raise _edited_by_too_many()


async def rename(service: Service, key_id: str, stack_id: str, name: str) -> StackView:
    """Gives the stack another name, which is not a revision. Raises `LaminaError` (not_found)."""

    def work(connection: Connection) -> StackView:
        stack = stacks.rename(connection, stack_id, key_id, name, service.clock())
        if stack is None:
            raise no_such_stack(stack_id)
        return view_of(connection, stack)

    return await service.database.write(work)


async def undo(service: Service, key_id: str, stack_id: str, revision: int | None) -> StackView:
    """Shows the revision before. Raises `LaminaError`: not_found, state_conflict (also if there is none)."""
    return await _step(service, key_id, stack_id, revision, is_undo=True)


async def redo(service: Service, key_id: str, stack_id: str, revision: int | None) -> StackView:
    """Shows the revision that was undone last. Raises as `undo` does."""
    return await _step(service, key_id, stack_id, revision, is_undo=False)


async def _step(service: Service, key_id: str, stack_id: str, revision: int | None, *, is_undo: bool) -> StackView:
    def work(connection: Connection) -> StackView:
        stack = owned(connection, stack_id, key_id)
        _check_revision(stack, revision)
        before, after = stack_revisions.neighbours(connection, stack_id, stack.revision)
        number = before if is_undo else after
        if number is None:
            what = "undo" if is_undo else "redo"
            raise LaminaError(
                ErrorCode.STATE_CONFLICT,
                f"There is nothing to {what} in the stack {stack_id}.",
                "GET the stack's revisions to see which there are.",
            )
        document = document_at(connection, stack_id, number)
        moved = stacks.move_to(connection, stack, number, (document.width, document.height), service.clock())
        return StackView(moved, document, *stack_revisions.neighbours(connection, stack_id, number))

    for _ in range(_TRIES):
        try:
            return await service.database.write(work)
        except stacks.StaleRevision:
            continue
    raise _edited_by_too_many()


def _changed(
    before: Document, change: Change, pixels: StoredPixels, description: Callable[[Document], str]
) -> tuple[Document, RevisionContent]:
    after = change(before, pixels)
    if not after.members:
        raise LaminaError(
            ErrorCode.TASK_INVALID, "The stack would have no layers.", "Keep one, or delete the whole stack."
        )
    return after, revision_content(after, description(before), pixels.added)


def _append(connection: Connection, service: Service, seen: StackRecord, content: RevisionContent) -> StackRecord:
    most = service.limits.max_stored_bytes
    stack = stacks.append(connection, seen, content, service.clock(), most)
    if stack is None:
        raise no_room(connection, service, seen.key_id)
    return stack


def _check_revision(stack: StackRecord, revision: int | None) -> None:
    if revision is not None and revision != stack.revision:
        raise StaleRevisionError(stack.id, revision, stack.revision)


def _lock_of(stack_id: str) -> asyncio.Lock:
    """Edits of one stack take turns in this process, since of those that begin at once all but one would begin again.
    What keeps the edits of all processes apart is the comparison in `stacks.append`.
    """
    return _locks.setdefault(stack_id, asyncio.Lock())


def _edited_by_too_many() -> LaminaError:
    return LaminaError(ErrorCode.STORE_UNAVAILABLE, "Too many edit the stack at once.", "Try again.")


def _no_engine() -> Decomposer:
    raise LaminaError(
        ErrorCode.TASK_INVALID,
        "An edit does not run an engine.",
        "Make a proposal: POST /v1/stacks/{id}/proposals.",
    )
