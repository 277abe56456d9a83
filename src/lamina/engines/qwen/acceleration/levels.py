"""The acceleration levels, and the default thresholds of the step caches."""

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
"""For their choice and cost, see docs/reference/acceleration.md."""

DEFAULT_THRESHOLDS = MappingProxyType({StepCache.FIRST_BLOCK: 0.25, StepCache.TEA: 0.5, StepCache.DUAL_BLOCK: 0.25})
"""Runware's defaults of fbCacheThreshold, teaCacheDistance and dbCacheThreshold."""


def cache_of(acceleration: Acceleration) -> tuple[Acceleration, float]:
    """The step cache of a level, or the requested one, with its threshold; `acceleration` must not be off.

    A level keeps the `start` and `end` of the request.
    """
    options = acceleration
    if acceleration.level in LEVELS:
        options = replace(LEVELS[acceleration.level], start=acceleration.start, end=acceleration.end)
    threshold = options.threshold
    return options, DEFAULT_THRESHOLDS[options.cache] if threshold is None else threshold
