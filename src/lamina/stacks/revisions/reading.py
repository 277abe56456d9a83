"""Reads the stacks of an API key: the document at a revision, the list of stacks, the list of revisions."""

from dataclasses import dataclass

from sqlalchemy import Connection

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.stack_records import RevisionRecord, StackRecord
from lamina.service.service import Service
from lamina.stacks.document import Document
from lamina.stacks.records import parse_document
from lamina.store import stack_pixels, stack_revisions, stacks


@dataclass(frozen=True, slots=True)
class StackView:
    """A stack with the document that it shows. `undo`, `redo`: the numbers of the revisions before and after it."""

    stack: StackRecord
    document: Document
    undo: int | None = None
    redo: int | None = None


async def view(service: Service, key_id: str, stack_id: str) -> StackView:
    """Raises `LaminaError` (not_found), also for a stack of another key."""
    found = await find(service, key_id, stack_id)
    if found is None:
        raise no_such_stack(stack_id)
    return found


async def find(service: Service, key_id: str, stack_id: str) -> StackView | None:
    """As `view`; None if there is no such stack."""

    def work(connection: Connection) -> StackView | None:
        stack = stacks.by_id(connection, stack_id, key_id)
        return None if stack is None else view_of(connection, stack)

    return await service.database.read(work)


async def shown(service: Service, key_id: str, stack_id: str) -> StackView:
    """As `view`, without what undo and redo go to."""

    def work(connection: Connection) -> StackView:
        stack = owned(connection, stack_id, key_id)
        return StackView(stack, document_at(connection, stack.id, stack.revision))

    return await service.database.read(work)


async def earlier(service: Service, key_id: str, stack_id: str, revision: int) -> Document:
    """What the stack was at a revision. Raises `LaminaError` (not_found) also for one that is not stored any more."""

    def work(connection: Connection) -> Document:
        owned(connection, stack_id, key_id)
        document = stack_revisions.document(connection, stack_id, revision)
        if document is None:
            raise LaminaError(
                ErrorCode.NOT_FOUND,
                f"The stack {stack_id} has no revision {revision}.",
                f"GET /v1/stacks/{stack_id}/revisions lists those that are stored.",
            )
        return parse_document(document)

    return await service.database.read(work)


def owned(connection: Connection, stack_id: str, key_id: str) -> StackRecord:
    """Raises `LaminaError` (not_found), also for a stack of another key."""
    stack = stacks.by_id(connection, stack_id, key_id)
    if stack is None:
        raise no_such_stack(stack_id)
    return stack


def view_of(connection: Connection, stack: StackRecord) -> StackView:
    """The stack as its row says. Raises `LaminaError` (not_found) if its revision has just been deleted."""
    undo, redo = stack_revisions.neighbours(connection, stack.id, stack.revision)
    return StackView(stack, document_at(connection, stack.id, stack.revision), undo, redo)


async def newest(service: Service, key_id: str, limit: int, before: str | None = None) -> list[StackRecord]:
    return await service.database.read(lambda connection: stacks.of_key(connection, key_id, limit, before))


async def revisions(
    service: Service, key_id: str, stack_id: str, limit: int, before: int | None = None
) -> tuple[StackRecord, list[RevisionRecord]]:
    """The stack and its revisions, newest first. Raises `LaminaError` (not_found)."""

    def work(connection: Connection) -> tuple[StackRecord, list[RevisionRecord]]:
        stack = owned(connection, stack_id, key_id)
        return stack, stack_revisions.of_stack(connection, stack_id, limit, before)

    return await service.database.read(work)


async def remove(service: Service, key_id: str, stack_id: str) -> None:
    """Deletes a stack with its revisions. Raises `LaminaError` (not_found)."""

    def work(connection: Connection) -> None:
        owned(connection, stack_id, key_id)
        stacks.remove(connection, stack_id)

    await service.database.write(work)


async def has_pixels(service: Service, stack_id: str, sha256: str) -> bool:
    """Whether any revision of the stack shows these pixels."""
    return await service.database.read(lambda connection: stack_pixels.has(connection, stack_id, sha256))


def no_such_stack(stack_id: str) -> LaminaError:
    return LaminaError(
        ErrorCode.NOT_FOUND,
        f"There is no stack {stack_id}.",
        "GET /v1/stacks lists the stacks of the key; it may have been deleted, or its time has ended.",
    )


def document_at(connection: Connection, stack_id: str, number: int) -> Document:
    """A revision. Raises `LaminaError` (not_found) if it has just been deleted."""
    document = stack_revisions.document(connection, stack_id, number)
    if document is None:
        raise no_such_stack(stack_id)
    return parse_document(document)
