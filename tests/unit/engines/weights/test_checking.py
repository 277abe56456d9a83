"""What is wrong with a model's folder is found from names, lengths and headers, and the file is named."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from small_repository import numbers, write, write_repository, write_safetensors

from lamina.core.catalog import MODELS, NANO
from lamina.core.errors import ErrorCode, LaminaError
from lamina.engines.weights import places
from lamina.engines.weights.checking import check_folder
from lamina.engines.weights.places import Roots, find, require
from lamina.engines.weights.tensor_files import read_tensors

MODEL = MODELS["qwen-image"]
VAE = "vae/diffusion_pytorch_model.safetensors"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_repository(tmp_path / "models" / MODEL.name)


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    return Roots(tmp_path / "models")


def test_a_whole_folder_passes(folder: Path, roots: Roots) -> None:
    check_folder(folder)
    place = require(MODEL, roots)
    assert (place.folder, place.origin, place.transformer_file) == (folder, "models folder", None)


@pytest.mark.parametrize(
    "name",
    [
        "scheduler/scheduler_config.json",
        "tokenizer/vocab.json",
        "tokenizer/tokenizer_config.json",
        "text_encoder/config.json",
        "text_encoder/model.safetensors",
        "transformer/diffusion_pytorch_model-00002-of-00002.safetensors",
        VAE,
    ],
)
def test_what_is_gone_is_named(folder: Path, roots: Roots, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(LaminaError) as raised:
        require(MODEL, roots)
    assert raised.value.code is ErrorCode.WEIGHTS_MISSING
    expected = "tokenizer/tokenizer.json" if name == "tokenizer/vocab.json" else name
    assert str(folder / expected) in raised.value.message


def header(path: Path) -> bytes:
    return path.read_bytes()[: 8 + struct.unpack("<Q", path.read_bytes()[:8])[0]]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda path: path.read_bytes()[:-1], r"truncated: 65,\d+ of 65,\d+ bytes"),
        (lambda path: path.read_bytes() + b"\0", "too long"),
        (lambda path: path.read_bytes()[:30], "truncated"),
        (lambda _: b"", "not a safetensors file"),
        (lambda _: b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "not a safetensors file"),
        (lambda path: header(path).replace(b"shape", b"shade") + bytes(65536), "header cannot be read"),
        (lambda path: header(path).replace(b"[64, 256]", b"[64, 255]") + bytes(65536), "does not match its shape"),
    ],
)
def test_a_damaged_tensor_file_is_named(folder: Path, roots: Roots, spoil: object, told: str) -> None:
    (folder / VAE).write_bytes(spoil(folder / VAE))  # pyright: ignore
    with pytest.raises(LaminaError, match=told) as raised:
        require(MODEL, roots)
    assert raised.value.code is ErrorCode.WEIGHTS_DAMAGED
    assert str(folder / VAE) in raised.value.message


@pytest.mark.parametrize("content", ["", "{", "[1]", '"text"'])
def test_a_config_that_is_no_object_is_damaged(folder: Path, roots: Roots, content: str) -> None:
    (folder / "vae" / "config.json").write_text(content)
    with pytest.raises(LaminaError, match=r"vae/config\.json") as raised:
        require(MODEL, roots)
    assert raised.value.code is ErrorCode.WEIGHTS_DAMAGED


def test_variants_of_components_are_checked_too(folder: Path) -> None:
    write(folder / "transformer_layered" / "config.json", {})
    with pytest.raises(LaminaError, match="transformer_layered"):
        check_folder(folder)


def test_a_model_that_is_not_here_says_how_to_get_it(roots: Roots) -> None:
    assert find(MODEL, roots) is None
    with pytest.raises(
        LaminaError, match=r"57\.7 GB.*lamina pull qwen-image\. Or use the demonstration model: --engine nano"
    ) as raised:
        require(MODEL, roots)
    assert raised.value.code is ErrorCode.WEIGHTS_MISSING


def test_nano_comes_with_the_package(tmp_path: Path, roots: Roots, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "PACKAGED", tmp_path / "nothing")
    with pytest.raises(LaminaError, match="Install Lamina again"):
        require(NANO, roots)
    monkeypatch.setattr(places, "PACKAGED", write_repository(tmp_path / "packaged"))
    assert require(NANO, roots).origin == "package"


@pytest.mark.parametrize("is_set", [True, False])
def test_a_transformer_file_stands_in_for_the_folders(folder: Path, tmp_path: Path, is_set: bool) -> None:
    for shard in (folder / "transformer").glob("*.safetensors"):
        shard.unlink()
    file = tmp_path / "mine.safetensors" if is_set else folder / "transformer.safetensors"
    write_safetensors(file, {"weight": numbers(1)})
    roots = Roots(tmp_path / "models", None, {MODEL.name: file} if is_set else {})
    assert require(MODEL, roots).transformer_file == file
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(LaminaError, match="truncated"):
        require(MODEL, roots)
    file.unlink()
    with pytest.raises(LaminaError) as raised:
        require(MODEL, roots)
    assert raised.value.code is ErrorCode.WEIGHTS_MISSING


def write_gguf(path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    writer = gguf.GGUFWriter(str(path), "qwen_image")
    writer.add_tensor("weight", np.ones((64, 32), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_a_gguf_file_is_read_and_one_cut_short_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "transformer.gguf"
    write_gguf(path)
    assert read_tensors(path)["weight"].shape == (64, 32)
    whole = path.read_bytes()
    for damaged in (whole[:-4000], whole[:40], b"GGUF", b"something else"):
        path.write_bytes(damaged)
        with pytest.raises(LaminaError) as raised:
            read_tensors(path)
        assert raised.value.code is ErrorCode.WEIGHTS_DAMAGED


def test_shards_that_the_index_does_not_name_do_not_matter(folder: Path) -> None:
    (folder / "transformer" / "other.safetensors").write_bytes(b"")
    check_folder(folder)
    index = folder / "transformer" / "diffusion_pytorch_model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {}}))
    with pytest.raises(LaminaError, match="lists no shards"):
        check_folder(folder)
