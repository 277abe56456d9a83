"""Weights in the models folder are found and run under a released model's name: nano's stand in for them, since those
are too large for any test. Pictures are of the size that was asked for, not of nano's.
"""

import shutil
from pathlib import Path

import numpy as np
import pytest

import lamina
from lamina.core.errors import ErrorCode
from lamina.engines.weights.places import PACKAGED

COMMON = ("vae", "text_encoder", "tokenizer", "processor", "model_index.json")


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty models folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAMINA_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "models"


def put(folder: Path, transformer: str, scheduler: str) -> None:
    for name in COMMON:
        copy = shutil.copytree if (PACKAGED / name).is_dir() else shutil.copy
        folder.mkdir(parents=True, exist_ok=True)
        copy(PACKAGED / name, folder / name)
    shutil.copytree(PACKAGED / transformer, folder / "transformer")
    shutil.copytree(PACKAGED / scheduler, folder / "scheduler")


def test_auto_takes_the_released_model_where_its_weights_are(models: Path) -> None:
    put(models / "qwen-image", "transformer", "scheduler")
    made = lamina.generate("a red circle on a white background", size=(64, 64), steps=2, seed=1, guidance=1)
    assert (made.made.engine, made.made.checkpoint) == ("qwen", "Qwen/Qwen-Image")
    assert made.pictures[0].shape == (64, 64, 4)
    assert not made.notes
    with pytest.raises(lamina.LaminaError, match="qwen-image-2512 are not installed") as refused:
        lamina.generate("a red circle", size=(64, 64), steps=1, model="qwen-image-2512")
    assert refused.value.code is ErrorCode.WEIGHTS_MISSING
    assert "lamina pull qwen-image-2512" in refused.value.hint


def test_layers_of_the_released_model_are_finished_to_the_pictures_size(models: Path) -> None:
    put(models / "qwen-image-layered", "transformer_layered", "scheduler_layered")
    picture = np.full((70, 90, 3), (40, 60, 200), np.uint8)
    picture[20:50, 30:60] = (220, 40, 40)
    stack = lamina.decompose(picture, 1, prompt="a red square on blue", steps=1, guidance=1, seed=1)
    assert (stack.engine, stack.width, stack.height, len(stack)) == ("qwen", 90, 70, 1)
    assert stack.error is not None and stack.error.max_abs_error <= 1 / 255


def test_weights_that_are_cut_short_are_told_before_any_work(models: Path) -> None:
    put(models / "qwen-image", "transformer", "scheduler")
    file = models / "qwen-image" / "vae" / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(lamina.LaminaError, match="vae") as refused:
        lamina.generate("a red circle", size=(64, 64), steps=1)
    assert refused.value.code == "weights_damaged"
    assert "lamina pull" in refused.value.hint
