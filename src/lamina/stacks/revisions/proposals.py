"""Operations that an engine must run: a job makes a proposal, which is accepted as a revision, or discarded."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.job_results import PicturesResult
from lamina.core.jobs import FILE, JOB, Job, JobRequest, JobState
from lamina.core.keys import ApiKey
from lamina.core.provenance import Provenance
from lamina.core.tasks import TaskKind
from lamina.files.storage import remove_upload, upload
from lamina.jobs.cancel import cancel
from lamina.jobs.follow import view as view_job
from lamina.jobs.retention import forget
from lamina.jobs.submit import submit
from lamina.service.service import Service
from lamina.stacks.document import Document, LayerNode
from lamina.stacks.layer_edits import within_outline
from lamina.stacks.operations import Replace
from lamina.stacks.rendering import rendered, stack_of
from lamina.stacks.revisions.creating import parsed_source
from lamina.stacks.revisions.drafts import Draft, EngineOperation, drafted, drafted_layer
from lamina.stacks.revisions.editing import commit
from lamina.stacks.revisions.parsing import Parsed
from lamina.stacks.revisions.pixels import FolderPixels, PixelCache, StoredPixels
from lamina.stacks.revisions.reading import StackView, shown
from lamina.stacks.verbs.replacing import replace_pixels
from lamina.stacks.verbs.separating import with_separated, with_split
from lamina.store import stack_proposals

_EXTRA = "proposal"


@dataclass(frozen=True, slots=True)
class Proposal:
    """An open proposal. `operation`: as it was requested, JSON; `revision`: of the stack when it was made.

    `obstacle`: why it cannot be accepted any more, in words for its user; "" as long as nothing is known to hinder it.
    """

    job: Job
    operation: Mapping[str, Any]
    layer_name: str
    revision: int
    obstacle: str = ""


async def draft(
    service: Service,
    cache: PixelCache,
    key_id: str,
    stack_id: str,
    operation: EngineOperation,
    asked: Mapping[str, Any],
) -> Draft:
    """`asked`: the operation as it was requested, JSON. Raises `LaminaError`: not_found; as `drafted` does."""
    seen = await shown(service, key_id, stack_id)
    record = {"stack": stack_id, "revision": seen.stack.revision, "operation": dict(asked)}
    return await asyncio.to_thread(drafted, seen.document, operation, record, StoredPixels(service, cache))


async def propose(
    service: Service,
    key: ApiKey,
    wanted: Draft,
    request_of: Callable[[str], JobRequest],
    idempotency_key: str | None = None,
    body_hash: str | None = None,
) -> Job:
    """Submits the job of a proposal. `request_of`: from the source of the picture to the request.

    Raises `LaminaError` as `upload` and `submit` do.
    """
    picture = await upload(service, key.id, wanted.picture, "layer.png", "image/png")
    source, stack_id = f"{FILE}{picture.id}", wanted.record["stack"]

    def also(connection: Connection, job: Job) -> None:
        stack_proposals.insert(connection, stack_id, job.id)

    try:
        request = replace(request_of(source), extra={_EXTRA: wanted.record})
        job = await submit(service, key, request, idempotency_key, body_hash, also=also)
    except LaminaError:
        await remove_upload(service, key.id, picture.id)
        raise
    if all(each.source != source for each in job.request.inputs):  # the same request was faster
        await remove_upload(service, key.id, picture.id)
    return job


async def opened(service: Service, key_id: str, stack_id: str, limit: int, before: str | None = None) -> list[Proposal]:
    """The proposals that were neither accepted nor discarded, newest first. `before`: the id of a job; only older ones.

    Raises `LaminaError` (not_found).
    """
    seen = await shown(service, key_id, stack_id)
    found = await service.database.read(
        lambda connection: stack_proposals.of_stack(connection, stack_id, limit, before)
    )
    return [_proposal_of(job, seen.document) for job in found]


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
    `StaleRevisionError`); task_invalid (there was nothing to take apart, the safety checker has blackened the picture);
    storage_full.
    """
    await shown(service, key_id, stack_id)
    job, record = await _proposal(service, key_id, stack_id, job_id)
    source = _result_of(job)
    assert job.result is not None  # noqa: S101  (it has a source)
    provenance = Provenance(job.result.engine, job.result.checkpoint)
    async with parsed_source(service, key_id, source, turns) as parsed:

        def change(document: Document, pixels: StoredPixels) -> Document:
            return _applied(document, drafted_layer(document, record), record, parsed, pixels, provenance)

        def also(connection: Connection) -> None:
            stack_proposals.remove(connection, job_id)

        description = f"{record['op']} {record['layer_name']!r}".replace("'", '"')
        accepted = await commit(service, cache, key_id, stack_id, change, lambda _: description, revision, also=also)
    await _remove_picture(service, key_id, job)
    return accepted


async def discard(service: Service, key_id: str, stack_id: str, job_id: str) -> None:
    """Cancels the job of a proposal, or deletes its result. Raises `LaminaError` (not_found)."""
    job, _ = await _proposal(service, key_id, stack_id, job_id)
    await service.database.write(lambda connection: stack_proposals.remove(connection, job_id))
    if job.state.is_open:
        await cancel(service, key_id, job_id)
        return
    await _remove_picture(service, key_id, job)
    await forget(service, key_id, job_id)


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


def _proposal_of(job: Job, document: Document) -> Proposal:
    record = job.request.extra[_EXTRA]
    obstacle = ""
    try:
        drafted_layer(document, record)
        if not job.state.is_open:
            _result_of(job)
    except LaminaError as error:
        obstacle = error.message
    return Proposal(job, record["operation"], record["layer_name"], record["revision"], obstacle)


def _result_of(job: Job) -> str:
    """The source of what a proposal's job has made. Raises `LaminaError`: state_conflict, task_invalid."""
    if job.state is not JobState.SUCCEEDED or not isinstance(job.result, PicturesResult):
        raise LaminaError(
            ErrorCode.STATE_CONFLICT,
            f"The job {job.id} of the proposal is {job.state}.",
            "Wait until it succeeds." if job.state.is_open else "Make a new proposal.",
        )
    if job.request.kind is TaskKind.DECOMPOSE:
        return f"{JOB}{job.id}"
    if job.result.is_flagged:
        raise LaminaError(
            ErrorCode.TASK_INVALID, "The safety checker has blackened the edited picture.", "Make another proposal."
        )
    return f"{FILE}{job.result.pictures[0].file}"


def _applied(
    document: Document,
    node: LayerNode,
    record: Mapping[str, Any],
    parsed: Parsed,
    pixels: StoredPixels,
    provenance: Provenance,
) -> Document:
    made = FolderPixels(parsed.folder)
    if record["op"] == "edit":
        picture = made.get(next(parsed.document.layers()).pixels)
        layer = rendered(node, pixels)
        edited = pixels.put(within_outline(picture, layer.pixels))
        changed = replace_pixels(document, Replace(node=node.id, pixels=edited, corner=(layer.left, layer.top)))
        return changed.with_editor(provenance)
    document = document.with_editor(parsed.document.made)
    parts = list(stack_of(parsed.document, made))
    if record["op"] == "split":
        return with_split(document, node, parts, pixels)
    return with_separated(document, node, parts, record["name"], pixels)


async def _remove_picture(service: Service, key_id: str, job: Job) -> None:
    with suppress(LaminaError):  # it may have expired, or the user has deleted it
        for each in job.request.inputs:
            await remove_upload(service, key_id, each.source.removeprefix(FILE))
