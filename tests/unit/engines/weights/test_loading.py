"""Components come from a folder as the plan says, or not at all with an error that names the file."""

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_checkpoint import ROLES, folders_of

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.optimizations import ALL_OPTIMIZATIONS, Optimization
from lamina.core.placement import Placement, Precision
from lamina.engines.qwen.component_cache import ComponentCache
from lamina.engines.qwen.component_loading import load_component, load_components
from lamina.engines.qwen.devices import Device
from lamina.engines.qwen.measuring import measure
from lamina.engines.qwen.placement import Plan, choose_plan

CPU = Device("cpu", "CPU", 8 * 10**9, 8 * 10**9)


def plan_for(folder: Path, precision: str = "fp32", file: Path | None = None, **more: Any) -> Plan:
    sizes = measure(folders_of(folder), file)
    return choose_plan("tiny", CPU, CPU.total_bytes, sizes, precision, **more)


def answer(transformer: Any) -> torch.Tensor:
    """What the layered transformer says about a fixed input of 4 frames of 2 x 2 tokens and 3 words."""
    dtype = torch.bfloat16 if transformer.img_in.weight.dtype != torch.float32 else torch.float32
    made = torch.Generator().manual_seed(5)
    with torch.no_grad():
        return transformer(
            hidden_states=torch.randn(1, 16, 64, generator=made).to(dtype),
            encoder_hidden_states=torch.randn(1, 3, 128, generator=made).to(dtype),
            timestep=torch.tensor([0.5], dtype=dtype),
            img_shapes=[[(1, 2, 2)] * 4],
            additional_t_cond=torch.tensor([0]),
            return_dict=False,
        )[0].float()


def difference(found: torch.Tensor, wanted: torch.Tensor) -> float:
    """Relative, root mean square."""
    return float((found - wanted).norm() / wanted.norm())


@pytest.fixture(scope="module")
def exact(tiny_model: Path) -> torch.Tensor:
    return answer(load_component("transformer", tiny_model / "transformer", plan_for(tiny_model)))


@pytest.fixture(scope="module")
def tensors(tiny_model: Path) -> dict[str, torch.Tensor]:
    return {
        name: tensor
        for shard in sorted((tiny_model / "transformer").glob("*.safetensors"))
        for name, tensor in load_file(shard).items()
    }


@pytest.mark.parametrize(("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_every_component_loads_in_the_precision_of_the_plan(
    tiny_model: Path, precision: str, dtype: torch.dtype
) -> None:
    parts = load_components(ComponentCache(10**9), "tiny", folders_of(tiny_model), plan_for(tiny_model, precision))
    assert {type(parts[role]).__name__ for role in ROLES} == {
        "QwenImageTransformer2DModel", "Qwen2_5_VLForConditionalGeneration", "AutoencoderKLQwenImage",
        "Qwen2Tokenizer", "Qwen2VLProcessor", "FlowMatchEulerDiscreteScheduler",
    }  # fmt: skip
    for role in ("transformer", "text_encoder", "vae"):
        assert {parameter.dtype for parameter in parts[role].parameters()} == {dtype}
        assert not parts[role].training
    assert parts["scheduler"].config.time_shift_type == "linear"
    assert parts["tokenizer"]("red circle").input_ids


def test_eight_bits_are_nearly_as_good_and_leave_alone_what_must_be_exact(
    tiny_model: Path, exact: torch.Tensor
) -> None:
    transformer = load_component("transformer", tiny_model / "transformer", plan_for(tiny_model, "fp8"))
    block = transformer.transformer_blocks[0]
    in_8_bits = {
        name for name, module in block.named_modules() if "Float8" in type(getattr(module, "weight", None)).__name__
    }
    assert {"attn.to_q", "attn.to_add_out", "img_mlp.net.0.proj", "txt_mlp.net.2"} <= in_8_bits
    assert not {"img_mod.1", "txt_mod.1", "img_mlp.net.2"} & in_8_bits
    assert type(transformer.proj_out.weight) is torch.nn.Parameter
    assert 0 < difference(answer(transformer), exact) < 0.05


def test_where_it_must_be_the_modulation_is_in_eight_bits_too(tiny_model: Path, exact: torch.Tensor) -> None:
    plan = plan_for(tiny_model, "fp8")
    plan = Plan(
        device=plan.device,
        precision=plan.precision,
        placement=plan.placement,
        sizes=plan.sizes,
        weight_bytes=0,
        host_bytes=0,
        is_modulation_fp8=True,
    )
    transformer = load_component("transformer", tiny_model / "transformer", plan)
    assert "Float8" in type(transformer.transformer_blocks[0].img_mod[1].weight).__name__
    assert difference(answer(transformer), exact) < 0.1


@pytest.mark.parametrize("prefix", ["", "model.diffusion_model."])
@pytest.mark.parametrize("mark", ["", "__index_timestep_zero__"])
def test_a_transformer_comes_from_one_safetensors_file(
    tiny_model: Path, tmp_path: Path, tensors: dict[str, torch.Tensor], exact: torch.Tensor, prefix: str, mark: str
) -> None:
    file = tmp_path / "transformer.safetensors"
    marks = {prefix + mark: torch.zeros(0)} if mark else {}
    save_file({f"{prefix}{name}": tensor for name, tensor in tensors.items()} | marks, file)
    plan = plan_for(tiny_model, file=file)
    transformer = load_component("transformer", tiny_model / "transformer", plan, file)
    loaded = transformer.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in tensors.items())
    # Where in memory weights lie, decides on some processors in which order products are added up.
    assert difference(answer(transformer), exact) < 1e-5


def test_eight_bit_files_without_scales_are_read(
    tiny_model: Path, tmp_path: Path, tensors: dict[str, torch.Tensor], exact: torch.Tensor
) -> None:
    file = tmp_path / "fp8.safetensors"
    save_file({name: tensor.to(torch.float8_e4m3fn) for name, tensor in tensors.items()}, file)
    transformer = load_component("transformer", tiny_model / "transformer", plan_for(tiny_model, "bf16"), file)
    assert difference(answer(transformer), exact) < 0.25


def test_eight_bit_files_with_scales_of_their_own_are_refused(
    tiny_model: Path, tmp_path: Path, tensors: dict[str, torch.Tensor]
) -> None:
    file = tmp_path / "scaled.safetensors"
    scales = {"scaled_fp8": torch.zeros(2), "img_in.scale_weight": torch.ones(1)}
    save_file(tensors | scales, file)
    with pytest.raises(LaminaError, match=r"scaled\.safetensors has an unsupported quantisation") as raised:
        load_component("transformer", tiny_model / "transformer", plan_for(tiny_model), file)
    assert raised.value.code is ErrorCode.WEIGHTS_DAMAGED


def write_gguf(file: Path, tensors: dict[str, torch.Tensor]) -> None:
    """The large matrices in Q8_0, the rest in float32."""
    writer = gguf.GGUFWriter(str(file), "qwen_image")
    for name, tensor in tensors.items():
        values = tensor.float().numpy()
        if values.ndim == 2 and values.shape[1] % 32 == 0 and name.startswith("transformer_blocks"):
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, np.ascontiguousarray(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_a_transformer_comes_from_a_gguf_file_and_stays_small(
    tiny_model: Path, tmp_path: Path, tensors: dict[str, torch.Tensor], exact: torch.Tensor
) -> None:
    file = tmp_path / "transformer.gguf"
    write_gguf(file, tensors)
    plan = plan_for(tiny_model, "bf16", file)
    assert plan.sizes.transformer_bytes(Precision.BF16) == file.stat().st_size
    assert plan.sizes.transformer == measure(folders_of(tiny_model)).transformer
    transformer = load_component("transformer", tiny_model / "transformer", plan, file)
    assert transformer.transformer_blocks[0].attn.to_q.weight.dtype == torch.uint8
    assert difference(answer(transformer), exact) < 0.05


def test_a_file_for_another_architecture_is_refused_before_it_is_loaded(
    tiny_model: Path, tmp_path: Path, tensors: dict[str, torch.Tensor]
) -> None:
    file = tmp_path / "other.safetensors"
    for spoilt, told in (
        ({name: tensor for name, tensor in tensors.items() if name != "img_in.bias"}, "'img_in.bias' is missing"),
        (tensors | {"double_blocks.0.weight": torch.zeros(1)}, "'double_blocks.0.weight' is unexpected"),
        (tensors | {"img_in.bias": torch.zeros(7)}, r"img_in.bias is \(7,\) instead of \(192,\)"),
    ):
        save_file(spoilt, file)
        with pytest.raises(LaminaError, match=told) as raised:
            load_component("transformer", tiny_model / "transformer", plan_for(tiny_model), file)
        assert raised.value.code is ErrorCode.WEIGHTS_DAMAGED


@pytest.mark.parametrize("role", ["transformer", "text_encoder", "vae"])
def test_weights_that_lack_a_tensor_are_refused(own_model: Path, role: str) -> None:
    plan = plan_for(own_model)
    if role == "transformer":
        index = own_model / role / "diffusion_pytorch_model.safetensors.index.json"
        names = json.loads(index.read_text())["weight_map"]
        shard = own_model / role / names["img_in.bias"]
    else:
        (shard,) = (own_model / role).glob("*.safetensors")
    kept = load_file(shard)
    del kept["img_in.bias" if role == "transformer" else next(name for name in kept if name.endswith(".bias"))]
    save_file(kept, shard, {"format": "pt"})
    with pytest.raises(LaminaError) as raised:
        load_component(role, own_model / role, plan)
    assert raised.value.code is ErrorCode.WEIGHTS_DAMAGED
    assert str(own_model / role) in raised.value.message


def test_a_config_for_another_architecture_is_refused(own_model: Path) -> None:
    plan = plan_for(own_model)
    file = own_model / "vae" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"base_dim": 24}))
    with pytest.raises(LaminaError, match=r"own/vae") as raised:
        load_component("vae", own_model / "vae", plan)
    assert raised.value.code is ErrorCode.WEIGHTS_DAMAGED


def test_a_shard_that_is_gone_is_named(own_model: Path) -> None:
    plan = plan_for(own_model)
    gone = sorted((own_model / "transformer").glob("*.safetensors"))[1]
    gone.unlink()
    with pytest.raises(LaminaError, match=gone.name) as raised:
        load_component("transformer", own_model / "transformer", plan)
    assert raised.value.code is ErrorCode.WEIGHTS_MISSING


def test_equal_components_of_two_models_are_one_object(tiny_model: Path, own_model: Path) -> None:
    for role in ("text_encoder", "vae"):  # links to the same files, as lamina pull makes them
        for file in (own_model / role).iterdir():
            file.unlink()
            file.hardlink_to(tiny_model / role / file.name)
    cache, plan = ComponentCache(10**9), plan_for(tiny_model)
    first = load_components(cache, "first", folders_of(tiny_model), plan)
    alone = cache.held_bytes
    second = load_components(cache, "second", folders_of(own_model), plan)
    assert first["text_encoder"] is second["text_encoder"]
    assert first["vae"] is second["vae"]
    assert first["transformer"] is not second["transformer"]
    assert cache.held_bytes == alone + plan.sizes.transformer_bytes(Precision.FP32)


def test_variants_in_one_folder_are_found_by_their_own_names(tiny_model: Path, own_model: Path) -> None:
    (own_model / "transformer").rename(own_model / "transformer_layered")
    folders = folders_of(own_model) | {"transformer": own_model / "transformer_layered"}
    parts = load_components(ComponentCache(10**9), "tiny", folders, plan_for(tiny_model))
    assert parts["transformer"].config.use_layer3d_rope


@pytest.mark.parametrize(
    "optimizations", [frozenset(), ALL_OPTIMIZATIONS - {Optimization.MODULATION, Optimization.COMPILE}]
)
def test_groups_are_moved_block_by_block_and_the_answer_is_the_same(
    tiny_model: Path, exact: torch.Tensor, optimizations: frozenset[Optimization]
) -> None:
    from types import SimpleNamespace

    from lamina.engines.qwen.offloading import is_offloaded, place

    plan = plan_for(tiny_model)
    plan = Plan(
        device=plan.device,
        precision=plan.precision,
        placement=Placement.GROUP_OFFLOAD,
        sizes=plan.sizes,
        weight_bytes=0,
        host_bytes=0,
        optimizations=optimizations,
    )
    parts = load_components(ComponentCache(10**9), "tiny", folders_of(tiny_model), plan)
    for _ in range(2):  # a second pipeline of the same components
        place(SimpleNamespace(components=parts), plan)
    assert is_offloaded(parts["transformer"])
    assert is_offloaded(parts["text_encoder"])
    assert not is_offloaded(parts["vae"])
    assert torch.allclose(answer(parts["transformer"]), exact, atol=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU: offloading moves nothing on a CPU")
@pytest.mark.parametrize("placement", list(Placement))
def test_on_a_gpu_every_placement_gives_the_same_answer(
    tiny_model: Path, exact: torch.Tensor, placement: Placement
) -> None:
    from diffusers import QwenImageLayeredPipeline

    from lamina.engines.qwen.devices import find_device
    from lamina.engines.qwen.offloading import place

    device = find_device("cuda")
    sizes = measure(folders_of(tiny_model))
    plan = (
        choose_plan("tiny", device, 10**10, sizes, "fp32", placement)
        if placement != "group_offload"
        else Plan(
            device=device, precision=Precision.FP32, placement=placement, sizes=sizes, weight_bytes=0, host_bytes=0
        )
    )
    parts = load_components(ComponentCache(10**9), "tiny", folders_of(tiny_model), plan)
    place(QwenImageLayeredPipeline(**parts), plan)
    moved = answer(parts["transformer"].cpu() if placement is Placement.RESIDENT else parts["transformer"])
    assert torch.allclose(moved.cpu(), exact, atol=1e-3)
