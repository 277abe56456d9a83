"""The modelSearch task: it lists the models of the service and the LoRAs of the account."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from lamina.api.runware.access import Caller
from lamina.api.runware.airs import AIRS, AirModel
from lamina.api.runware.tasks.lora_uploads import every_lora, trained_here
from lamina.api.runware.wire import LORA
from lamina.core.keys import Scope
from lamina.core.tasks import TaskKind

_CAPABILITIES = {
    TaskKind.GENERATE: ["text-to-image", "image-to-image"],
    TaskKind.EDIT: ["image-to-image"],
    TaskKind.DECOMPOSE: ["image-to-layers"],
}
_SIDE_PX = 1024


async def model_search(caller: Caller, task: Mapping[str, Any]) -> AsyncIterator[list[dict[str, Any]]]:
    caller.require(Scope.READ)
    loras = await every_lora(caller) | await trained_here(caller)
    own = [render_lora(air, metadata) for air, metadata in loras.items()]
    matches = [entry for entry in (*map(_render_model, AIRS.values()), *own) if _is_wanted(entry, task)]
    key = "name" if str(task.get("sort", "")).lstrip("-") == "name" else None
    if key:
        matches.sort(key=lambda entry: entry[key].lower(), reverse=task["sort"].startswith("-"))
    start = int(task.get("offset", 0))
    page = matches[start : start + int(task.get("limit", 20))]
    summary = {"totalResults": len(matches), "results": page}
    yield [{"taskType": task["taskType"], "taskUUID": task["taskUUID"], **summary}]


def render_lora(air: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a model that clients of both generations read."""
    return {
        **_entry(air, metadata["name"], metadata["version"], LORA, metadata["architecture"]),
        "tags": list(metadata.get("tags", ())),
        "heroImage": metadata.get("heroImageURL", ""),
        "private": True,
        "comment": metadata.get("comment", ""),
        "defaultWeight": metadata.get("defaultWeight", 1),
        "positiveTriggerWords": metadata.get("positiveTriggerWords", ""),
        "shortDescription": metadata.get("shortDescription", ""),
        "source": "community",
    }


def _render_model(air: AirModel) -> dict[str, Any]:
    entry = air.catalog_entry
    return {
        **_entry(air.air, air.title, air.air.rpartition("@")[2], "checkpoint", air.architecture),
        "comment": entry.title,
        "type": "base",
        "defaultWidth": _SIDE_PX,
        "defaultHeight": _SIDE_PX,
        "defaultSteps": entry.default_steps(air.kind),
        "defaultScheduler": "Default",
        "defaultCFG": entry.default_guidance(air.kind),
        "capabilities": _CAPABILITIES[air.kind],
    }


def _entry(air: str, name: str, version: str, category: str, architecture: str) -> dict[str, Any]:
    identity = {"air": air, "name": name, "version": version, "category": category, "architecture": architecture}
    rest = {"tags": [], "heroImage": "", "private": False, "comment": "", "positiveTriggerWords": ""}
    return {**identity, **rest, "capabilities": [], "source": "featured"}


def _is_wanted(entry: Mapping[str, Any], task: Mapping[str, Any]) -> bool:
    searched_text = f"{entry['name']} {entry['air']} {entry['comment']} {' '.join(entry['tags'])}".lower()
    has_same_type = all(
        not task.get(name) or entry.get(name) == task[name] for name in ("category", "architecture", "type")
    )
    return (
        has_same_type
        and str(task.get("search", "")).lower() in searched_text
        and set(task.get("tags", ())) <= set(entry["tags"])
        and set(task.get("capabilities", ())) <= set(entry["capabilities"])
        and _is_visible(entry, task)
    )


def _is_visible(entry: Mapping[str, Any], task: Mapping[str, Any]) -> bool:
    sources = {"official": "featured"}
    source = task.get("source")
    if source is not None and entry["source"] != sources.get(source, source):
        return False
    match task.get("visibility", "all"):
        case "private" | "owned":
            return entry["private"]
        case "public":
            return not entry["private"]
        case "favorite":
            return False
        case _:
            return True
