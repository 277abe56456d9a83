"""The records of stacks that can be edited, and of their revisions; no pixels."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRecord:
    """A stack of an API key. Times are in seconds since 1970.

    `source`: what it was made from, as the request named it, such as `job:ID`; `upload` for content in the request.
    `lifetime_s`: how long it is kept after its last change, in seconds, and `expires_at`: until then; None is forever.
    `revision`: the number of the revision that it shows; `last_revision`: the highest number that was ever given.
    """

    id: str
    key_id: str
    name: str
    source: str
    width: int
    height: int
    created_at: float
    updated_at: float
    lifetime_s: float | None = None
    expires_at: float | None = None
    revision: int = 1
    last_revision: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionRecord:
    """What a revision is called. `description`: of the operations that made it from the one before."""

    number: int
    description: str
    created_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionContent:
    """A revision before it is stored. `document`: JSON text; `width`, `height`: of its canvas; `pixels`: the keys of
    all pixels that it shows; `sizes`: bytes of the pixels that are new in the stack, by key.
    """

    document: str
    width: int
    height: int
    description: str
    pixels: frozenset[str]
    sizes: Mapping[str, int]
