"""Step caches skip what they are allowed to and nothing else, count it, and leave the transformer as it was."""

from pathlib import Path

import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler, QwenImagePipeline
from diffusers.hooks import FirstBlockCacheConfig
from peft import LoraConfig
from small_transformers import LAYOUTS, OFF, Run, looped, sampled, small_transformer

from lab.nano import build
from lamina.core.acceleration import Acceleration, AccelerationLevel, StepCache
from lamina.engines.qwen.acceleration import Skips, accelerated
from lamina.engines.qwen.acceleration.skip_schedule import SkipSchedule

MIDDLE = 2  # of five blocks
SKIPPED_OF_12 = {
    StepCache.FIRST_BLOCK: [1, 2, 3, 5, 6, 7, 9, 10, 11],  # three in a row, then one computed
    StepCache.TEA: [1, 2, 3, 5, 6, 7, 9, 10],  # and the last is always computed
    StepCache.DUAL_BLOCK: [1, 2, 3, 6, 7, 8, 11],  # and so is every fifth
}


def eager(cache: StepCache, **options: float) -> Acceleration:
    """At a threshold at which whatever may be skipped is."""
    return Acceleration(cache=cache, threshold=1.0, **options)


def skipped_of(run: Run, steps: int, condition: str = "cond") -> list[int]:
    return [step for step in range(steps) if (condition, step) not in run.ran[MIDDLE]]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("cache", StepCache)
def test_what_may_be_skipped_is_and_is_counted(cache: StepCache, layout: str) -> None:
    transformer = small_transformer(layout)
    plain = sampled(transformer, layout=layout)
    run = sampled(transformer, eager(cache), layout)
    assert skipped_of(run, 12) == skipped_of(run, 12, "uncond") == SKIPPED_OF_12[cache]
    assert run.skips == Skips(steps=len(SKIPPED_OF_12[cache]), passes=2 * len(SKIPPED_OF_12[cache]))
    error = (run.latents - plain.latents).abs().max()
    assert 0 < error < 0.1, "skipping changes the picture, but not into another one"
    assert torch.equal(sampled(transformer, layout=layout).latents, plain.latents)


@pytest.mark.parametrize("cache", StepCache)
def test_a_threshold_of_zero_skips_nothing_and_changes_no_bit(cache: StepCache) -> None:
    transformer = small_transformer()
    run = sampled(transformer, Acceleration(cache=cache, threshold=0.0))
    assert run.skips == Skips()
    assert torch.equal(run.latents, sampled(transformer).latents)


@pytest.mark.parametrize("cache", StepCache)
def test_a_coarser_threshold_skips_more_and_errs_more(cache: StepCache) -> None:
    transformer = small_transformer("layered")
    plain = sampled(transformer, layout="layered", steps=16).latents
    runs = [
        sampled(transformer, Acceleration(cache=cache, threshold=threshold, skip_interval=50), "layered", 16)
        for threshold in (0.12, 0.18, 0.3)
    ]
    skipped = [run.skips.steps for run in runs]
    errors = [float((run.latents - plain).abs().mean()) for run in runs]
    assert skipped == sorted(set(skipped))
    assert errors == sorted(set(errors))


def test_levels_skip_more_and_more() -> None:
    transformer = small_transformer("layered")
    skipped = [sampled(transformer, Acceleration(level), "layered", 40).skips.steps for level in AccelerationLevel]
    assert skipped == sorted(set(skipped))
    assert skipped[0] == 0


@pytest.mark.parametrize("cache", StepCache)
@pytest.mark.parametrize(("start", "end"), [(0.25, 0.75), (0.5, 1.0), (0.0, 0.25)])
def test_nothing_is_skipped_outside_of_start_and_end(cache: StepCache, start: float, end: float) -> None:
    skipped = skipped_of(sampled(small_transformer(), eager(cache, start=start, end=end)), 12)
    assert skipped
    assert min(skipped) == max(1, 12 * start), "skipping begins at once, since what came before was computed"
    assert max(skipped) < 12 * end


@pytest.mark.parametrize("cache", StepCache)
@pytest.mark.parametrize("most", [1, 2, 5])
def test_no_more_steps_in_a_row_are_skipped_than_allowed(cache: StepCache, most: int) -> None:
    steps = 20
    run = sampled(small_transformer(), eager(cache, max_consecutive=most, skip_interval=50), steps=steps)
    allowed = [step for step in range(steps) if step % (most + 1)]
    if cache is StepCache.TEA:
        allowed = [step for step in allowed if step != steps - 1]
    assert skipped_of(run, steps) == allowed


@pytest.mark.parametrize(
    ("interval", "skipped"), [(1, []), (2, [1, 3, 5, 7, 9, 11]), (4, [1, 2, 3, 5, 6, 7, 9, 10, 11])]
)
def test_a_dual_block_cache_computes_each_step_of_the_interval(interval: int, skipped: list[int]) -> None:
    run = sampled(small_transformer(), eager(StepCache.DUAL_BLOCK, skip_interval=interval, max_consecutive=5))
    assert skipped_of(run, 12) == skipped


def test_which_blocks_run_in_a_skipped_step() -> None:
    def steps_run(cache: StepCache) -> list[int]:
        return [len(notes) // 2 for notes in sampled(small_transformer(), eager(cache)).ran]

    assert steps_run(StepCache.FIRST_BLOCK) == [12, 3, 3, 3, 3]
    assert steps_run(StepCache.DUAL_BLOCK) == [12, 5, 5, 5, 12]
    assert steps_run(StepCache.TEA) == [4, 4, 4, 4, 4]


@pytest.mark.parametrize("blocks", [1, 2])
@pytest.mark.parametrize("cache", StepCache)
def test_a_transformer_of_hardly_any_blocks_is_still_right(cache: StepCache, blocks: int) -> None:
    transformer = small_transformer(blocks=blocks)
    plain = sampled(transformer).latents
    assert torch.equal(sampled(transformer, Acceleration(cache=cache, threshold=0.0)).latents, plain)
    assert torch.allclose(sampled(transformer, eager(cache)).latents, plain, atol=0.1)


@pytest.mark.parametrize("cache", StepCache)
def test_the_conditions_do_not_see_each_other(cache: StepCache) -> None:
    transformer = small_transformer()
    acceleration = Acceleration(cache=cache, threshold=0.3)
    alone = sampled(transformer, acceleration, weights=(1.0,))
    beside = sampled(transformer, acceleration, weights=(1.0, 0.0))
    assert alone.skips.steps == alone.skips.passes > 0
    assert beside.skips.steps == alone.skips.steps
    assert beside.skips.passes > beside.skips.steps
    assert torch.equal(alone.latents, beside.latents)


@pytest.mark.parametrize("cache", StepCache)
def test_a_second_run_remembers_nothing_of_the_first(cache: StepCache) -> None:
    transformer = small_transformer()
    with accelerated(transformer, Acceleration(cache=cache, threshold=0.3), steps=12) as skips:
        first, second = (looped(transformer, Run(torch.empty(0), skips), "one", 12, (2.0, -1.0)) for _ in range(2))
    assert torch.equal(first.latents, second.latents)
    assert skips.steps == 2 * sampled(transformer, Acceleration(cache=cache, threshold=0.3)).skips.steps > 0


@pytest.mark.parametrize("acceleration", [OFF, *(eager(cache) for cache in StepCache)])
def test_a_run_that_breaks_off_leaves_the_transformer_as_it_was(acceleration: Acceleration) -> None:
    transformer = small_transformer()
    plain = sampled(transformer).latents
    before = [(name, id(module), sorted(vars(module))) for name, module in transformer.named_modules()]
    with pytest.raises(KeyboardInterrupt), accelerated(transformer, acceleration, steps=12) as skips:
        looped(transformer, Run(torch.empty(0), skips), "one", 7, (2.0, -1.0))
        raise KeyboardInterrupt
    assert [(name, id(module), sorted(vars(module))) for name, module in transformer.named_modules()] == before
    assert torch.equal(sampled(transformer).latents, plain)


@pytest.mark.parametrize("cache", StepCache)
def test_adapters_work_and_stay(cache: StepCache) -> None:
    transformer = small_transformer()
    base = sampled(transformer).latents
    torch.manual_seed(3)
    transformer.add_adapter(
        LoraConfig(r=2, lora_alpha=16, target_modules=["to_q", "img_mod.1"], init_lora_weights=False)
    )
    adapted = sampled(transformer).latents
    run = sampled(transformer, eager(cache))
    assert run.skips.steps == len(SKIPPED_OF_12[cache])
    assert (run.latents - adapted).abs().mean() < (run.latents - base).abs().mean()
    transformer.disable_adapters()
    assert torch.equal(sampled(transformer).latents, base)


@pytest.mark.parametrize("cache", StepCache)
def test_it_works_with_blocks_whose_weights_come_and_go(cache: StepCache) -> None:
    transformer = small_transformer()
    expected = sampled(transformer, eager(cache))
    cpu = torch.device("cpu")
    transformer.enable_group_offload(cpu, cpu, offload_type="block_level", num_blocks_per_group=1)
    run = sampled(transformer, eager(cache))
    assert run.skips == expected.skips
    assert torch.equal(run.latents, expected.latents)


def test_first_block_is_what_diffusers_has_by_that_name() -> None:
    transformer = small_transformer("layered")
    ours = sampled(transformer, Acceleration(cache=StepCache.FIRST_BLOCK, threshold=0.2, max_consecutive=5), "layered")
    transformer.enable_cache(FirstBlockCacheConfig(threshold=0.2))
    theirs = sampled(transformer, layout="layered")
    transformer.disable_cache()
    assert 0 < ours.skips.steps < 11
    assert torch.equal(ours.latents, theirs.latents)


@pytest.mark.parametrize("cache", StepCache)
def test_a_pipeline_runs_within_and_tells_nothing_on_standard_output(
    cache: StepCache, capfd: pytest.CaptureFixture[str]
) -> None:
    torch.set_num_threads(1)
    pipeline = QwenImagePipeline(FlowMatchEulerDiscreteScheduler(), build.vae(), None, None, small_transformer())
    pipeline.set_progress_bar_config(disable=True)
    torch.manual_seed(4)
    texts = {"prompt_embeds": torch.randn(1, 7, 32), "negative_prompt_embeds": torch.randn(1, 5, 32)}

    def latents() -> torch.Tensor:
        torch.manual_seed(5)
        noise = torch.randn(1, 16, 16)
        settings = {"height": 64, "width": 64, "num_inference_steps": 8, "output_type": "latent"}
        return pipeline(latents=noise, true_cfg_scale=2.0, **texts, **settings).images

    plain = latents()
    with accelerated(pipeline.transformer, eager(cache, skip_interval=50), steps=8) as skips:
        quick = latents()
    assert skips == Skips(steps=6 - (cache is StepCache.TEA), passes=12 - 2 * (cache is StepCache.TEA))
    assert 0 < (quick - plain).abs().max() < 0.5
    assert torch.equal(latents(), plain)
    assert capfd.readouterr().out == ""


def test_fences_are_the_steps_that_fractions_of_them_mean() -> None:
    for steps in range(1, 60):
        for first in range(steps):
            acceleration = Acceleration(cache=StepCache.TEA, start=first / steps, end=(first + 1) / steps)
            assert [i for i, may in enumerate(SkipSchedule.of(acceleration, steps).may_skip) if may] == [first]


def test_the_page_tells_the_levels_and_defaults_that_the_code_has() -> None:
    from lamina.engines.qwen.acceleration.levels import DEFAULT_THRESHOLDS, LEVELS

    page = (Path(__file__).parents[4] / "docs" / "reference" / "acceleration.md").read_text("utf-8")
    for level, meant in LEVELS.items():
        assert f"| `{level}` | `{meant.cache}` | {meant.threshold:g} | {meant.max_consecutive} |" in page
    for cache, threshold in DEFAULT_THRESHOLDS.items():
        assert f"| `{cache}` | {threshold:g} |" in page
