"""Estimates the remaining time of a run from the measured times of its finished parts. Times are in seconds."""

import time
from collections.abc import Callable

Clock = Callable[[], float]


class Pace:
    """Estimates for `pictures` that are sampled one after the other in the same number of steps.

    It also measures, for each picture, the time before its steps (encoding the prompt), in its steps and after them
    (decoding).
    """

    def __init__(self, pictures: int = 1, clock: Clock = time.perf_counter) -> None:
        self._pictures, self._clock = pictures, clock
        self._done, self._steps = 0, 0  # finished pictures; finished steps of all pictures
        self._before = self._sampling = self._after = 0.0  # sums over everything finished
        self._began = self._first = self._last = clock()
        self._has_first = False

    def begin_picture(self) -> None:
        self._began = self._first = self._last = self._clock()
        self._has_first = False

    def begin_steps(self) -> None:
        """To be called when sampling begins; further calls for the same picture are ignored."""
        if not self._has_first:
            self._has_first = True
            self._first = self._last = self._clock()
            self._before += self._first - self._began

    def step_done(self, left: int, of: int) -> float:
        """Seconds until the last picture is decoded. `left`: remaining steps of this picture; `of`: its total steps."""
        now = self._clock()
        self._sampling += now - self._last
        self._last = now
        self._steps += 1
        step_s = self._sampling / self._steps
        before_s = self._before / (self._done + 1)
        after_s = self._after / self._done if self._done else before_s
        remaining = self._pictures - self._done - 1
        return step_s * left + after_s + remaining * (before_s + step_s * of + after_s)

    def end_picture(self) -> tuple[float, float, float]:
        """Seconds (before its steps, in its steps, after its steps)."""
        now = self._clock()
        self._after += now - self._last
        self._done += 1
        return self._first - self._began, self._last - self._first, now - self._last


class Countdown:
    """The latest reported estimate, minus the time that has passed since."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._until: float | None = None

    def remaining_s(self, eta_s: float | None) -> float | None:
        """The remaining seconds; None if there never was an estimate. `eta_s`: a new estimate, or None."""
        now = self._clock()
        if eta_s is not None:
            self._until = now + eta_s
        return None if self._until is None else max(0.0, self._until - now)
