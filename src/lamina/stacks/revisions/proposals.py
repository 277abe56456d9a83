"""Operations that an engine must run: a job makes a proposal, which is accepted as a revision, or discarded."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import FILE, JOB, Job, JobRequest
from lamina.core.keys import ApiKey
from lamina.core.layers import Layer
from lamina.core.tasks import DecomposeTask
from lamina.files.storage import remove_upload, upload
from lamina.imaging.png import encode_png
from lamina.jobs.cancel import cancel
from lamina.jobs.follow import view as view_job
from lamina.jobs.retention import forget
from lamina.jobs.submit import submit
from lamina.service.service import Service
from lamina.stacks.document import Document, LayerNode
from lamina.stacks.operations import Separate, Split
from lamina.stacks.rendering import rendered, stack_of
from lamina.stacks.revisions.creating import parsed_source
from lamina.stacks.revisions.editing import commit
from lamina.stacks.revisions.pixels import FolderPixels, PixelCache, StoredPixels
from lamina.stacks.revisions.reading import StackView, shown
from lamina.stacks.verbs.attributes import checked_name
from lamina.stacks.verbs.checks import layer_of
from lamina.stacks.verbs.separating import place_in_layer, separate_task, with_separated, with_split

_EXTRA = "proposal"


@dataclass(frozen=True, slots=True)
class Draft:
    """What a job is to take apart. `picture`: the layer as PNG; `record`: what `accept` needs, as JSON."""

    picture: bytes
    task: DecomposeTask
    record: Mapping[str, Any]


async def draft(service: Service, cache: PixelCache, key_id: str, stack_id: str, operation: Separate | Split) -> Draft:
    """Raises `LaminaError`: not_found, task_invalid (no such layer, it is locked, nothing is at the place)."""
    seen = await shown(service, key_id, stack_id)
    pixels = StoredPixels(service, cache)
    return await asyncio.to_thread(_drafted, seen.document, stack_id, operation, pixels)


async def propose(service: Service, key: ApiKey, wanted: Draft, request_of: Callable[[str], JobRequest]) -> Job:
    """Submits the job of a proposal. `request_of`: from the source of the picture to the request.

    Raises `LaminaError` as `upload` and `submit` do.
    """
    picture = await upload(service, key.id, wanted.picture, "layer.png", "image/png")
    try:
        return await submit(service, key, replace(request_of(f"{FILE}{picture.id}"), extra={_EXTRA: wanted.record}))
    except LaminaError:
        await remove_upload(service, key.id, picture.id)
        raise


async def accept(
    service: Service,
    cache: PixelCache,
    key_id: str,
    stack_id: str,
    job_id: str,
    revision: int | None,
    turns: asyncio.Semaphore,
) -> StackView:
    """Applies the result of a proposal, as a new revision. `turns`: as in `creating.create`.

    Raises `LaminaError`: not_found; state_conflict (the job has not succeeded, the layer has other pixels now,
    `StaleRevisionError`); task_invalid (there was nothing to take apart); storage_full.
    """
    await shown(service, key_id, stack_id)
    job, record = await _proposal(service, key_id, stack_id, job_id)
    async with parsed_source(service, key_id, f"{JOB}{job.id}", turns) as parsed:
        made = FolderPixels(parsed.folder)

        def change(document: Document, pixels: StoredPixels) -> Document:
            node = _same_layer(document, record)
            parts = list(stack_of(parsed.document, made))
            return _applied(document, node, record, parts, pixels)

        description = f"{record['op']} {record['layer_name']!r}".replace("'", '"')
        accepted = await commit(service, cache, key_id, stack_id, change, lambda _: description, revision)
    await _remove_picture(service, key_id, job)
    return accepted


async def discard(service: Service, key_id: str, stack_id: str, job_id: str) -> None:
    """Cancels the job of a proposal, or deletes its result. Raises `LaminaError` (not_found)."""
    job, _ = await _proposal(service, key_id, stack_id, job_id)
    if job.state.is_open:
        await cancel(service, key_id, job_id)
        return
    await _remove_picture(service, key_id, job)
    await forget(service, key_id, job_id)


def _drafted(document: Document, stack_id: str, operation: Separate | Split, pixels: StoredPixels) -> Draft:
    node = layer_of(document, operation.node)
    layer = rendered(node, pixels)
    if isinstance(operation, Separate):
        name = checked_name(operation.name) if operation.name else ""
        task = separate_task(place_in_layer(operation.place.in_pixels(document.width, document.height), layer))
    else:
        name, task = "", DecomposeTask(layers=operation.layers or None, is_flat=True)
    record = {
        "stack": stack_id,
        "op": "separate" if isinstance(operation, Separate) else "split",
        "layer": node.id,
        "layer_name": node.name,
        "name": name,
        "pixels": _fingerprint(node),
    }
    return Draft(encode_png(layer.pixels), task, record)


async def _proposal(service: Service, key_id: str, stack_id: str, job_id: str) -> tuple[Job, Mapping[str, Any]]:
    job = (await view_job(service, key_id, job_id)).job
    record = job.request.extra.get(_EXTRA)
    if record is None or record["stack"] != stack_id:
        raise LaminaError(
            ErrorCode.NOT_FOUND,
            f"The stack {stack_id} has no proposal {job_id}.",
            "It may have been discarded: make a new one.",
        )
    return job, record


def _same_layer(document: Document, record: Mapping[str, Any]) -> LayerNode:
    node = layer_of(document, record["layer"])
    if _fingerprint(node) != record["pixels"]:
        raise LaminaError(
            ErrorCode.STATE_CONFLICT,
            f"The layer {node.name!r} (id {node.id}) does not look as it did when the proposal was made.",
            "Make a new proposal, or undo what changed the layer.",
        )
    return node


def _fingerprint(node: LayerNode) -> list[Any]:
    """What the rendered pixels of a layer depend on. A move by whole pixels changes nothing of it."""
    matrix = node.transform
    return [node.pixels.key, matrix.a, matrix.b, matrix.c, matrix.d, matrix.e % 1, matrix.f % 1]


def _applied(
    document: Document, node: LayerNode, record: Mapping[str, Any], parts: list[Layer], pixels: StoredPixels
) -> Document:
    if record["op"] == "split":
        return with_split(document, node, parts, pixels)
    return with_separated(document, node, parts, record["name"], pixels)


async def _remove_picture(service: Service, key_id: str, job: Job) -> None:
    with suppress(LaminaError):  # it may have expired, or the user has deleted it
        for each in job.request.inputs:
            await remove_upload(service, key_id, each.source.removeprefix(FILE))
