"""The LoRAs of an account by AIR: uploaded ones, and the results of trainings."""

from typing import NotRequired, TypedDict, cast

from lamina.accounts.records import insert_record, read_records
from lamina.api.runware.access import Caller
from lamina.api.runware.airs import AIRS
from lamina.api.runware.task_fields import TaskFields
from lamina.core.jobs import Job
from lamina.core.tasks import TrainTask
from lamina.core.training import trained_model
from lamina.files.loras import trained_file, trained_loras

_KIND = "runware/lora"


class LoraRecord(TypedDict):
    """`file`: the id of the LoRA's file. The other keys are parameters of modelUpload."""

    name: str
    version: str
    architecture: str
    file: str
    uniqueIdentifier: NotRequired[str]
    downloadURL: NotRequired[str]
    defaultWeight: NotRequired[float]
    tags: NotRequired[list[str]]
    heroImageURL: NotRequired[str]
    positiveTriggerWords: NotRequired[str]
    negativeTriggerWords: NotRequired[str]
    shortDescription: NotRequired[str]
    comment: NotRequired[str]


async def read_uploaded_loras(caller: Caller) -> dict[str, LoraRecord]:
    """The uploaded LoRAs, the newest first."""
    return cast("dict[str, LoraRecord]", await read_records(caller.service, caller.key.id, _KIND))


async def add_uploaded_lora(caller: Caller, air: str, task: TaskFields, file_id: str) -> None:
    """Does nothing if the account has a LoRA with this AIR."""
    metadata = {name: task.value(name) for name in LoraRecord.__annotations__ if name in task}
    await insert_record(caller.service, caller.key.id, kind=_KIND, name=air, value={**metadata, "file": file_id})


async def read_trained_loras(caller: Caller) -> dict[str, LoraRecord]:
    """The results of trainings; the AIR of each is `lamina:JOB@1`."""
    return {
        f"lamina:{job.id}@1": LoraRecord(
            name=f"Training {job.id}", version="1", architecture=_architecture(job), file=trained_file(job)
        )
        for job in await trained_loras(caller.service, caller.key.id)
    }


def _architecture(job: Job) -> str:
    task = job.request.task
    model, _ = trained_model(task.model if isinstance(task, TrainTask) else None)
    return next((air.architecture for air in AIRS.values() if air.model == model.name), model.name)
