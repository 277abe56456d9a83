"""The scheduler names that a request may use, and what is said of each."""

import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.schedulers import SCHEDULERS, Method, Spacing, scheduler_named
from lamina.core.tasks import DEFAULT_SCHEDULER, Sampling

SPACINGS = {"Karras": Spacing.KARRAS, "Exponential": Spacing.EXPONENTIAL, "Beta": Spacing.BETA}


def test_there_are_the_75_names_and_one_alias() -> None:
    assert len(SCHEDULERS) == 75
    assert scheduler_named("UniPCMultistepScheduler") == SCHEDULERS["UniPC"]
    assert scheduler_named(DEFAULT_SCHEDULER).method is Method.OWN


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_spacing_in_the_name_is_the_spacing_that_runs(name: str) -> None:
    last = name.split()[-1]
    if last in SPACINGS:
        assert SCHEDULERS[name].spacing is SPACINGS[last]
    if last == "Uniform":
        assert SCHEDULERS[name].spacing is Spacing.UNIFORM


@pytest.mark.parametrize(
    "name", ["DPM++ 2M", "DPM++ 2M SDE Karras", "Euler", "Heun", "UniPC 3M Karras", "Default", "LMS"]
)
def test_names_that_mean_something_for_flow_matching_need_no_word_in_the_log(name: str) -> None:
    assert scheduler_named(name).note == ""


@pytest.mark.parametrize(
    ("name", "stand_in"),
    [
        ("DDIM", "Euler"),
        ("KDPM2DiscreteScheduler", "Heun"),
        ("TCDScheduler", "LCM"),
        ("DPM++ SDE", "SDE-DPM-Solver++"),
        ("PNDMScheduler", "Adams-Bashforth"),
        ("EDMEulerScheduler", "Karras"),
        ("DPMSolverMultistepInverse", "the model's own"),
        ("IPNDM Uniform Beta", "beta"),
    ],
)
def test_the_log_names_what_stands_in(name: str, stand_in: str) -> None:
    note = scheduler_named(name).note
    assert stand_in in note
    assert note.endswith(".")


@pytest.mark.parametrize(
    ("name", "meant"),
    [("dpm++ 2m karas", "DPM++ 2M Karras"), ("euler", "Euler"), ("HeunDiscrete", "HeunDiscreteScheduler")],
)
def test_a_request_with_an_unknown_name_is_refused_with_the_one_that_was_meant(name: str, meant: str) -> None:
    with pytest.raises(LaminaError, match="no scheduler") as refused:
        Sampling(scheduler=name)
    assert refused.value.code is ErrorCode.TASK_INVALID
    assert repr(meant) in refused.value.hint


def test_a_name_like_no_other_is_refused_with_what_there_is() -> None:
    with pytest.raises(LaminaError, match="'Default'"):
        scheduler_named("#")


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_evaluations_and_steps_count_one_another(steps: int) -> None:
    for scheduler in SCHEDULERS.values():
        assert scheduler.steps_in(scheduler.evaluations(steps)) == steps
    assert SCHEDULERS["Heun"].evaluations(steps) == 2 * steps - 1
    assert SCHEDULERS["Euler"].evaluations(steps) == steps
