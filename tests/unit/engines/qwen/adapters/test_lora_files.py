"""Only undamaged safetensors are opened, and whatever else comes is refused in words."""

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from safetensors.torch import save  # noqa: E402

from lamina.core.errors import ErrorCode, LaminaError  # noqa: E402
from lamina.engines.qwen.adapters import header_sniffing  # noqa: E402
from lamina.engines.qwen.adapters.files import LoraFile, read_lora  # noqa: E402
from lamina.engines.qwen.adapters.layouts import parse_lora  # noqa: E402

NAME = "transformer_blocks.0.attn.to_q"
SHAPES = {NAME: (8, 6)}
GOOD = save(
    {f"{NAME}.lora_A.weight": torch.ones(2, 8), f"{NAME}.lora_B.weight": torch.ones(6, 2)},
    {"lora_adapter_metadata": json.dumps({"transformer.lora_alpha": 1})},
)
HEADER_BYTES = int.from_bytes(GOOD[:8], "little")


def written(folder: Path, content: bytes, name: str = "lora.safetensors") -> LoraFile:
    path = folder / name
    path.write_bytes(content)
    return LoraFile(name, path, "")


def refusal(folder: Path, content: bytes, name: str = "lora.safetensors") -> str:
    with pytest.raises(LaminaError) as refused:
        parse_lora(read_lora(written(folder, content, name)), SHAPES)
    assert refused.value.code is ErrorCode.LORA_UNUSABLE
    assert refused.value.hint
    return str(refused.value)


def with_header(header: object) -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + GOOD[8 + HEADER_BYTES :]


def test_the_good_file_of_these_tests_is_good(tmp_path: Path) -> None:
    assert parse_lora(read_lora(written(tmp_path, GOOD)), SHAPES)[NAME].factor == 0.5


@pytest.mark.parametrize("header_bytes", [0x280, 0x380, 0x480, 0x580])
def test_headers_whose_length_looks_like_a_pickle_are_read(tmp_path: Path, header_bytes: int) -> None:
    header = GOOD[8 : 8 + HEADER_BYTES].ljust(header_bytes)
    content = header_bytes.to_bytes(8, "little") + header + GOOD[8 + HEADER_BYTES :]
    assert NAME in parse_lora(read_lora(written(tmp_path, content)), SHAPES)


@pytest.mark.parametrize("name", ["lora.ckpt", "LORA.PT", "lora.pth", "adapter_model.bin", "lora.pkl"])
def test_pickles_are_refused_by_name(tmp_path: Path, name: str) -> None:
    assert "only safetensors files are supported" in refusal(tmp_path, GOOD, name)


@pytest.mark.parametrize("content", [b"\x80\x04\x95" + GOOD, b"PK\x03\x04" + GOOD])
def test_pickles_are_refused_whatever_they_are_called(tmp_path: Path, content: bytes) -> None:
    assert "can execute code" in refusal(tmp_path, content)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a safetensors"),
        (GOOD[:9], "truncated"),
        (GOOD[: 8 + HEADER_BYTES - 1], "truncated"),
        (GOOD[:-1], "damaged or truncated"),
        (GOOD + b"\0", "damaged or truncated"),
        (b"<!doctype html><html></html>", "not a safetensors"),
        (b"\xff" * 8 + b"{}", "not a safetensors"),
        ((1 << 30).to_bytes(8, "little") + b"{" + b" " * 100, "not a safetensors"),
        (with_header({"a": {"dtype": "F32", "shape": [1 << 40, 1 << 40], "data_offsets": [0, 4]}}), "damaged"),
        (with_header({"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}}), "damaged"),
        (with_header({"a": {"dtype": "NO", "shape": [2], "data_offsets": [0, 8]}}), "damaged"),
        (with_header({}), "damaged"),
    ],
)
def test_what_is_damaged_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in refusal(tmp_path, content)


def test_a_whole_model_is_refused_unread(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD)
    with file.path.open("r+b") as opened:
        opened.truncate(header_sniffing.MOST_BYTES + 1)
    with pytest.raises(LaminaError, match="it may be a full model"):
        read_lora(file)


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.safetensors"):
        with pytest.raises(LaminaError, match="cannot be read"):
            read_lora(LoraFile("lora", path, ""))


def read_or_refused(folder: Path, content: bytes) -> None:
    try:
        parse_lora(read_lora(written(folder, content)), SHAPES)
    except LaminaError as refused:
        assert refused.code is ErrorCode.LORA_UNUSABLE  # or else it was read, which is right too


LIGHT = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@LIGHT
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    read_or_refused(tmp_path, content)


@LIGHT
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.integers(0, len(GOOD)))
def test_any_damage_is_read_or_refused(tmp_path: Path, at: int, byte: int, end: int) -> None:
    read_or_refused(tmp_path, (GOOD[:at] + bytes([byte]) + GOOD[at + 1 :])[: end or None])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
)
TENSOR = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["F32", "BF16", "I8", "F8_E4M3", "F4", "BOOL"]) | JSON,
        "shape": st.lists(st.integers(0, 9), max_size=4) | JSON,
        "data_offsets": st.lists(st.integers(0, 200), min_size=2, max_size=2) | JSON,
    }
)
KEYS = st.sampled_from([f"{NAME}.lora_A.weight", f"{NAME}.lora_B.weight", f"{NAME}.alpha", "__metadata__"])


@LIGHT
@given(st.dictionaries(KEYS | st.text(max_size=8), TENSOR | JSON, max_size=4) | JSON)
def test_any_header_is_read_or_refused(tmp_path: Path, header: object) -> None:
    read_or_refused(tmp_path, with_header(header))


@LIGHT
@given(st.dictionaries(st.sampled_from(["alpha_pattern", "lora_alpha", "use_rslora", "transformer.r"]), JSON) | JSON)
def test_any_configuration_is_read_or_refused(tmp_path: Path, config: object) -> None:
    tensors = {f"{NAME}.lora_A.weight": torch.ones(2, 8), f"{NAME}.lora_B.weight": torch.ones(6, 2)}
    read_or_refused(tmp_path, save(tensors, {"lora_adapter_metadata": json.dumps(config)}))
