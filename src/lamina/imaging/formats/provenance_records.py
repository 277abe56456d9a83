"""Converts how models made and edited a stack to and from JSON, for all formats that can be read."""

from dataclasses import dataclass, replace
from typing import Any

from lamina.core.layers import LayerStack
from lamina.core.provenance import MAX_EDITORS, Provenance
from lamina.imaging.formats.records import quoted
from lamina.imaging.read_errors import InvalidContentError

_MAX_CHARACTERS = 100_000
_MAX_SEED = 2**64 - 1


@dataclass(frozen=True, slots=True)
class StackProvenance:
    """`made`, `edited_by`: as in `LayerStack`."""

    made: Provenance | None = None
    edited_by: tuple[str, ...] = ()

    def given_to(self, stack: LayerStack) -> LayerStack:
        return replace(stack, made=self.made, edited_by=self.edited_by)


def render_provenance(made: Provenance | None, edited_by: tuple[str, ...]) -> dict[str, Any] | None:
    """Engine, checkpoint, seed and prompt of what made the stack, and the models that edited it; None without both."""
    if made is None:
        return {"edited_by": list(edited_by)} if edited_by else None
    fields = {"engine": made.engine, "checkpoint": made.checkpoint, "seed": made.seed, "prompt": made.prompt}
    return {"made": {name: value for name, value in fields.items() if value not in ("", None)}, "edited_by": edited_by}


def stack_record(stack: LayerStack) -> dict[str, dict[str, Any]]:
    """The provenance of a stack under its name in a record; empty if there is none."""
    record = render_provenance(stack.made, stack.edited_by)
    return {} if record is None else {"provenance": record}


def parse_provenance(record: Any) -> StackProvenance:
    """The inverse of `render_provenance`. Raises `InvalidContentError` if the value is not valid."""
    if record is None:
        return StackProvenance()
    try:
        made, editors = record.get("made"), record.get("edited_by", ())
        if len(editors) > MAX_EDITORS:
            raise InvalidContentError(f"its provenance names more than {MAX_EDITORS} models")
        return StackProvenance(None if made is None else _made(made), tuple(map(_string, editors)))
    except (TypeError, AttributeError):
        raise InvalidContentError("its provenance has an invalid structure") from None


def _made(record: Any) -> Provenance:
    seed = record.get("seed")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= _MAX_SEED):
        raise InvalidContentError(f"{quoted(seed)} in its provenance is not a seed")
    engine, checkpoint, prompt = (_string(record.get(name, "")) for name in ("engine", "checkpoint", "prompt"))
    return Provenance(engine, checkpoint, seed, prompt)


def _string(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _MAX_CHARACTERS:
        raise InvalidContentError(f"{quoted(value)} in its provenance is not a short string")
    return value
