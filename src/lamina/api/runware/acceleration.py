"""Runware's accelerator options, checked against each other, as what the engine may skip."""

from collections.abc import Mapping
from typing import Any

from lamina.api.runware.errors import RunwareError
from lamina.core.acceleration import Acceleration, StepCache

_NAME = "acceleratorOptions"
_CACHES = {
    "fbCache": (StepCache.FIRST_BLOCK, "fbCacheThreshold"),
    "teaCache": (StepCache.TEA, "teaCacheDistance"),
    "dbCache": (StepCache.DUAL_BLOCK, "dbCacheThreshold"),
}
_AS_IT_IS = 0.25  # the vendor's default of both thresholds, and the engine's
_DEEP_CACHE = "DeepCache is a method for Stable Diffusion's networks: it was not applied to a Qwen-Image model."


def parse_acceleration(options: Mapping[str, Any], steps: int) -> tuple[Acceleration, tuple[str, ...]]:
    """What may be skipped of so many steps, and what its user should know. Raises `RunwareError`."""
    start, end = _span(options, steps)
    notes = (_DEEP_CACHE,) if options.get("deepCache") else ()
    wanted = [name for name in _CACHES if options.get(name)]
    if len(wanted) > 1:
        raise _incompatible(wanted, f"only one of {' and '.join(wanted)} can be on")
    if not wanted:
        return Acceleration(), notes
    cache, threshold_name = _CACHES[wanted[0]]
    threshold = options.get(threshold_name)
    if threshold is not None and cache is not StepCache.TEA:
        threshold = engine_threshold(threshold)
    acceleration = Acceleration(
        cache=cache,
        threshold=threshold,
        skip_interval=int(options.get("dbCacheSkipInterval", 5)),
        max_consecutive=int(options.get("cacheMaxConsecutiveSteps", 3)),
        start=start,
        end=end,
    )
    return acceleration, notes


def engine_threshold(threshold: float) -> float:
    """Of fbCacheThreshold and dbCacheThreshold, "lower values reuse more aggressively" (the vendor's page); the caches
    themselves reuse more the higher theirs is. Runware's 0 is 1 here (always reused), its 1 is 0 (never), and its
    default is the same on both scales; straight lines between.
    """
    return 1 - 3 * threshold if threshold <= _AS_IT_IS else (1 - threshold) / 3


def _span(options: Mapping[str, Any], steps: int) -> tuple[float, float]:
    """Where skipping begins and ends, as fractions of all steps."""
    for step, percentage in (
        ("cacheStartStep", "cacheStartStepPercentage"),
        ("cacheEndStep", "cacheEndStepPercentage"),
    ):
        if step in options and percentage in options:
            raise _incompatible([step, percentage], f"{percentage} is an alternative to {step}")
    start, end = options.get("cacheStartStep"), options.get("cacheEndStep")
    if end is not None and end > steps:
        raise _out_of("cacheEndStep", f"it must be at most {steps}, the number of steps", max=steps)
    if start is not None and start >= steps:
        raise _out_of("cacheStartStep", f"it must be below {steps}, the number of steps", max=steps - 1)
    first = _fraction(start, options.get("cacheStartStepPercentage"), steps, 0.0)
    last = _fraction(end, options.get("cacheEndStepPercentage"), steps, 1.0)
    if first >= last:
        names = [name for name in options if name.startswith(("cacheStart", "cacheEnd"))]
        raise _incompatible(names, "the start must lie before the end")
    return first, last


def _fraction(step: int | None, percentage: int | None, steps: int, otherwise: float) -> float:
    if step is not None:
        return step / steps
    return otherwise if percentage is None else percentage / 100


def _incompatible(names: list[str], why: str) -> RunwareError:
    named = [f"{_NAME}.{name}" for name in names]
    return RunwareError("incompatibleParameters", f"These do not go together: {why}.", parameter=named)


def _out_of(name: str, why: str, **bounds: Any) -> RunwareError:
    full = f"{_NAME}.{name}"
    return RunwareError(
        "invalidParameter", f"Invalid value for {full}: {why}.", parameter=full, type="integer", **bounds
    )
