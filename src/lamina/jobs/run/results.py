"""Keeps what an engine has made: its files in the blob store, and what the job will say of them."""

from pathlib import Path
from typing import Any

from lamina.core.jobs import Job
from lamina.files.storage import keep, result_lifetime_s
from lamina.service.service import Service
from lamina.store.files import FileRecord
from lamina.worker.protocol import OutputRole, RunOutcome, RunOutput

_PLURAL = {OutputRole.PICTURE: "pictures", OutputRole.LAYER: "layers"}


async def kept_result(
    service: Service, job: Job, outcome: RunOutcome, folder: Path
) -> tuple[dict[str, Any], list[FileRecord]]:
    """The job's result, and the records that are to be written together with its end.

    The result has the outcome's facts, and by role what is known of each file: "pictures" and "layers" are lists,
    bottom layer first, "stack", "flat" and those of a training are one each; `file` is its id.
    """
    result: dict[str, Any] = dict(outcome.facts)
    records: list[FileRecord] = []
    for output in outcome.outputs:
        record = await keep(
            service,
            job.key_id,
            folder / output.name,
            output.name,
            output.content_type,
            job.id,
            result_lifetime_s(service, job.request),
        )
        records.append(record)
        _add(result, output, record)
    return result, records


def _add(result: dict[str, Any], output: RunOutput, record: FileRecord) -> None:
    known = {**output.facts, "file": record.id, "content_type": record.media_type, "size": record.size}
    if output.role in _PLURAL:
        result.setdefault(_PLURAL[output.role], []).append(known)
    else:
        result[output.role] = known
