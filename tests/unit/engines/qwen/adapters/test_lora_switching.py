"""LoRAs come and go between requests, and nothing of one stays for the next."""

import warnings
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from diffusers.hooks import apply_group_offloading  # noqa: E402
from lora_writing import NAMES, in_layout, lora, merged, output, saved_lora, transformer  # noqa: E402
from torch import nn  # noqa: E402
from torchao.quantization import Int8WeightOnlyConfig, quantize_  # noqa: E402

from lamina.engines.qwen.adapters import switching  # noqa: E402
from lamina.engines.qwen.adapters.files import LoraFile  # noqa: E402
from lamina.engines.qwen.adapters.switching import Adapters  # noqa: E402

torch.set_num_threads(1)
EXACT = {"rtol": 1e-5, "atol": 2e-6}


@pytest.fixture(scope="module")
def plain() -> nn.Module:
    return transformer()


@pytest.fixture(scope="module")
def made(plain: nn.Module) -> list[dict]:
    """Of unlike layers and ranks: the second shares some with the first, the third none."""
    return [lora(plain, NAMES[:6], 1), lora(plain, NAMES[:7:-1] + NAMES[2:4], 2), lora(plain, NAMES[6:8], 3)]


@pytest.fixture
def loras(tmp_path: Path, made: list[dict]) -> list[LoraFile]:
    return [saved_lora(tmp_path / f"{number}.safetensors", one) for number, one in enumerate(made)]


def test_nothing_leaks_into_the_next_request(plain: nn.Module, loras: list[LoraFile]) -> None:
    own = transformer()
    adapters = Adapters(own)
    before = output(own)
    assert torch.equal(before, output(plain))
    with adapters.active([(loras[0], 1.0)]):
        first = output(own)
    assert torch.equal(output(own), before)
    with adapters.active([(loras[1], -2.0), (loras[2], 0.5)]):
        assert not torch.equal(output(own), first)
    with adapters.active([(loras[0], 1.0)]):
        assert torch.equal(output(own), first)
    with adapters.active([]):
        assert torch.equal(output(own), before)


def test_nothing_leaks_out_of_a_request_that_failed(loras: list[LoraFile]) -> None:
    own = transformer()
    adapters = Adapters(own)
    before = output(own)
    with pytest.raises(KeyError), adapters.active([(loras[0], 1.0)]):
        raise KeyError
    assert torch.equal(output(own), before)
    with adapters.active([(loras[0], 1.0)]), pytest.raises(RuntimeError), adapters.active([]):
        pass


def test_several_at_once_add_up(plain: nn.Module, made: list[dict], loras: list[LoraFile]) -> None:
    own = transformer()
    adapters = Adapters(own)
    with adapters.active([(loras[0], 0.8), (loras[1], -0.3), (loras[2], 4.0)]):
        expected = output(merged(plain, (made[0], 0.8), (made[1], -0.3), (made[2], 4.0)))
        torch.testing.assert_close(output(own), expected, **EXACT)
    with adapters.active([(loras[0], 0.8), (loras[0], 0.2)]):
        twice = output(own)
    with adapters.active([(loras[0], 1.0)]):
        assert torch.equal(output(own), twice)
    with adapters.active([(loras[0], 0.0)]):
        assert torch.equal(output(own), output(plain))


def test_switching_reads_no_file_again(loras: list[LoraFile], monkeypatch: pytest.MonkeyPatch) -> None:
    adapters = Adapters(transformer())
    with adapters.active([(loras[0], 1.0), (loras[1], 1.0)]):
        pass

    def read(file: LoraFile) -> None:
        raise AssertionError(f"{file.label} was read again")

    monkeypatch.setattr(switching, "read_lora", read)
    for one in (*loras[:2], *loras[:2]):
        with adapters.active([(one, 0.5)]):
            pass


def test_those_used_longest_ago_go_first(loras: list[LoraFile]) -> None:
    own = transformer()
    adapters = Adapters(own, most_loaded=2)
    for number in (0, 1, 0, 2):  # 2 pushes 1 out
        with adapters.active([(loras[number], 1.0)]):
            answer = output(own)
    assert adapters.loaded == (loras[0].sha256, loras[2].sha256)
    with adapters.active([(one, 1.0) for one in loras]):
        assert len(adapters.loaded) == 3  # a request has what it asks for
    with adapters.active([(loras[2], 1.0)]):
        assert torch.equal(output(own), answer)


def test_memory_is_bounded_by_bytes(loras: list[LoraFile], made: list[dict]) -> None:
    sizes = [4 * sum(down.numel() + up.numel() for down, up, _ in one.values()) for one in made]
    adapters = Adapters(transformer(), most_bytes=sizes[1] + sizes[2])
    for one in loras[1:]:
        with adapters.active([(one, 1.0)]):
            pass
    assert adapters.loaded == (loras[1].sha256, loras[2].sha256)
    with adapters.active([(loras[0], 1.0)]):
        assert adapters.loaded[-1] == loras[0].sha256
    assert len(adapters.loaded) < 3


def test_a_file_that_changes_after_it_was_loaded_changes_nothing(loras: list[LoraFile]) -> None:
    own = transformer()
    adapters = Adapters(own)
    with adapters.active([(loras[0], 1.0)]):
        answer = output(own)
        size = loras[0].path.stat().st_size
        with loras[0].path.open("r+b") as file:
            file.seek(size // 2)
            file.write(b"\0" * (size - size // 2))
        assert torch.equal(output(own), answer)


def test_layers_of_8_bit_weights_take_loras_too(tmp_path: Path, made: list[dict]) -> None:
    own, wide = transformer(), transformer()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchao's own
        quantize_(own, Int8WeightOnlyConfig(), filter_fn=lambda module, _: isinstance(module, nn.Linear))
    for name, module in wide.named_modules():
        if isinstance(module, nn.Linear):
            module.weight.copy_(own.get_submodule(name).weight.dequantize())
    before = output(own)
    adapters = Adapters(own)
    file = saved_lora(tmp_path / "lora.safetensors", made[0])
    with adapters.active([(file, 0.5)]):
        torch.testing.assert_close(output(own), output(merged(wide, (made[0], 0.5))), rtol=1e-3, atol=1e-4)
    assert torch.equal(output(own), before)


def test_loras_take_the_width_of_the_model(tmp_path: Path, made: list[dict]) -> None:
    own = transformer().to(torch.float64)
    adapters = Adapters(own)
    assert in_layout("lightx2v", made[0])[0][f"{NAMES[0]}.lora_up.weight"].dtype is torch.float32
    with adapters.active([(saved_lora(tmp_path / "lora.safetensors", made[0]), 0.5)]):
        assert own.get_submodule(NAMES[0]).lora_A[adapters.loaded[0]].weight.dtype is torch.float64


def test_offloaded_models_take_loras(plain: nn.Module, made: list[dict], loras: list[LoraFile]) -> None:
    own = transformer()
    cpu = torch.device("cpu")
    apply_group_offloading(own, cpu, cpu, offload_type="block_level", num_blocks_per_group=2)
    adapters = Adapters(own)
    with adapters.active([(loras[0], 1.0)]):
        torch.testing.assert_close(output(own), output(merged(plain, (made[0], 1.0))), **EXACT)
    assert torch.equal(output(own), output(plain))
