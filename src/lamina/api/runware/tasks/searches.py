"""The modelSearch task: the models that are served here, and the LoRAs that the account has."""

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
    known = await every_lora(caller) | await trained_here(caller)
    own = [render_lora(air, facts) for air, facts in known.items()]
    found = [entry for entry in (*map(_render_model, AIRS.values()), *own) if _is_wanted(entry, task)]
    key = "name" if str(task.get("sort", "")).lstrip("-") == "name" else None
    if key:
        found.sort(key=lambda entry: entry[key].lower(), reverse=task["sort"].startswith("-"))
    start = int(task.get("offset", 0))
    page = found[start : start + int(task.get("limit", 20))]
    told = {"totalResults": len(found), "results": page}
    yield [{"taskType": task["taskType"], "taskUUID": task["taskUUID"], **told}]


def render_lora(air: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What clients of both generations read of a model."""
    return {
        **_entry(air, facts["name"], facts["version"], LORA, facts["architecture"]),
        "tags": list(facts.get("tags", ())),
        "heroImage": facts.get("heroImageURL", ""),
        "private": True,
        "comment": facts.get("comment", ""),
        "defaultWeight": facts.get("defaultWeight", 1),
        "positiveTriggerWords": facts.get("positiveTriggerWords", ""),
        "shortDescription": facts.get("shortDescription", ""),
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
    named = {"air": air, "name": name, "version": version, "category": category, "architecture": architecture}
    rest = {"tags": [], "heroImage": "", "private": False, "comment": "", "positiveTriggerWords": ""}
    return {**named, **rest, "capabilities": [], "source": "featured"}


def _is_wanted(entry: Mapping[str, Any], task: Mapping[str, Any]) -> bool:
    words = f"{entry['name']} {entry['air']} {entry['comment']} {' '.join(entry['tags'])}".lower()
    is_alike = all(not task.get(name) or entry.get(name) == task[name] for name in ("category", "architecture", "type"))
    return (
        is_alike
        and str(task.get("search", "")).lower() in words
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
