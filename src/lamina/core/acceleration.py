"""How much of a sampling run may be skipped: the named levels, and the step caches with their options."""

from dataclasses import dataclass
from enum import StrEnum

from lamina.core.errors import ErrorCode, LaminaError

MAX_CONSECUTIVE = 5


class AccelerationLevel(StrEnum):
    """What a request may ask for without knowing any method: the more, the less like an unhurried run."""

    NONE = "none"
    REGULAR = "regular"
    HIGH = "high"
    FAST = "fast"

    @classmethod
    def _missing_(cls, value: object) -> "AccelerationLevel":
        raise _invalid(f"the acceleration {value!r}", f"Ask for {', '.join(cls)}.")


class StepCache(StrEnum):
    """What is reused from one sampling step to the next."""

    FIRST_BLOCK = "first_block"
    TEA = "tea"
    DUAL_BLOCK = "dual_block"


@dataclass(frozen=True, slots=True)
class Acceleration:
    """A level, or one step cache with its options; not both.

    `threshold`: 0..1, how far a step may have moved and still be skipped: more is quicker; None is the cache's own
    default. `skip_interval`: at least 1; a dual-block cache computes every so manieth step in full, the others have
    none. `max_consecutive`: 1..5 steps skipped in a row. `start`, `end`: steps are skipped from the one on and before
    the other, as fractions 0..1 of all of them, with a level too. Raises `LaminaError` (task_invalid).
    """

    level: AccelerationLevel = AccelerationLevel.NONE
    cache: StepCache | None = None
    threshold: float | None = None
    skip_interval: int = 5
    max_consecutive: int = 3
    start: float = 0.0
    end: float = 1.0

    def __post_init__(self) -> None:
        if self.cache is not None and self.level is not AccelerationLevel.NONE:
            raise _invalid("an acceleration level and a step cache", "Ask for one of them.")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise _invalid(f"a cache threshold of {self.threshold:g}", "Ask for 0 to 1.")
        if self.skip_interval < 1:
            raise _invalid(f"a skip interval of {self.skip_interval}", "Ask for 1 or more.")
        if not 1 <= self.max_consecutive <= MAX_CONSECUTIVE:
            raise _invalid(f"{self.max_consecutive} skipped steps in a row", f"Ask for 1 to {MAX_CONSECUTIVE}.")
        if not 0 <= self.start < self.end <= 1:
            raise _invalid(
                f"caching from {self.start:.0%} to {self.end:.0%} of the steps",
                "The start must lie before the end, both within 0 to 100 %.",
            )

    @property
    def is_off(self) -> bool:
        return self.cache is None and self.level is AccelerationLevel.NONE


def _invalid(what: str, hint: str) -> LaminaError:
    return LaminaError(ErrorCode.TASK_INVALID, f"{what[0].upper()}{what[1:]} cannot be had.", hint)
