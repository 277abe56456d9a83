"""Samplers against mathematics: pictures from a normal distribution, for which every answer is known in closed form."""

import math

import pytest

torch = pytest.importorskip("torch", reason="the qwen extra is not installed")
pytest.importorskip("diffusers", reason="the qwen extra is not installed")

from flow_models import DEVIATION, MEAN, exact, sampled, started  # noqa: E402

from lamina.core.schedulers import SCHEDULERS, Method  # noqa: E402
from lamina.engines.qwen.samplers.explicit import AdamsBashforth  # noqa: E402

LAYERED_MU = 2.5
NOISE = torch.linspace(-2.5, 2.5, 11).view(1, 11, 1)
MANY = torch.randn(1, 100_000, 1, generator=torch.Generator().manual_seed(3))

KINDS = {(scheduler.method, scheduler.spacing): name for name, scheduler in reversed(SCHEDULERS.items())}
EXACT_KINDS = sorted(name for (method, _), name in KINDS.items() if not method.is_stochastic)
FIRST_ORDER = {Method.OWN, Method.EULER}
HIGHER = sorted(name for name in EXACT_KINDS if SCHEDULERS[name].method not in FIRST_ORDER)
NOISY = sorted(name for (method, _), name in KINDS.items() if method.is_stochastic and method is not Method.LCM)


def error(name: str, steps: int, mu: float = LAYERED_MU, is_layered: bool = True) -> float:
    made = sampled(started(name, steps, mu, is_layered), NOISE)
    return float((made - exact(NOISE)).abs().max())


@pytest.mark.parametrize("name", EXACT_KINDS)
def test_more_steps_come_nearer_to_the_exact_answer(name: str) -> None:
    errors = [error(name, steps) for steps in (5, 10, 20, 160)]
    assert errors == sorted(errors, reverse=True)
    limit = 0.02 if SCHEDULERS[name].method in FIRST_ORDER else 0.003
    assert errors[-1] < limit


@pytest.mark.parametrize("name", HIGHER)
def test_the_error_falls_with_about_the_square_of_the_steps(name: str) -> None:
    order = math.log(error(name, 10) / error(name, 160), 16)
    assert order > 1.45


@pytest.mark.parametrize("name", ["Euler", "Euler Karras", "Euler Beta", "Default"])
def test_eulers_error_falls_with_the_steps(name: str) -> None:
    assert math.log2(error(name, 80) / error(name, 160)) == pytest.approx(1, abs=0.15)


def test_heuns_error_falls_with_the_square_of_the_steps() -> None:
    assert math.log2(error("Heun", 80) / error("Heun", 160)) == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("name", HIGHER)
@pytest.mark.parametrize("is_layered", [True, False])
def test_forty_evaluations_are_worth_more_than_eulers_forty(name: str, is_layered: bool) -> None:
    scheduler, mu = SCHEDULERS[name], LAYERED_MU if is_layered else 0.7
    steps = scheduler.steps_in(40)
    euler = KINDS.get((Method.EULER, scheduler.spacing), "Euler")
    assert error(name, steps, mu, is_layered) < error(euler, 40, mu, is_layered) * 0.85


def test_adams_bashforth_is_exact_for_cubic_velocities_on_uneven_levels() -> None:
    sigmas = [1.0, 0.93, 0.81, 0.72, 0.55, 0.5, 0.31, 0.22, 0.1, 0.04, 0.01, 0.002, 0.0]
    solver = AdamsBashforth()
    solver.start(sigmas)
    for index, sigma in enumerate(sigmas[:-4]):
        integral, integral_next = (s**4 - s**3 + 2 * s for s in (sigma, sigmas[index + 1]))
        cubic = torch.tensor([4 * sigma**3 - 3 * sigma**2 + 2])
        moved = float(solver.advance(cubic, torch.zeros(1), index))
        if index >= 3:
            assert moved == pytest.approx(integral_next - integral, abs=2e-6)


@pytest.mark.parametrize("name", NOISY)
def test_stochastic_methods_give_the_mean_and_the_spread_of_the_pictures(name: str) -> None:
    made = sampled(started(name, 100, LAYERED_MU, True), MANY)
    first_order = SCHEDULERS[name].method in (Method.ANCESTRAL_EULER, Method.SDE_DPM_1)
    assert float(made.mean()) == pytest.approx(MEAN, abs=0.006)
    assert float(made.std()) == pytest.approx(DEVIATION, abs=0.035 if first_order else 0.012)


@pytest.mark.parametrize("name", ["Euler a", "DDPMScheduler"])
def test_the_spread_of_first_order_stochastic_methods_nears_the_pictures_with_the_steps(name: str) -> None:
    short, long = (float(sampled(started(name, steps, LAYERED_MU, True), MANY).std()) for steps in (50, 200))
    assert DEVIATION - long < (DEVIATION - short) / 2.5


def test_lcm_keeps_the_mean() -> None:
    assert float(sampled(started("LCM", 8, LAYERED_MU, True), MANY).mean()) == pytest.approx(MEAN, abs=0.01)
