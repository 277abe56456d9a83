"""The result of prompt expansion: the new prompt, what produced it, and what failed before."""

from dataclasses import dataclass
from enum import StrEnum


class ExpandedBy(StrEnum):
    """What expanded a prompt."""

    ENDPOINT = "endpoint"
    MODEL = "model"
    SUFFIX = "suffix"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Expansion:
    """`prompt`: the prompt for the model. `by`: what expanded it. `notes`: sentences on attempts that failed."""

    prompt: str
    by: ExpandedBy
    notes: tuple[str, ...] = ()
