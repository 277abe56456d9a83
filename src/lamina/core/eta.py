"""How long the rest of a work will take, by how long the parts of it took that are done. Times are seconds."""

import time
from collections.abc import Callable

Clock = Callable[[], float]


class Pace:
    """Of `pictures` that are sampled one after the other in as many steps each, some time passing around the steps:
    reading the prompt before them, decoding after them. Also the measured time of each of the three.
    """

    def __init__(self, pictures: int = 1, clock: Clock = time.perf_counter) -> None:
        self._pictures, self._clock = pictures, clock
        self._done, self._steps = 0, 0  # pictures; steps of all of them
        self._before = self._sampling = self._after = 0.0  # of all that is done
        self._began = self._first = self._last = clock()
        self._has_first = False

    def begin_picture(self) -> None:
        self._began = self._first = self._last = self._clock()
        self._has_first = False

    def begin_steps(self) -> None:
        """Sampling begins; only the first call for a picture counts."""
        if not self._has_first:
            self._has_first = True
            self._first = self._last = self._clock()
            self._before += self._first - self._began

    def step_done(self, left: int, of: int) -> float:
        """Seconds to go until the last picture is decoded. `left`: steps of this picture; `of`: that it has in all."""
        now = self._clock()
        self._sampling += now - self._last
        self._last = now
        self._steps += 1
        step_s = self._sampling / self._steps
        before_s = self._before / (self._done + 1)
        after_s = self._after / self._done if self._done else before_s
        to_come = self._pictures - self._done - 1
        return step_s * left + after_s + to_come * (before_s + step_s * of + after_s)

    def end_picture(self) -> tuple[float, float, float]:
        """What it took before, in, and after its steps."""
        now = self._clock()
        self._after += now - self._last
        self._done += 1
        return self._first - self._began, self._last - self._first, now - self._last


class Countdown:
    """The latest time to go that was told, less what has passed since, for as long as nothing newer is told."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._until: float | None = None

    def heard(self, eta_s: float | None) -> float | None:
        """What is left now. `eta_s`: told now; None is nothing new."""
        now = self._clock()
        if eta_s is not None:
            self._until = now + eta_s
        return None if self._until is None else max(0.0, self._until - now)
