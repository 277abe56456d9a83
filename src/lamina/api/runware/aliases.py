"""Renames aliases and older names of parameters that Runware's clients still send to the current names."""

from collections.abc import Mapping
from typing import Any

_TOP = {"checkNSFW": ("safety", "checkContent"), "checkNsfw": ("safety", "checkContent"),
        "ultralytics": ("advancedFeatures", "ultralytics"), "referenceImages": ("inputs", "referenceImages"),
        "seedImage": ("inputs", "seedImage"), "maskImage": ("inputs", "maskImage")}  # fmt: skip
_WITHIN = {
    "acceleratorOptions": {"fbcache": "fbCache", "fbcacheThreshold": "fbCacheThreshold",
                           "cacheDistance": "teaCacheDistance", "cacheStopStep": "cacheEndStep"},
    "settings": {"true_cfg_scale": "trueCFGScale"},
}  # fmt: skip


def with_todays_names(task: Mapping[str, Any]) -> dict[str, Any]:
    """The task with aliases replaced by current names; if both are present, the current name takes precedence. Null
    values are removed.
    """
    renamed = {name: _without_nulls(value) for name, value in task.items() if value is not None and name not in _TOP}
    for outer, names in _WITHIN.items():
        if isinstance(renamed.get(outer), dict):
            renamed[outer] = _renamed(renamed[outer], names)
    for old, (outer, inner) in _TOP.items():
        group = renamed.get(outer, {})
        if task.get(old) is not None and isinstance(group, dict):
            renamed[outer] = {inner: _without_nulls(task[old]), **group}
    return renamed


def _renamed(group: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    current = {name: value for name, value in group.items() if name not in names}
    return {names[name]: value for name, value in group.items() if name in names} | current


def _without_nulls(value: Any, depth: int = 3) -> Any:
    """Removes null values recursively; `depth`: the nesting depth of parameters."""
    if not depth:
        return value
    if isinstance(value, dict):
        return {name: _without_nulls(item, depth - 1) for name, item in value.items() if item is not None}
    return [_without_nulls(item, depth - 1) for item in value] if isinstance(value, list) else value
