"""Provenance: by which engine and weights, and from which seed and prompt, something was made."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Provenance:
    """How something was made, so that it can be shown and repeated.

    `engine`: its name; `checkpoint`: the weights; `seed`: of the first picture; `prompt`: as the model got it;
    `timings_s`: seconds by stage; `steps`, `skipped_steps`: sampling steps, and those of them answered from a cache.
    """

    engine: str
    checkpoint: str = ""
    seed: int | None = None
    prompt: str = ""
    timings_s: Mapping[str, float] = field(default_factory=dict[str, float])
    steps: int = 0
    skipped_steps: int = 0

    @property
    def model(self) -> str:
        """The name of the weights, or of the engine where those have none."""
        return self.checkpoint or self.engine


MAX_EDITORS = 100
"""The most models of which a stack remembers that they have edited it."""


def with_editor(edited_by: tuple[str, ...], made: Provenance | None) -> tuple[str, ...]:
    """The models that have edited a stack, each once, with that of one more edit; None is one without a model."""
    return edited_by if made is None else together(edited_by, (made.model,))


def together(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """The models of both, each once, in their order; the first `MAX_EDITORS`."""
    return tuple(dict.fromkeys((*first, *second)))[:MAX_EDITORS]
