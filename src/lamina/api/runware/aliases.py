"""Renames aliases and older names of parameters that Runware's clients still send to the current names."""

from pydantic import JsonValue

from lamina.api.runware.task_fields import TaskFields

_ALIASES = {"checkNSFW": ("safety", "checkContent"), "checkNsfw": ("safety", "checkContent"),
        "ultralytics": ("advancedFeatures", "ultralytics"), "referenceImages": ("inputs", "referenceImages"),
        "seedImage": ("inputs", "seedImage"), "maskImage": ("inputs", "maskImage")}  # fmt: skip
_ALIASES_WITHIN = {
    "acceleratorOptions": {"fbcache": "fbCache", "fbcacheThreshold": "fbCacheThreshold",
                           "cacheDistance": "teaCacheDistance", "cacheStopStep": "cacheEndStep"},
    "settings": {"true_cfg_scale": "trueCFGScale"},
}  # fmt: skip


def with_current_names(task: TaskFields) -> TaskFields:
    """The task with aliases replaced by current names; if both are present, the current name takes precedence. Null
    values are removed.
    """
    current = task.to_json(without=tuple(_ALIASES))
    renamed = {name: _without_nulls(value) for name, value in current.items() if value is not None}
    for outer, names in _ALIASES_WITHIN.items():
        group = renamed.get(outer)
        if isinstance(group, dict):
            aliased = {names[name]: value for name, value in group.items() if name in names}
            renamed[outer] = aliased | {name: value for name, value in group.items() if name not in names}
    for alias, (outer, inner) in _ALIASES.items():
        value, group = task.value(alias), renamed.get(outer, {})
        if value is not None and isinstance(group, dict):
            renamed[outer] = {inner: _without_nulls(value), **group}
    return TaskFields(renamed)


def _without_nulls(value: JsonValue, depth: int = 3) -> JsonValue:
    """Removes null values recursively; `depth`: the nesting depth of parameters."""
    if not depth:
        return value
    if isinstance(value, dict):
        return {name: _without_nulls(item, depth - 1) for name, item in value.items() if item is not None}
    return [_without_nulls(item, depth - 1) for item in value] if isinstance(value, list) else value
