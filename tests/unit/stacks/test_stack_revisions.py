"""Stored stacks on both stores: what their revisions take, who may write, what is freed, and what a backup keeps."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.keys import ApiKey
from lamina.core.layers import Layer, LayerKind, LayerStack
from lamina.files.storage import remove_upload, upload
from lamina.imaging.saving import save
from lamina.jobs.retention import forget_old, sweep_blobs
from lamina.service.backup import back_up, restore
from lamina.service.service import Limits, Service
from lamina.stacks import operations as op
from lamina.stacks.revisions import editing, reading, showing
from lamina.stacks.revisions.creating import create
from lamina.stacks.revisions.editing import ANY, StaleRevisionError
from lamina.stacks.revisions.pixels import PixelCache
from lamina.stacks.revisions.reading import StackView
from lamina.store import stack_revisions, stored_bytes
from lamina.store.blobs import SWEEP_AFTER, open_blobs
from lamina.store.database import Database
from lamina.store.tables import stack_pixels
from lamina.store.tables import stack_revisions as revisions_table
from services import Clock, new_key, run, service_on

FLATTENED = op.Flatten()


def made(service: Service, key: ApiKey, folder: Path, lifetime_s: float | None = None) -> StackView:
    """A stack of three layers with different pixels; no upload is left."""
    random = np.random.default_rng(7)
    layers = [
        Layer(f"Layer {number}", LayerKind.OBJECT, random.integers(0, 256, (20, 30, 4), np.uint8), number, number)
        for number in range(3)
    ]
    path = save(LayerStack(40, 30, tuple(layers)), folder / "stack.zip")
    file = run(upload(service, key.id, path, "stack.zip", "application/zip"))
    view = run(create(service, key, f"file:{file.id}", asyncio.Semaphore(), lifetime_s=lifetime_s))
    run(remove_upload(service, key.id, file.id))
    return view


def edited(
    service: Service, key: ApiKey, view: StackView, *operations: op.Operation, revision: int | None = ANY
) -> StackView:
    return run(editing.edit(service, PixelCache(), key.id, view.stack.id, operations, revision))


def renamed(number: int) -> op.Rename:
    return op.Rename(node=1, name=f"Name {number}")


def bytes_of(service: Service, key: ApiKey) -> int:
    return service.database.write_now(lambda connection: stored_bytes.of_key(connection, key.id))[0]


def pixel_keys(service: Service) -> set[str]:
    return set(service.database.write_now(lambda c: c.execute(sa.select(stack_pixels.c.sha256)).scalars().all()))


def blobs_of(folder: Path) -> set[str]:
    return {path.parent.name + path.name for path in (folder / "blobs" / "sha256").glob("*/*")}


def all_old(folder: Path, clock: Clock) -> None:
    clock.now += 2 * SWEEP_AFTER.total_seconds()
    then = clock.now - 1.5 * SWEEP_AFTER.total_seconds()
    for path in (folder / "blobs" / "sha256").glob("*/*"):
        os.utime(path, (then, then))


def test_the_sweep_keeps_the_pixels_of_a_stack_until_it_is_deleted(
    service: Service, clock: Clock, tmp_path: Path
) -> None:
    key = new_key(service)
    view = made(service, key, tmp_path)
    flat = edited(service, key, view, FLATTENED)
    all_old(tmp_path, clock)
    run(sweep_blobs(service))
    assert blobs_of(tmp_path) == pixel_keys(service)
    assert len(blobs_of(tmp_path)) == 4
    assert len(run(showing.preview(service, PixelCache(), flat.document, 100))) > 0
    run(reading.remove(service, key.id, view.stack.id))
    all_old(tmp_path, clock)
    run(sweep_blobs(service))
    assert blobs_of(tmp_path) == set()
    assert bytes_of(service, key) == 0


def test_equal_pixels_count_once(service: Service, tmp_path: Path) -> None:
    key = new_key(service)
    view = made(service, key, tmp_path)
    before = bytes_of(service, key)
    edited(service, key, view, op.Duplicate(node=1), op.Duplicate(node=2))
    assert 0 < bytes_of(service, key) - before < 400


def test_what_was_undone_is_freed_by_the_next_edit(service: Service, tmp_path: Path) -> None:
    key = new_key(service)
    view = made(service, key, tmp_path)
    first, before = pixel_keys(service), bytes_of(service, key)
    flat = edited(service, key, view, FLATTENED)
    assert len(pixel_keys(service) - first) == 1
    undone = run(editing.undo(service, key.id, view.stack.id, flat.stack.revision))
    assert (undone.document, undone.redo) == (view.document, 2)
    again = run(editing.redo(service, key.id, view.stack.id, 1))
    assert again.document == flat.document
    run(editing.undo(service, key.id, view.stack.id, 2))
    after = edited(service, key, view, renamed(1))
    assert (after.stack.revision, after.undo, after.redo) == (3, 1, None)
    assert pixel_keys(service) == first
    assert 0 < bytes_of(service, key) - before < 400
    back = run(editing.undo(service, key.id, view.stack.id, 3))
    assert back.document == view.document


def test_a_thousand_renames_take_kilobytes_and_old_ones_are_dropped(service: Service, tmp_path: Path) -> None:
    key = new_key(service)
    view = made(service, key, tmp_path)
    before, cache = bytes_of(service, key), PixelCache()

    async def rename_all() -> None:
        for number in range(1_250):
            await editing.edit(service, cache, key.id, view.stack.id, [renamed(number)], number + 1)

    run(rename_all())
    assert bytes_of(service, key) - before < 150_000
    numbers = service.database.write_now(
        lambda c: c.execute(sa.select(revisions_table.c.number).order_by(revisions_table.c.number)).scalars().all()
    )
    assert 902 <= len(numbers) <= stack_revisions.MOST + 1
    assert list(numbers) == [1, *range(numbers[1], 1_252)]
    assert run(reading.earlier(service, key.id, view.stack.id, 1)) == view.document
    with pytest.raises(LaminaError, match="has no revision 2"):
        run(reading.earlier(service, key.id, view.stack.id, 2))

    async def undo_all() -> StackView:
        seen = await reading.view(service, key.id, view.stack.id)
        while seen.undo is not None:
            seen = await editing.undo(service, key.id, view.stack.id, seen.stack.revision)
            if seen.stack.revision > 1:
                assert seen.document.find(1).name == f"Name {seen.stack.revision - 2}"
        return seen

    assert run(undo_all()).document == view.document
    run(reading.remove(service, key.id, view.stack.id))
    assert bytes_of(service, key) == 0


def test_the_pixels_of_the_first_revision_are_kept(service: Service, tmp_path: Path) -> None:
    key = new_key(service)
    view = made(service, key, tmp_path)
    first, cache = pixel_keys(service), PixelCache()

    async def flatten_and_rename() -> None:
        flat = await editing.edit(service, cache, key.id, view.stack.id, [FLATTENED], 1)
        (node,) = flat.document.layers()
        for number in range(2, 1_150):
            rename = op.Rename(node=node.id, name=f"{number}")
            await editing.edit(service, cache, key.id, view.stack.id, [rename], number)

    run(flatten_and_rename())
    assert first <= pixel_keys(service)


def test_of_writers_who_have_seen_the_same_revision_one_wins(service: Service, tmp_path: Path) -> None:
    key = new_key(service)
    view = made(service, key, tmp_path)
    cache = PixelCache()

    async def race(revision: int | None) -> list[StackView | BaseException]:
        edits = (
            editing.edit(service, cache, key.id, view.stack.id, [op.Duplicate(node=1), renamed(number)], revision)
            for number in range(20)
        )
        return await asyncio.gather(*edits, return_exceptions=True)

    ends = run(race(1))
    winners = [end for end in ends if isinstance(end, StackView)]
    losers = [end for end in ends if isinstance(end, StaleRevisionError)]
    assert (len(winners), len(losers)) == (1, 19)
    assert {loser.revision for loser in losers} == {2}
    assert run(reading.view(service, key.id, view.stack.id)).document == winners[0].document
    ends = run(race(ANY))
    assert sorted(end.stack.revision for end in ends if isinstance(end, StackView)) == list(range(3, 23))
    assert len(list(run(reading.view(service, key.id, view.stack.id)).document.layers())) == 3 + 1 + 20


def test_a_key_stores_no_more_than_it_may(database: Database, tmp_path: Path) -> None:
    roomy = service_on(database, tmp_path)
    key = new_key(roomy)
    view = made(roomy, key, tmp_path)
    stored = bytes_of(roomy, key)
    service = replace(roomy, limits=Limits(max_stored_bytes=stored + 300))
    edited(service, key, view, renamed(1))
    with pytest.raises(LaminaError) as caught:
        edited(service, key, view, FLATTENED)
    assert caught.value.code is ErrorCode.STORAGE_FULL
    seen = run(reading.view(service, key.id, view.stack.id))
    assert (seen.stack.revision, seen.document.find(1).name) == (2, "Name 1")
    with pytest.raises(LaminaError) as caught:
        made(replace(roomy, limits=Limits(max_stored_bytes=stored + 4_000)), key, tmp_path)
    assert caught.value.code is ErrorCode.STORAGE_FULL
    assert [stack.id for stack in run(reading.newest(service, key.id, 10))] == [view.stack.id]


def test_a_stack_is_kept_for_its_time_after_the_last_edit(service: Service, clock: Clock, tmp_path: Path) -> None:
    key = new_key(service)
    view = made(service, key, tmp_path, lifetime_s=100)
    clock.now += 60
    edited(service, key, view, renamed(1))
    clock.now += 60
    run(forget_old(service))
    assert run(reading.find(service, key.id, view.stack.id)) is not None
    clock.now += 60
    run(forget_old(service))
    assert run(reading.find(service, key.id, view.stack.id)) is None
    assert (bytes_of(service, key), pixel_keys(service)) == (0, set())


def test_a_backup_brings_stacks_back(
    service: Service, tmp_path: Path, empty_url: str, opened: Callable[[str], Database]
) -> None:
    key = new_key(service)
    view = made(service, key, tmp_path)
    flat = edited(service, key, edited(service, key, view, renamed(1)), FLATTENED)
    run(back_up(service.database, service.blobs, tmp_path / "backup.tar"))
    database = opened(empty_url) if empty_url != service.database.url else opened(f"sqlite:///{tmp_path}/other.db")
    blobs = open_blobs(str(tmp_path / "restored"))
    run(restore(database, blobs, tmp_path / "backup.tar"))
    restored = replace(service, database=database, blobs=blobs)
    seen = run(reading.view(restored, key.id, view.stack.id))
    assert (seen.stack, seen.document) == (flat.stack, flat.document)
    undone = run(editing.undo(restored, key.id, view.stack.id, 3))
    assert undone.document.find(1).name == "Name 1"
    sizes = [len(run(showing.preview(one, PixelCache(), undone.document, 100))) for one in (service, restored)]
    assert sizes[0] == sizes[1]
    assert bytes_of(restored, key) == bytes_of(service, key)


def test_decoded_pixels_are_kept_within_a_bound() -> None:
    cache = PixelCache(most_bytes=1_000)
    for number in range(10):
        cache.put(str(number), np.zeros((10, 10, 4), np.uint8))
        cache.get("0")
    assert [name for name in map(str, range(10)) if cache.get(name) is not None] == ["0", "9"]
    cache.put("large", np.zeros((100, 100, 4), np.uint8))
    assert cache.get("large") is None
    assert cache.get("9") is not None
