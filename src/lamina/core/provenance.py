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
