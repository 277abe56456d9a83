"""Which steps of a run may be skipped at all, before any cache looks at how much has changed."""

import math
from dataclasses import dataclass
from typing import Self

from lamina.core.acceleration import Acceleration, StepCache

_ROUNDING = 1e-6  # steps; 7 of 20 steps, told as a fraction and multiplied again, must be 7


@dataclass(frozen=True, slots=True)
class SkipSchedule:
    """`may_skip`: for each step of the run; `max_consecutive`: steps skipped in a row before one is computed."""

    may_skip: tuple[bool, ...]
    max_consecutive: int

    @classmethod
    def of(cls, acceleration: Acceleration, steps: int) -> Self:
        """Of a run of `steps` steps: from `start` on, before `end`, and not each `skip_interval`-th of a dual block."""
        first, stop = (math.ceil(share * steps - _ROUNDING) for share in (acceleration.start, acceleration.end))
        has_interval = acceleration.cache is StepCache.DUAL_BLOCK
        due = range(0, steps, acceleration.skip_interval) if has_interval else ()
        may_skip = tuple(first <= step < stop and step not in due for step in range(steps))
        return cls(may_skip, acceleration.max_consecutive)
