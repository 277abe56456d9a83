"""Creating stored stacks on both stores: the same request again returns the same stack, and makes no second one."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.keys import ApiKey
from lamina.core.layers import Layer, LayerKind, LayerStack
from lamina.files.storage import remove_upload, upload
from lamina.imaging.saving import save
from lamina.service.service import Service
from lamina.stacks import operations as op
from lamina.stacks.revisions import editing, reading
from lamina.stacks.revisions.creating import IdempotentRequest, create
from lamina.stacks.revisions.editing import ANY
from lamina.stacks.revisions.pixels import PixelCache
from lamina.stacks.revisions.reading import StackView
from lamina.store import stored_bytes
from services import new_key, run

REQUEST = IdempotentRequest("again", "body")


def uploaded(service: Service, key: ApiKey, folder: Path) -> str:
    layer = Layer("Layer", LayerKind.OBJECT, np.full((20, 30, 4), 200, np.uint8))
    path = save(LayerStack(40, 30, (layer,)), folder / "stack.zip")
    return run(upload(service, key.id, path, "stack.zip", "application/zip")).id


def created(service: Service, key: ApiKey, file_id: str, request: IdempotentRequest | None = REQUEST) -> StackView:
    return run(create(service, key, f"file:{file_id}", asyncio.Semaphore(), request=request))


def stacks_of(service: Service, key: ApiKey) -> list[str]:
    return [stack.id for stack in run(reading.newest(service, key.id, 10))]


def bytes_of(service: Service, key: ApiKey) -> int:
    return service.database.write_now(lambda connection: stored_bytes.of_key(connection, key.id))[0]


def test_the_same_request_returns_the_stack_as_it_is_now(service: Service, tmp_path: Path) -> None:
    key = new_key(service)
    file_id = uploaded(service, key, tmp_path)
    first = created(service, key, file_id)
    run(editing.edit(service, PixelCache(), key.id, first.stack.id, [op.Rename(node=1, name="Other")], ANY))
    run(remove_upload(service, key.id, file_id))
    stored = bytes_of(service, key)
    again = created(service, key, file_id)
    assert (again.stack.id, again.stack.revision, again.undo) == (first.stack.id, 2, 1)
    assert again.document.find(1).name == "Other"
    assert bytes_of(service, key) == stored


def test_another_request_with_the_same_key_is_refused(service: Service, tmp_path: Path) -> None:
    key = new_key(service)
    file_id = uploaded(service, key, tmp_path)
    first = created(service, key, file_id)
    with pytest.raises(LaminaError, match=f"that of the stack {first.stack.id}") as caught:
        created(service, key, file_id, IdempotentRequest("again", "another body"))
    assert caught.value.code is ErrorCode.IDEMPOTENCY_CONFLICT
    other = new_key(service)
    assert created(service, other, uploaded(service, other, tmp_path)).stack.id != first.stack.id
    assert stacks_of(service, key) == [first.stack.id]


def test_the_same_request_at_the_same_time_creates_one_stack(service: Service, tmp_path: Path) -> None:
    key = new_key(service)
    source = f"file:{uploaded(service, key, tmp_path)}"
    before = bytes_of(service, key)
    turns = asyncio.Semaphore(2)

    async def crowd() -> list[StackView]:
        return await asyncio.gather(*(create(service, key, source, turns, request=REQUEST) for _ in range(6)))

    ids = {view.stack.id for view in run(crowd())}
    assert stacks_of(service, key) == list(ids)
    run(reading.remove(service, key.id, ids.pop()))
    assert bytes_of(service, key) == before


def test_the_key_of_a_deleted_stack_is_free_again(service: Service, tmp_path: Path) -> None:
    key = new_key(service)
    file_id = uploaded(service, key, tmp_path)
    first = created(service, key, file_id)
    run(reading.remove(service, key.id, first.stack.id))
    assert created(service, key, file_id, IdempotentRequest("again", "other body")).stack.id != first.stack.id


def test_requests_without_a_key_create_a_stack_each(service: Service, tmp_path: Path) -> None:
    key = new_key(service)
    file_id = uploaded(service, key, tmp_path)
    assert created(service, key, file_id, None).stack.id != created(service, key, file_id, None).stack.id
