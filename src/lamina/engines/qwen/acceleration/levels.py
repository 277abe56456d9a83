"""What the named levels are, and the thresholds of the step caches where a request names none."""

from dataclasses import replace
from types import MappingProxyType

from lamina.core.acceleration import MAX_CONSECUTIVE, Acceleration, AccelerationLevel, StepCache

LEVELS = MappingProxyType(
    {
        AccelerationLevel.REGULAR: Acceleration(cache=StepCache.FIRST_BLOCK, threshold=0.1),
        AccelerationLevel.HIGH: Acceleration(cache=StepCache.FIRST_BLOCK, threshold=0.2),
        AccelerationLevel.FAST: Acceleration(
            cache=StepCache.FIRST_BLOCK, threshold=0.3, max_consecutive=MAX_CONSECUTIVE
        ),
    }
)
"""How these were chosen, and what they cost: docs/reference/acceleration.md."""

DEFAULT_THRESHOLDS = MappingProxyType({StepCache.FIRST_BLOCK: 0.25, StepCache.TEA: 0.5, StepCache.DUAL_BLOCK: 0.25})
"""Runware's own defaults of fbCacheThreshold, teaCacheDistance and dbCacheThreshold."""


def cache_of(acceleration: Acceleration) -> tuple[Acceleration, float]:
    """The step cache that a level stands for, or the one asked for, and its threshold; `acceleration` is not off.

    A level keeps the request's `start` and `end`.
    """
    options = acceleration
    if acceleration.level in LEVELS:
        options = replace(LEVELS[acceleration.level], start=acceleration.start, end=acceleration.end)
    threshold = options.threshold
    return options, DEFAULT_THRESHOLDS[options.cache] if threshold is None else threshold
