"""Every scheduler name as the pipelines meet it: its noise levels, its counts, its reproducibility."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the qwen extra is not installed")
pytest.importorskip("diffusers", reason="the qwen extra is not installed")
scipy_stats = pytest.importorskip("scipy.stats", reason="scipy is not installed")

from flow_models import own_scheduler, sampled, started, trajectory, velocity  # noqa: E402

from lamina.core.errors import LaminaError  # noqa: E402
from lamina.core.schedulers import SCHEDULERS, Method, Spacing  # noqa: E402
from lamina.engines.qwen.samplers import make_scheduler  # noqa: E402
from lamina.engines.qwen.samplers.spacing import respaced, symmetric_beta_quantiles  # noqa: E402

NOISE = torch.randn(1, 6, 4, generator=torch.Generator().manual_seed(0))
STOCHASTIC = [name for name, scheduler in SCHEDULERS.items() if scheduler.method.is_stochastic]
a_run = {
    "steps": st.integers(1, 60),
    "mu": st.floats(0.3, 4.0),
    "is_layered": st.booleans(),
}


@pytest.mark.parametrize("name", SCHEDULERS)
@settings(max_examples=12, deadline=None)
@given(**a_run)
def test_levels_fall_from_1_to_exactly_0_and_there_are_as_many_as_promised(
    name: str, steps: int, mu: float, is_layered: bool
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler = started(name, steps, mu, is_layered)
    levels = scheduler.sigmas
    evaluations = SCHEDULERS[name].evaluations(steps)
    assert len(scheduler.timesteps) == evaluations
    assert torch.equal(scheduler.timesteps, levels[:-1] * 1000)
    distinct = levels.unique_consecutive()
    assert len(distinct) == steps + 1
    assert bool((distinct.diff() < 0).all())
    assert levels[0] == 1
    assert levels[-1] == 0
    if not is_layered and steps > 1:
        assert float(levels[-2]) == pytest.approx(0.02, abs=1e-5)


@pytest.mark.parametrize("name", SCHEDULERS)
@settings(max_examples=6, deadline=None)
@given(**a_run)
def test_latents_stay_finite_and_end_near_the_pictures(name: str, steps: int, mu: float, is_layered: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = list(trajectory(started(name, steps, mu, is_layered), NOISE))
    assert len(run) == SCHEDULERS[name].evaluations(steps)
    assert all(bool(latents.isfinite().all()) for latents in run)
    assert float(run[-1].abs().max()) < 4


@settings(max_examples=15, deadline=None)
@given(**a_run)
def test_default_is_the_models_own_to_the_bit(steps: int, mu: float, is_layered: bool) -> None:
    own, latents = own_scheduler(is_layered), NOISE
    steps += 1  # in one step diffusers gives not-a-number for a schedule with an end
    own.set_timesteps(sigmas=np.linspace(1, 1 / steps, steps), mu=mu, device="cpu")
    for sigma, timestep in zip(own.sigmas.tolist(), own.timesteps, strict=False):
        latents = own.step(velocity(latents, sigma), timestep, latents, return_dict=False)[0]
    for name in ("Default", "Euler", "FlowMatchEulerDiscreteScheduler"):
        scheduler = started(name, steps, mu, is_layered)
        assert torch.equal(scheduler.sigmas, own.sigmas)
        assert torch.equal(sampled(scheduler, NOISE), latents)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_pipelines_find_the_models_own_numbers_for_the_shift(name: str) -> None:
    own = own_scheduler(is_layered=False)
    made = make_scheduler(name, own)
    for key in ("base_image_seq_len", "max_image_seq_len", "base_shift", "max_shift", "shift_terminal"):
        assert made.config.get(key) == own.config.get(key)


@pytest.mark.parametrize("name", STOCHASTIC)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(name: str) -> None:
    scheduler = started(name, 6, 0.7, False, seed=5)
    first = sampled(scheduler, NOISE)
    scheduler.set_timesteps(sigmas=np.linspace(1, 1 / 6, 6), mu=0.7)
    assert torch.equal(sampled(scheduler, NOISE), first)
    assert torch.equal(sampled(started(name, 6, 0.7, False, seed=5), NOISE), first)
    assert not torch.equal(sampled(started(name, 6, 0.7, False, seed=6), NOISE), first)


@pytest.mark.parametrize("name", STOCHASTIC)
def test_with_a_seed_for_each_a_picture_of_a_batch_is_the_one_it_would_be_alone(name: str) -> None:
    pair = torch.cat([NOISE, -NOISE])
    scheduler = make_scheduler(name, own_scheduler(True), [8, 2**64 - 1])
    scheduler.set_timesteps(sigmas=np.linspace(1, 1 / 5, 5), mu=2.5)
    alone = sampled(started(name, 5, 2.5, True, seed=2**64 - 1), -NOISE)
    assert torch.allclose(sampled(scheduler, pair)[1:], alone, atol=1e-6)


def test_a_stochastic_step_does_not_add_the_pipelines_own_noise_again() -> None:
    seed = 11
    pipelines = torch.randn(1, 2000, 1, generator=torch.Generator().manual_seed(seed))
    scheduler = started("LCM", 4, 2.5, True, seed)
    stepped = scheduler.step(torch.zeros_like(pipelines), scheduler.timesteps[0], torch.zeros_like(pipelines))
    drawn = stepped.prev_sample / scheduler.sigmas[1]
    assert abs(float((drawn * pipelines).mean())) < 0.1


@pytest.mark.parametrize("name", SCHEDULERS)
def test_latents_of_half_precision_come_back_as_they_were(name: str) -> None:
    scheduler, latents = started(name, 4, 0.7, False), NOISE.bfloat16()
    for timestep in scheduler.timesteps:
        latents = scheduler.step(latents * 0.1, timestep, latents, return_dict=False)[0]
    assert latents.dtype is torch.bfloat16
    assert bool(latents.isfinite().all())


@pytest.mark.parametrize("name", SCHEDULERS)
@pytest.mark.parametrize("begin", [1, 2, 3, 6])
def test_a_run_may_begin_anywhere(name: str, begin: int) -> None:
    """As picture-to-picture pipelines do: the picture, noised to the level of the first evaluation that is left."""
    scheduler = started(name, 7, 2.5, True)
    scheduler.set_begin_index(begin)
    picture = torch.full_like(NOISE, 0.7)
    timesteps = scheduler.timesteps[begin:]
    latents = scheduler.scale_noise(picture, timesteps[:1], NOISE)
    sigma = float(scheduler.sigmas[begin])
    assert torch.allclose(latents, (1 - sigma) * picture + sigma * NOISE)
    for timestep in timesteps:  # a model that knows the picture
        level = timestep / 1000
        latents = scheduler.step((latents - picture) / level, timestep, latents, return_dict=False)[0]
    assert torch.allclose(latents, picture, atol=1e-4)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(LaminaError, match="no scheduler"):
        make_scheduler("Eular", own_scheduler(True))


def test_making_one_leaves_the_models_own_as_it_was() -> None:
    own = own_scheduler(True)
    before = dict(own.config), own.sigmas.clone()
    made = make_scheduler("Heun Karras", own)
    made.set_timesteps(sigmas=np.linspace(1, 0.25, 4), mu=2.5)
    assert (dict(own.config), type(own).__name__) == (before[0], "FlowMatchEulerDiscreteScheduler")
    assert torch.equal(own.sigmas, before[1])


@given(shares=st.lists(st.floats(0, 1), min_size=1, max_size=20))
@settings(deadline=None, max_examples=30)
def test_beta_quantiles_are_those_of_scipy(shares: list[float]) -> None:
    ours = symmetric_beta_quantiles(np.array(shares))
    assert ours == pytest.approx(scipy_stats.beta.ppf(shares, 0.6, 0.6), abs=1e-12)


def test_karras_and_exponential_levels_are_those_that_diffusers_makes_for_euler() -> None:
    for spacing, option in ((Spacing.KARRAS, "use_karras_sigmas"), (Spacing.EXPONENTIAL, "use_exponential_sigmas")):
        theirs = type(own_scheduler(False)).from_config(own_scheduler(False).config, **{option: True})
        theirs.set_timesteps(sigmas=np.linspace(1, 1 / 9, 9), mu=0.7)
        ours = started("Euler " + spacing.value.title(), 9, 0.7, False)
        assert torch.allclose(ours.sigmas, theirs.sigmas, atol=1e-6)


def test_uniform_levels_are_evenly_spaced() -> None:
    assert respaced(np.array([1.0, 0.9, 0.2]), Spacing.UNIFORM) == pytest.approx([1, 0.6, 0.2])


def test_every_method_is_reached_by_some_name() -> None:
    assert {scheduler.method for scheduler in SCHEDULERS.values()} == set(Method)
