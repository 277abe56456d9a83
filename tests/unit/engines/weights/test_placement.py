"""A device's memory decides how a model is held; where nothing fits, the error says what would."""

from typing import Any

import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.optimizations import Optimization
from lamina.core.placement import Placement, Precision
from lamina.core.tasks import DecomposeTask, EditTask, GenerateTask
from lamina.engines.qwen.devices import Device
from lamina.engines.qwen.needs import NANO, RELEASED, ComponentSizes
from lamina.engines.qwen.placement import check_request, choose_plan, is_out_of_memory, out_of_memory

GIB = 2**30
HOST = 256 * GIB


def gpu(gib: float) -> Device:
    return Device("cuda:0", "A GPU", int(gib * GIB), int(gib * GIB) - 400_000_000)


def cpu(gib: float) -> Device:
    return Device("cpu", "CPU", int(gib * GIB), int(gib * GIB))


def plan(
    device: Device, host: int = HOST, optimizations: frozenset[Optimization] | None = frozenset(), **asked: Any
) -> Any:
    return choose_plan("qwen-image-layered", device, host, optimizations=optimizations, **asked)


@pytest.mark.parametrize(
    ("gib", "precision", "placement", "is_modulation_fp8"),
    [
        (141, "bf16", "resident", False),
        (80, "bf16", "resident", False),
        (48, "bf16", "model_offload", False),
        (40, "fp8", "model_offload", False),
        (32, "fp8", "model_offload", False),
        (28, "fp8", "model_offload", True),
        (24, "bf16", "group_offload", False),
        (16, "bf16", "group_offload", False),
        (8, "bf16", "group_offload", False),
    ],
)
def test_auto_takes_the_quickest_that_fits_a_gpu(
    gib: float, precision: str, placement: str, is_modulation_fp8: bool
) -> None:
    chosen = plan(gpu(gib))
    assert (chosen.precision, chosen.placement) == (precision, placement)
    assert chosen.is_modulation_fp8 == is_modulation_fp8


@pytest.mark.parametrize(
    ("gib", "precision", "placement", "weights_gb"),
    [
        (141, "bf16", "resident", 44.7),
        (80, "bf16", "resident", 44.7),
        (48, "bf16", "resident", 44.7),
        (40, "bf16", "model_offload", 28.1),
        (24, "fp8", "model_offload", 16.8),
        (16, "bf16", "group_offload", 2.4),
    ],
)
def test_a_table_in_place_of_the_modulation_leaves_room_on_a_gpu(
    gib: float, precision: str, placement: str, weights_gb: float
) -> None:
    chosen = plan(gpu(gib), optimizations=None)
    assert (chosen.precision, chosen.placement) == (precision, placement)
    assert not chosen.is_modulation_fp8
    assert chosen.weight_bytes / 1e9 == pytest.approx(weights_gb, abs=0.05)
    assert (Optimization.MODULATION in chosen.optimizations) == (placement != "group_offload")


def test_the_table_takes_13_gb_less_than_the_weights() -> None:
    whole, tabulated = (
        plan(gpu(141), optimizations=optimizations).weight_bytes for optimizations in (frozenset(), None)
    )
    assert whole - tabulated > 13e9
    on_cpu = [plan(cpu(64), optimizations=optimizations).weight_bytes for optimizations in (frozenset(), None)]
    assert 0 < on_cpu[1] - on_cpu[0] < 0.6e9, "where there is no other memory, the weights stay and the table comes"


def test_blocks_are_compiled_on_gpus_unless_the_settings_say_so() -> None:
    assert Optimization.COMPILE in plan(gpu(80), optimizations=None).optimizations
    assert Optimization.COMPILE not in plan(cpu(64), optimizations=None).optimizations
    assert Optimization.COMPILE in plan(cpu(64), optimizations=frozenset({Optimization.COMPILE})).optimizations


def test_a_machine_without_the_memory_to_offload_to_quantises() -> None:
    chosen = plan(gpu(40), host=48 * GIB)
    assert (chosen.precision, chosen.placement) == (Precision.FP8, Placement.MODEL_OFFLOAD)
    with pytest.raises(LaminaError, match=r"needs 40 GB of host memory .* the machine has 17 GB"):
        plan(gpu(24), host=16 * GIB)


def test_a_small_gpu_is_refused_with_what_would_fit() -> None:
    with pytest.raises(
        LaminaError, match=r"needs 6 GB of memory on cuda:0 with .*group_offload, but 4 GB are free"
    ) as raised:
        plan(gpu(4))
    assert raised.value.code is ErrorCode.OUT_OF_MEMORY
    assert "--engine nano" in raised.value.hint


def test_what_was_asked_for_is_kept_to_and_the_error_says_what_would_fit() -> None:
    assert plan(gpu(80), precision="fp8").placement is Placement.RESIDENT
    assert plan(gpu(80), placement="group_offload").precision is Precision.BF16
    with pytest.raises(LaminaError, match="needs 61 GB") as raised:
        plan(gpu(48), precision="bf16", placement="resident")
    assert raised.value.hint == "It would fit with the settings precision = bf16, placement = model_offload."


def test_what_a_device_cannot_do_is_a_settings_error() -> None:
    with pytest.raises(LaminaError, match="auto, model_offload on cpu") as raised:
        plan(cpu(256), placement="model_offload")
    assert raised.value.code is ErrorCode.SETTINGS_INVALID
    assert "bf16, resident" in raised.value.hint


def test_on_a_cpu_the_released_models_are_bf16_and_small_ones_fp32() -> None:
    assert plan(cpu(64)).precision is Precision.BF16
    assert plan(cpu(48)).precision is Precision.FP8
    assert plan(cpu(2), sizes=NANO).precision is Precision.FP32
    with pytest.raises(LaminaError, match=r"needs 42 GB of memory on cpu with fp8, resident, but 26 GB are free"):
        plan(cpu(24))


def test_a_gguf_transformer_needs_what_its_file_takes() -> None:
    q4 = ComponentSizes(**{name: getattr(RELEASED, name) for name in RELEASED.__slots__} | {"stored_bytes": 12 * 10**9})
    assert plan(gpu(24), sizes=q4).placement is Placement.MODEL_OFFLOAD
    assert plan(cpu(48), sizes=q4).precision is Precision.BF16
    with pytest.raises(LaminaError, match="cannot run with fp8"):
        plan(gpu(24), sizes=q4, precision="fp8")


def test_a_request_that_will_not_fit_is_refused_before_the_work() -> None:
    held = plan(gpu(22), optimizations=None)
    check_request(held, DecomposeTask(layers=2), 640)
    with pytest.raises(LaminaError, match=r"This needs \d+\.\d GB on cuda:0 with fp8, model_offload") as raised:
        check_request(held, DecomposeTask(layers=10, resolution_px=1024), 640)
    assert raised.value.code is ErrorCode.OUT_OF_MEMORY
    assert raised.value.hint.startswith(
        "10 layers at a resolution of 640 would fit, and so would this request with the settings "
    )
    assert "placement = group_offload" in raised.value.hint


def test_references_and_size_count() -> None:
    held = plan(gpu(22), optimizations=None)
    check_request(held, EditTask("x", width=512, height=512), 1024, references=1)
    with pytest.raises(LaminaError):
        check_request(held, EditTask("x", width=512, height=512), 1024, references=10)
    with pytest.raises(LaminaError, match=r"would fit") as raised:
        check_request(held, GenerateTask("x", width=2048, height=2048), 1328)
    width, height = (int(side) for side in raised.value.hint.split(" px")[0].split(" x "))
    check_request(held, GenerateTask("x", width=width, height=height), 1328)


def test_memory_that_ran_out_becomes_an_error_that_says_what_would_fit() -> None:
    held = plan(gpu(80))
    task = GenerateTask("x", width=1328, height=1328)
    error = out_of_memory(RuntimeError("CUDA out of memory. Tried to allocate 20 GiB"), held, task, 1328)
    assert error.code is ErrorCode.OUT_OF_MEMORY
    assert "A GPU, 85.9 GB" in error.message
    assert "CUDA out of memory" in error.message
    assert "would fit" in error.hint
    assert "1328 x 1328" not in error.hint


@pytest.mark.parametrize(
    ("error", "is_memory"),
    [
        (MemoryError(), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory: 4 bytes"), True),
        (RuntimeError("MPS backend out of memory (allocated 9 GB)"), True),
        (RuntimeError("shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_memory_errors_are_told_from_others(error: Exception, is_memory: bool) -> None:
    assert is_out_of_memory(error) is is_memory
