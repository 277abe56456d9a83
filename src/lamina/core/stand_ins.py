"""Stand-ins: results that the model nano generates in place of another model, and their costs."""

from dataclasses import replace

from lamina.core.catalog import NANO
from lamina.core.job_results import Result


def stood_in_for(engine: str, named_model: str) -> str | None:
    """The requested model if `engine` has generated the result in its place, otherwise None.

    Only nano is a stand-in, for models whose weights are missing. The classic engine is not, since it does the task by
    another method; nor is nano for requests that name it or no model.
    """
    is_stand_in = engine == NANO.name and named_model not in ("", NANO.name)
    return named_model if is_stand_in else None


def with_stand_in(result: Result, model: str, is_charged: bool) -> Result:
    """The result with a note for the user that nano stood in for `model`."""
    cost = "" if is_charged else ", and costs nothing"
    note = f"Nano made this in the place of {model}{cost}."
    return replace(result, stands_in_for=model, is_free=not is_charged, notes=(*result.notes, note))
