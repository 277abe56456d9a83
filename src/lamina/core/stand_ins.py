"""Stand-ins: results that the model nano makes in the place of another model, and what they cost then."""

from dataclasses import replace

from lamina.core.catalog import NANO
from lamina.core.job_results import Result


def stood_in_for(engine: str, named_model: str) -> str | None:
    """The model that was asked for by name where `engine` made the result in its place; None where it did not.

    Only nano stands in: it answers for models whose weights are missing. The classic engine does the task in its own
    way, and a request that names nano, or no model, gets what it asks for.
    """
    is_stand_in = engine == NANO.name and named_model not in ("", NANO.name)
    return named_model if is_stand_in else None


def with_stand_in(result: Result, model: str, is_charged: bool) -> Result:
    """The result with a note for the user that nano stood in for `model`."""
    cost = "" if is_charged else ", and costs nothing"
    note = f"Nano made this in the place of {model}{cost}."
    return replace(result, stands_in_for=model, is_free=not is_charged, notes=(*result.notes, note))
