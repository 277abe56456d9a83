"""The steps of a run that a step cache is allowed to skip."""

import math
from dataclasses import dataclass
from typing import Self

from lamina.core.acceleration import Acceleration, StepCache

_ROUNDING = 1e-6  # in steps: 7 / 20 * 20 must be 7


@dataclass(frozen=True, slots=True)
class SkipSchedule:
    """`may_skip`: one value per step; `max_consecutive`: maximum number of steps skipped in a row."""

    may_skip: tuple[bool, ...]
    max_consecutive: int

    @classmethod
    def of(cls, acceleration: Acceleration, steps: int) -> Self:
        """For a run of `steps` steps: `start` to `end`, but not every `skip_interval`-th step of a dual-block cache."""
        first, stop = (math.ceil(share * steps - _ROUNDING) for share in (acceleration.start, acceleration.end))
        has_interval = acceleration.cache is StepCache.DUAL_BLOCK
        computed = range(0, steps, acceleration.skip_interval) if has_interval else ()
        may_skip = tuple(first <= step < stop and step not in computed for step in range(steps))
        return cls(may_skip, acceleration.max_consecutive)
