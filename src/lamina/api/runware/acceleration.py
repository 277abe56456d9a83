"""Validates Runware's accelerator options and converts them to the engine's acceleration."""

from lamina.api.runware.errors import RunwareError
from lamina.api.runware.task_fields import TaskFields
from lamina.core.acceleration import Acceleration, StepCache

_NAME = "acceleratorOptions"
_CACHES = {
    "fbCache": (StepCache.FIRST_BLOCK, "fbCacheThreshold"),
    "teaCache": (StepCache.TEA, "teaCacheDistance"),
    "dbCache": (StepCache.DUAL_BLOCK, "dbCacheThreshold"),
}
_DEFAULT_THRESHOLD = 0.25  # the default of both thresholds, at the vendor and in the engine
_DEEP_CACHE = "DeepCache is a method for Stable Diffusion's U-Net: it was not applied to the Qwen-Image model."


def parse_acceleration(options: TaskFields, steps: int) -> tuple[Acceleration, tuple[str, ...]]:
    """(acceleration for a run of `steps` steps, notes for the user). Raises `RunwareError`."""
    start, end = _span(options, steps)
    notes = (_DEEP_CACHE,) if options.flag("deepCache", False) else ()
    enabled = [name for name in _CACHES if options.flag(name, False)]
    if len(enabled) > 1:
        raise _incompatible(enabled, f"only one of {' and '.join(enabled)} can be on")
    if not enabled:
        return Acceleration(), notes
    cache, threshold_name = _CACHES[enabled[0]]
    threshold = options.number(threshold_name, None)
    if threshold is not None and cache is not StepCache.TEA:
        threshold = engine_threshold(threshold)
    acceleration = Acceleration(
        cache=cache,
        threshold=threshold,
        skip_interval=options.integer("dbCacheSkipInterval", 5),
        max_consecutive=options.integer("cacheMaxConsecutiveSteps", 3),
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


def _span(options: TaskFields, steps: int) -> tuple[float, float]:
    """The start and the end of skipping as fractions (0..1) of the run."""
    for step, percentage in (
        ("cacheStartStep", "cacheStartStepPercentage"),
        ("cacheEndStep", "cacheEndStepPercentage"),
    ):
        if step in options and percentage in options:
            raise _incompatible([step, percentage], f"{percentage} is an alternative to {step}")
    start_step, end_step = options.number("cacheStartStep", None), options.number("cacheEndStep", None)
    if end_step is not None and end_step > steps:
        raise _out_of_range("cacheEndStep", f"it must be at most {steps}, the number of steps", maximum=steps)
    if start_step is not None and start_step >= steps:
        raise _out_of_range("cacheStartStep", f"it must be below {steps}, the number of steps", maximum=steps - 1)
    start = options.number("cacheStartStepPercentage", 0) / 100 if start_step is None else start_step / steps
    end = options.number("cacheEndStepPercentage", 100) / 100 if end_step is None else end_step / steps
    if start >= end:
        names = [name for name in options.names if name.startswith(("cacheStart", "cacheEnd"))]
        raise _incompatible(names, "the start must be before the end")
    return start, end


def _incompatible(names: list[str], why: str) -> RunwareError:
    full_names = [f"{_NAME}.{name}" for name in names]
    return RunwareError("incompatibleParameters", f"Incompatible parameters: {why}.", parameter=full_names)


def _out_of_range(name: str, why: str, maximum: int) -> RunwareError:
    full_name = f"{_NAME}.{name}"
    message = f"Invalid value for {full_name}: {why}."
    return RunwareError("invalidParameter", message, parameter=full_name, type="integer", max=maximum)
