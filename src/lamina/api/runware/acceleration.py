"""Validates Runware's accelerator options and converts them to the engine's acceleration."""

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
_DEFAULT_THRESHOLD = 0.25  # the default of both thresholds, at the vendor and in the engine
_DEEP_CACHE = "DeepCache is a method for Stable Diffusion's U-Net: it was not applied to the Qwen-Image model."


def parse_acceleration(options: Mapping[str, Any], steps: int) -> tuple[Acceleration, tuple[str, ...]]:
    """(acceleration for a run of `steps` steps, notes for the user). Raises `RunwareError`."""
    start, end = _span(options, steps)
    notes = (_DEEP_CACHE,) if options.get("deepCache") else ()
    enabled = [name for name in _CACHES if options.get(name)]
    if len(enabled) > 1:
        raise _incompatible(enabled, f"only one of {' and '.join(enabled)} can be on")
    if not enabled:
        return Acceleration(), notes
    cache, threshold_name = _CACHES[enabled[0]]
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
    """Converts fbCacheThreshold and dbCacheThreshold, of which "lower values reuse more aggressively" (the vendor's
    page), to the scale of the engine's caches, which reuse more with higher thresholds. 0 becomes 1 (always reused), 1
    becomes 0 (never), the default stays the same; values between are interpolated linearly.
    """
    return 1 - 3 * threshold if threshold <= _DEFAULT_THRESHOLD else (1 - threshold) / 3


def _span(options: Mapping[str, Any], steps: int) -> tuple[float, float]:
    """The start and the end of skipping as fractions (0..1) of the run."""
    for step, percentage in (
        ("cacheStartStep", "cacheStartStepPercentage"),
        ("cacheEndStep", "cacheEndStepPercentage"),
    ):
        if step in options and percentage in options:
            raise _incompatible([step, percentage], f"{percentage} is an alternative to {step}")
    start, end = options.get("cacheStartStep"), options.get("cacheEndStep")
    if end is not None and end > steps:
        raise _out_of_range("cacheEndStep", f"it must be at most {steps}, the number of steps", max=steps)
    if start is not None and start >= steps:
        raise _out_of_range("cacheStartStep", f"it must be below {steps}, the number of steps", max=steps - 1)
    first = _fraction(start, options.get("cacheStartStepPercentage"), steps, 0.0)
    last = _fraction(end, options.get("cacheEndStepPercentage"), steps, 1.0)
    if first >= last:
        names = [name for name in options if name.startswith(("cacheStart", "cacheEnd"))]
        raise _incompatible(names, "the start must be before the end")
    return first, last


def _fraction(step: int | None, percentage: int | None, steps: int, default: float) -> float:
    if step is not None:
        return step / steps
    return default if percentage is None else percentage / 100


def _incompatible(names: list[str], why: str) -> RunwareError:
    full_names = [f"{_NAME}.{name}" for name in names]
    return RunwareError("incompatibleParameters", f"Incompatible parameters: {why}.", parameter=full_names)


def _out_of_range(name: str, why: str, **bounds: Any) -> RunwareError:
    full = f"{_NAME}.{name}"
    return RunwareError(
        "invalidParameter", f"Invalid value for {full}: {why}.", parameter=full, type="integer", **bounds
    )
