"""What came of making a prompt richer: the new words, who found them, and what was tried before."""

from dataclasses import dataclass
from enum import StrEnum


class ExpandedBy(StrEnum):
    """Who made a prompt richer."""

    ENDPOINT = "endpoint"
    MODEL = "model"
    SUFFIX = "suffix"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Expansion:
    """`prompt`: as it goes to the model; `by`: who made it so; `notes`: sentences on what was tried in vain."""

    prompt: str
    by: ExpandedBy
    notes: tuple[str, ...] = ()
