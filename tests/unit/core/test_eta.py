"""The time that is left, by a clock that the test moves."""

import pytest

from lamina.core.eta import Countdown, Pace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def sampled(pace: Pace, clock: Clock, steps: int, *, before_s: float, step_s: float, after_s: float) -> list[float]:
    """What is said to be left at each step of a picture that takes so long."""
    pace.begin_picture()
    clock.now += before_s
    pace.begin_steps()
    etas: list[float] = []
    for step in range(1, steps + 1):
        clock.now += step_s
        pace.begin_steps()  # the model is called in every step
        etas.append(pace.step_done(steps - step, steps))
    clock.now += after_s
    pace.end_picture()
    return etas


def test_what_is_left_is_of_all_pictures() -> None:
    clock = Clock()
    pace = Pace(4, clock)
    etas: list[float] = []
    left: list[float] = []
    whole_s = 4 * (2 + 100 * 0.5 + 2)
    for picture in range(4):
        etas += sampled(pace, clock, 100, before_s=2, step_s=0.5, after_s=2)
        left += [whole_s - (picture * 54 + 2 + 0.5 * step) for step in range(1, 101)]
    assert etas == pytest.approx(left)
    assert etas[99] == pytest.approx(2 + 3 * 54) and etas[-1] == pytest.approx(2)


def test_it_follows_the_pace_that_was_measured() -> None:
    clock = Clock()
    pace = Pace(2, clock)
    sampled(pace, clock, 10, before_s=1, step_s=1, after_s=5)
    etas = sampled(pace, clock, 10, before_s=1, step_s=3, after_s=5)
    assert etas[4] == pytest.approx(5 * (10 + 5 * 3) / 15 + 5)  # by the mean of all steps so far
    assert etas[-1] == pytest.approx(5)


def test_the_times_of_a_picture_are_told() -> None:
    clock = Clock()
    pace = Pace(1, clock)
    pace.begin_picture()
    clock.now += 3
    pace.begin_steps()
    clock.now += 4
    pace.step_done(0, 1)
    clock.now += 5
    assert pace.end_picture() == (3, 4, 5)


def test_a_countdown_goes_on_while_nothing_new_is_told() -> None:
    clock = Clock()
    countdown = Countdown(clock)
    assert countdown.remaining_s(None) is None
    assert countdown.remaining_s(10.0) == 10.0
    clock.now += 4
    assert countdown.remaining_s(None) == 6.0
    assert countdown.remaining_s(20.0) == 20.0
    clock.now += 30
    assert countdown.remaining_s(None) == 0.0
