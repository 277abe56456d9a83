"""The optimizations of the transformer give what diffusers gives: in each layout, with LoRAs, step caches, guidance."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import torch
from diffusers import QwenImageTransformer2DModel
from diffusers.models.attention_dispatch import AttentionBackendName
from peft import LoraConfig
from small_transformers import LAYOUTS, sampled, small_transformer

from lamina.core.acceleration import Acceleration, StepCache
from lamina.core.optimizations import Optimization
from lamina.core.placement import Placement, Precision
from lamina.engines.qwen.devices import Device
from lamina.engines.qwen.needs import NANO
from lamina.engines.qwen.optimizations import modulation
from lamina.engines.qwen.optimizations.attention import CUDA_BACKENDS, Timed, quickest, timings
from lamina.engines.qwen.optimizations.compiling import compile_blocks, uncompiled_if, warm_up
from lamina.engines.qwen.optimizations.fitting import fit_after_moving
from lamina.engines.qwen.optimizations.guidance import guided_together
from lamina.engines.qwen.optimizations.modulation import schedule_known, tabulate_modulation
from lamina.engines.qwen.optimizations.rotary import use_real_rotary
from lamina.engines.qwen.placement import Plan

EXACT = {"rtol": 1e-5, "atol": 1e-5}
FULL_WIDTH = {"num_layers": 2, "use_additional_t_cond": True, "use_layer3d_rope": True}


def tabulate(transformer: QwenImageTransformer2DModel) -> None:
    tabulate_modulation(transformer, is_resting=False)


def all_of_them(transformer: QwenImageTransformer2DModel) -> None:
    use_real_rotary(transformer)
    tabulate(transformer)


def tables_of(transformer: QwenImageTransformer2DModel) -> modulation.ModulationTables:
    return getattr(transformer, modulation._TABLES)


@pytest.mark.parametrize("path", [use_real_rotary, tabulate, all_of_them])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_run_is_the_same(path: Callable[[Any], None], layout: str) -> None:
    stock = sampled(small_transformer(layout), layout=layout).latents
    quick = small_transformer(layout)
    path(quick)
    torch.testing.assert_close(sampled(quick, layout=layout).latents, stock, **EXACT)


def test_tabulated_modulation_is_equal_to_the_last_bit() -> None:
    quick = small_transformer("layered")
    tabulate(quick)
    assert torch.equal(
        sampled(quick, layout="layered").latents, sampled(small_transformer("layered"), layout="layered").latents
    )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_in_16_bits_it_is_as_near_to_the_truth_as_diffusers_is(layout: str) -> None:
    truth = sampled(small_transformer(layout), layout=layout).latents
    errors = []
    for path in (lambda _: None, all_of_them):
        rounded = small_transformer(layout)
        for parameter in rounded.parameters():  # the weights of 16 bits, and arithmetic of 32, are the truth then
            parameter.data = parameter.data.bfloat16().float()
        truth = sampled(rounded, layout=layout).latents
        path(rounded.bfloat16())
        errors.append(float((_sampled_in_16_bits(rounded, layout) - truth).norm() / truth.norm()))
    assert errors[1] <= 1.1 * errors[0] < 0.05


def _sampled_in_16_bits(transformer: QwenImageTransformer2DModel, layout: str) -> torch.Tensor:
    handle = transformer.register_forward_pre_hook(_to_16_bits, with_kwargs=True)
    try:
        return sampled(transformer, layout=layout).latents
    finally:
        handle.remove()


def _to_16_bits(_: object, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    return args, {
        name: value.bfloat16() if isinstance(value, torch.Tensor) and value.is_floating_point() else value
        for name, value in kwargs.items()
    }


def test_two_blocks_at_full_width_are_the_same() -> None:
    torch.set_num_threads(1)
    with torch.device("meta"):
        stock = QwenImageTransformer2DModel(**FULL_WIDTH)
    stock = stock.to_empty(device="cpu").eval().requires_grad_(False)
    stock.pos_embed = small_transformer("layered").pos_embed.__class__(10_000, [16, 56, 56], scale_rope=True)
    torch.manual_seed(0)
    for parameter in stock.parameters():
        parameter.uniform_(-1, 1).mul_(0.03 if parameter.ndim > 1 else 0.1)
    asked = _asked(stock, frames=3)
    with torch.inference_mode():
        expected = stock(**asked)[0]
        all_of_them(stock)
        found = stock(**asked)[0]
    assert float((found - expected).abs().max() / expected.abs().max()) <= 1e-5


def _asked(transformer: QwenImageTransformer2DModel, frames: int) -> dict[str, Any]:
    config = transformer.config
    generator = torch.Generator().manual_seed(1)
    return {
        "hidden_states": torch.randn(1, 4 * frames, config.in_channels, generator=generator),
        "encoder_hidden_states": torch.randn(1, 5, config.joint_attention_dim, generator=generator),
        "timestep": torch.tensor([0.7]),
        "img_shapes": [[(1, 2, 2)] * frames],
        "additional_t_cond": torch.tensor([0]),
        "return_dict": False,
    }


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("cache", StepCache)
def test_step_caches_skip_the_same_steps_and_make_the_same(cache: StepCache, layout: str) -> None:
    acceleration = Acceleration(cache=cache, threshold=0.6)
    stock = sampled(small_transformer(layout), acceleration, layout)
    quick = small_transformer(layout)
    all_of_them(quick)
    run = sampled(quick, acceleration, layout)
    assert run.skips == stock.skips
    assert run.skips.steps
    torch.testing.assert_close(run.latents, stock.latents, **EXACT)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_two_passes_of_guidance_give_the_same_as_one_batch(layout: str) -> None:
    stock = sampled(small_transformer(layout), layout=layout)
    quick = small_transformer(layout)
    all_of_them(quick)
    passes: list[int] = []
    quick.time_text_embed.register_forward_hook(lambda *_: passes.append(1))
    with guided_together(quick):
        together = sampled(quick, layout=layout).latents
    assert len(passes) == 12 + 1, "the first step shows what belongs together"
    torch.testing.assert_close(together, stock.latents, **EXACT)
    assert "forward" not in vars(quick)
    assert len(sampled(quick, layout=layout).ran[0]) == 24


def test_without_guidance_and_with_large_pictures_nothing_is_put_together() -> None:
    quick = small_transformer()
    plain = sampled(quick, weights=(1.0,)).latents
    with guided_together(quick):
        assert torch.equal(sampled(quick, weights=(1.0,)).latents, plain)
    with guided_together(quick):
        asked = {"hidden_states": torch.zeros(1, 40_000, 16), "img_shapes": [[(1, 200, 200)]]}
        from lamina.engines.qwen.optimizations import guidance

        assert not guidance._Pairs(quick.forward, quick.config)._is_small({**asked, "return_dict": False})


def test_a_lora_on_the_modulation_has_rows_of_its_own() -> None:
    quick, stock = small_transformer(), small_transformer()
    all_of_them(quick)
    base = sampled(quick).latents
    for transformer in (quick, stock):
        torch.manual_seed(3)
        transformer.add_adapter(
            LoraConfig(r=2, lora_alpha=16, target_modules=["to_q", "img_mod.1"], init_lora_weights=False)
        )
    adapted = sampled(stock).latents
    torch.testing.assert_close(sampled(quick).latents, adapted, **EXACT)
    assert (adapted - base).abs().max() > 1e-3
    quick.disable_adapters()
    assert torch.equal(sampled(quick).latents, base)
    quick.enable_adapters()
    torch.testing.assert_close(sampled(quick).latents, adapted, **EXACT)


def test_a_schedule_is_worked_out_once_and_kept_for_the_next_run() -> None:
    quick = small_transformer("edit")
    tabulate(quick)
    tables = tables_of(quick)
    timesteps = torch.tensor([1000 * (1 - step / 12) for step in range(12)])
    made: list[int] = []
    quick.time_text_embed.register_forward_hook(lambda *_: made.append(tables.made))
    with schedule_known(quick, lambda: timesteps):
        first = sampled(quick, layout="edit").latents
    assert set(made) == {13}, "all steps and time zero, when the first pass came"
    assert torch.equal(sampled(quick, layout="edit").latents, first)
    assert tables.made == 13


def test_a_run_of_more_steps_than_are_kept_is_still_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modulation, "TABLE_ROWS", 5)
    quick = small_transformer("edit")
    tabulate(quick)
    timesteps = torch.tensor([1000 * (1 - step / 12) for step in range(12)])
    with schedule_known(quick, lambda: timesteps):
        run = sampled(quick, layout="edit").latents
    torch.testing.assert_close(run, sampled(small_transformer("edit"), layout="edit").latents, **EXACT)
    assert tables_of(quick).made < 20


def test_resting_weights_stay_behind_when_the_model_moves() -> None:
    quick = small_transformer()
    tabulate_modulation(quick, is_resting=True)
    before = {name for name, _ in small_transformer().named_parameters()}
    quick.to("meta")
    left = {name for name, parameter in quick.named_parameters() if parameter.device.type == "cpu"}
    assert left == {name for name in before if "_mod.1." in name}
    assert {name for name, _ in quick.named_parameters()} == before


def test_while_gradients_are_wanted_the_weights_themselves_work() -> None:
    quick = small_transformer()
    sampled(quick)
    tabulate(quick)
    sampled(quick)
    asked = _asked_small()
    quick(**asked)[0].sum().backward()
    assert quick.transformer_blocks[0].img_mod[1].weight.grad.abs().max() > 0


def _asked_small() -> dict[str, Any]:
    generator = torch.Generator().manual_seed(2)
    return {
        "hidden_states": torch.randn(1, 16, 16, generator=generator),
        "encoder_hidden_states": torch.randn(1, 5, 32, generator=generator),
        "timestep": torch.tensor([0.7]),
        "img_shapes": [[(1, 4, 4)]],
        "return_dict": False,
    }


def test_compiled_blocks_are_the_same_for_every_size_and_keep_out_of_the_way_of_loras() -> None:
    stock = small_transformer(blocks=2)
    quick = deepcopy(stock)
    all_of_them(quick)
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    compile_blocks(quick, backend="aot_eager")  # all but the kernels, which take a C++ compiler a minute
    warm_up(quick, torch.device("cpu"))
    warm = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    with torch.inference_mode():
        for rows in (5, 12):
            asked = _asked_small() | {"hidden_states": torch.randn(1, rows * 4, 16), "img_shapes": [[(1, rows, 4)]]}
            torch.testing.assert_close(quick(**asked)[0], stock(**asked)[0], **EXACT)
        assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == warm, "no request waits for the compiler"
        with uncompiled_if(True):
            torch.testing.assert_close(quick(**_asked_small())[0], stock(**_asked_small())[0], **EXACT)
    torch._dynamo.reset()


def test_weights_that_lie_elsewhere_come_for_as_long_as_they_are_worked_with(monkeypatch: pytest.MonkeyPatch) -> None:
    quick, stock = small_transformer("layered"), small_transformer("layered")
    tabulate_modulation(quick, is_resting=True)
    for transformer in (quick, stock):
        torch.manual_seed(3)
        transformer.add_adapter(LoraConfig(r=2, target_modules=["img_mod.1"], init_lora_weights=False))
    monkeypatch.setattr(modulation, "_lies_on", lambda *_: False)
    assert torch.equal(sampled(quick, layout="layered").latents, sampled(stock, layout="layered").latents)


def test_without_a_c_compiler_blocks_run_uncompiled() -> None:
    stock = small_transformer(blocks=2)
    quick = deepcopy(stock)
    device = Device("cpu", "CPU", 1 << 30, 1 << 30)
    plan = Plan(
        device=device,
        precision=Precision.FP32,
        placement=Placement.RESIDENT,
        sizes=NANO,
        weight_bytes=0,
        host_bytes=0,
        optimizations=frozenset({Optimization.COMPILE}),
    )
    torch._dynamo.reset()
    with torch._inductor.config.patch({"cpp.cxx": ("no-such-compiler",), "fx_graph_cache": False}):
        fit_after_moving("transformer", quick, plan, None)
        with torch.inference_mode():
            torch.testing.assert_close(quick(**_asked_small())[0], stock(**_asked_small())[0], **EXACT)
    torch._dynamo.config.suppress_errors = False
    torch._dynamo.reset()


def test_an_attention_kernel_is_taken_only_if_it_is_clearly_quicker() -> None:
    own, cudnn, flash = CUDA_BACKENDS[:3]
    assert quickest([Timed(own, 3.0), Timed(cudnn, 2.0), Timed(flash, 2.5)]) is cudnn
    assert quickest([Timed(own, 2.05), Timed(cudnn, 2.0), Timed(flash, None)]) is own
    assert quickest([Timed(own, 2.0), Timed(cudnn, None), Timed(flash, None)]) is own
    assert quickest([Timed(own, None), Timed(cudnn, None), Timed(flash, 9.0)]) is flash


def test_what_cannot_be_had_is_not_measured() -> None:
    measured = timings(CUDA_BACKENDS, (1, 64, 2, 16), torch.device("cpu"), torch.float32)
    told = {timed.backend: timed.ms for timed in measured}
    assert told[AttentionBackendName.NATIVE] is not None
    assert told[AttentionBackendName._FLASH_3] is None
    assert quickest(measured) in told
