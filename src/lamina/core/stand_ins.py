"""Who stands in for whom: a result that nano made in the place of another model, and what it then costs."""

from collections.abc import Mapping
from typing import Any

from lamina.core.catalog import NANO

ENGINE, STANDS_IN_FOR, IS_FREE = "engine", "stands_in_for", "is_free"
"""In a job's result: the engine that made it; the model that it stands in for; whether it costs nothing for that."""


def stood_in_for(engine: str, named_model: str) -> str | None:
    """The model that was asked for by name where `engine` made the result in its place; None where nobody stands in.

    Nano alone does: it answers for models of which it has no weights. The classic engine does the task in its own way,
    and whoever names nano, or no model, gets what was asked for.
    """
    is_stand_in = engine == NANO.name and named_model not in ("", NANO.name)
    return named_model if is_stand_in else None


def told_of_stand_in(result: Mapping[str, Any], model: str, is_charged: bool) -> dict[str, Any]:
    """The result with what its user should know. `model`: that it stands in for."""
    cost = "" if is_charged else ", and costs nothing"
    note = f"Nano made this in the place of {model}{cost}."
    return {**result, STANDS_IN_FOR: model, IS_FREE: not is_charged, "notes": [*result.get("notes", ()), note]}


def is_free(result: Mapping[str, Any] | None) -> bool:
    return bool(result and result.get(IS_FREE))
