"""Older and other names of parameters, which Runware's clients still send, as the names that its pages have now."""

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
    """The task, each alias under its present name; where both are given, that one wins. What is null is as if it were
    not there.
    """
    named = {name: _without_nulls(value) for name, value in task.items() if value is not None and name not in _TOP}
    for outer, names in _WITHIN.items():
        if isinstance(named.get(outer), dict):
            named[outer] = _renamed(named[outer], names)
    for old, (outer, inner) in _TOP.items():
        group = named.get(outer, {})
        if task.get(old) is not None and isinstance(group, dict):
            named[outer] = {inner: _without_nulls(task[old]), **group}
    return named


def _renamed(group: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    today = {name: value for name, value in group.items() if name not in names}
    return {names[name]: value for name, value in group.items() if name in names} | today


def _without_nulls(value: Any, depth: int = 3) -> Any:
    """So deep as parameters go."""
    if not depth:
        return value
    if isinstance(value, dict):
        return {name: _without_nulls(one, depth - 1) for name, one in value.items() if one is not None}
    return [_without_nulls(one, depth - 1) for one in value] if isinstance(value, list) else value
