"""The modelSearch task: it lists the models of the service and the LoRAs of the account."""

from collections.abc import AsyncIterator, Sequence

from lamina.api.runware.access import Caller
from lamina.api.runware.airs import AIRS, AirModel
from lamina.api.runware.answers import ModelEntry, ModelSearch
from lamina.api.runware.loras import LoraRecord, read_trained_loras, read_uploaded_loras
from lamina.api.runware.task_fields import TaskFields
from lamina.api.runware.wire import LORA
from lamina.core.keys import Scope
from lamina.core.tasks import DEFAULT_SCHEDULER, TaskKind

_CAPABILITIES = {
    TaskKind.GENERATE: ["text-to-image", "image-to-image"],
    TaskKind.EDIT: ["image-to-image"],
    TaskKind.DECOMPOSE: ["image-to-layers"],
}
_SIDE_PX = 1024


async def model_search(caller: Caller, task: TaskFields) -> AsyncIterator[Sequence[ModelSearch]]:
    caller.require(Scope.READ)
    loras = await read_uploaded_loras(caller) | await read_trained_loras(caller)
    entries = [*map(_render_model, AIRS.values()), *(_render_lora(air, record) for air, record in loras.items())]
    matches = [entry for entry in entries if _is_match(entry, task)]
    sort = task.text("sort")
    if sort.lstrip("-") == "name":
        matches.sort(key=lambda entry: entry["name"].lower(), reverse=sort.startswith("-"))
    start = task.integer("offset", 0)
    page = matches[start : start + task.integer("limit", 20)]
    answer = ModelSearch(taskType=task.task_type, taskUUID=task.task_uuid, totalResults=len(matches), results=page)
    yield [answer]


def _render_model(air: AirModel) -> ModelEntry:
    model = air.catalog_entry
    return ModelEntry(
        air=air.air,
        name=air.title,
        version=air.air.rpartition("@")[2],
        category="checkpoint",
        architecture=air.architecture,
        tags=[],
        heroImage="",
        private=False,
        comment=model.title,
        positiveTriggerWords="",
        capabilities=_CAPABILITIES[air.kind],
        source="featured",
        type="base",
        defaultWidth=_SIDE_PX,
        defaultHeight=_SIDE_PX,
        defaultSteps=model.default_steps(air.kind),
        defaultScheduler=DEFAULT_SCHEDULER,
        defaultCFG=model.default_guidance(air.kind),
    )


def _render_lora(air: str, record: LoraRecord) -> ModelEntry:
    """The fields of a model that clients of both generations read."""
    return ModelEntry(
        air=air,
        name=record["name"],
        version=record["version"],
        category=LORA,
        architecture=record["architecture"],
        tags=record.get("tags", []),
        heroImage=record.get("heroImageURL", ""),
        private=True,
        comment=record.get("comment", ""),
        positiveTriggerWords=record.get("positiveTriggerWords", ""),
        capabilities=[],
        source="community",
        defaultWeight=record.get("defaultWeight", 1),
        shortDescription=record.get("shortDescription", ""),
    )


def _is_match(entry: ModelEntry, task: TaskFields) -> bool:
    searched_text = f"{entry['name']} {entry['air']} {entry['comment']} {' '.join(entry['tags'])}".lower()
    kinds = {"category": entry["category"], "architecture": entry["architecture"], "type": entry.get("type")}
    return (
        all(task.text(name) in ("", kind) for name, kind in kinds.items())
        and task.text("search").lower() in searched_text
        and set(task.texts("tags")) <= set(entry["tags"])
        and set(task.texts("capabilities")) <= set(entry["capabilities"])
        and _is_visible(entry, task)
    )


def _is_visible(entry: ModelEntry, task: TaskFields) -> bool:
    source = task.text("source", entry["source"])
    if entry["source"] != ("featured" if source == "official" else source):
        return False
    match task.text("visibility", "all"):
        case "private" | "owned":
            return entry["private"]
        case "public":
            return not entry["private"]
        case "favorite":
            return False
        case _:
            return True
