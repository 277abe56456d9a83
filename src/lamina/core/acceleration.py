"""Options to skip part of a sampling run: named levels, and step caches with their parameters."""

from dataclasses import dataclass
from enum import StrEnum

from lamina.core.errors import ErrorCode, LaminaError

MAX_CONSECUTIVE = 5


class AccelerationLevel(StrEnum):
    """Presets: higher levels are faster and differ more from a run that is not accelerated."""

    NONE = "none"
    REGULAR = "regular"
    HIGH = "high"
    FAST = "fast"

    @classmethod
    def _missing_(cls, value: object) -> "AccelerationLevel":
        raise _invalid(f"the acceleration {value!r}", f"Use one of {', '.join(cls)}.")


class StepCache(StrEnum):
    """Which results are reused from one sampling step to the next."""

    FIRST_BLOCK = "first_block"
    TEA = "tea"
    DUAL_BLOCK = "dual_block"


@dataclass(frozen=True, slots=True)
class Acceleration:
    """A level, or one step cache with its parameters, but not both.

    `threshold`: 0..1, the largest change for which a step is skipped; higher is faster; None for the cache's default.
    `skip_interval`: from 1; a dual-block cache computes every n-th step in full; the other caches ignore it.
    `max_consecutive`: 1..5, how many steps may be skipped in a row. `start`, `end`: steps are skipped only between
    these fractions (0..1) of the run; they apply to levels, too. Raises `LaminaError` (task_invalid).
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
            raise _invalid("an acceleration level and a step cache", "Give one of them.")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise _invalid(f"a cache threshold of {self.threshold:g}", "Use 0 to 1.")
        if self.skip_interval < 1:
            raise _invalid(f"a skip interval of {self.skip_interval}", "Use 1 or more.")
        if not 1 <= self.max_consecutive <= MAX_CONSECUTIVE:
            raise _invalid(f"{self.max_consecutive} skipped steps in a row", f"Use 1 to {MAX_CONSECUTIVE}.")
        if not 0 <= self.start < self.end <= 1:
            raise _invalid(
                f"caching from {self.start:.0%} to {self.end:.0%} of the steps",
                "The start must be before the end, and both between 0 and 100 %.",
            )

    @property
    def is_off(self) -> bool:
        return self.cache is None and self.level is AccelerationLevel.NONE


def _invalid(what: str, hint: str) -> LaminaError:
    return LaminaError(ErrorCode.TASK_INVALID, f"{what[0].upper()}{what[1:]} is not possible.", hint)
