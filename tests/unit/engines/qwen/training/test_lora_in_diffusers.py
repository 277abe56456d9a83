"""A trained LoRA is one that diffusers loads by itself, and does there what it does here."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open

from examples import edit_examples, train
from lab.nano.assembly import pipelines
from lamina.core.catalog import NANO
from lamina.core.ports import no_progress
from lamina.core.tasks import EditTask, Lora, Sampling, TrainTask
from lamina.engines.qwen.pipelines import sized_for
from lamina.engines.registry import start_picture_maker

TASK = TrainTask(steps=4, learning_rate=2e-2, rank=4, alpha=16.0, seed=2, caption_dropout=0.0)


@pytest.fixture(scope="module")
def lora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    train(folder, TASK, edit_examples(1))
    return folder / "lora.safetensors"


def test_its_layout_is_that_of_diffusers(lora: Path) -> None:
    with safe_open(lora, framework="pt") as file:
        names, told = set(file.keys()), file.metadata()
    assert "transformer.transformer_blocks.0.attn.to_q.lora_A.weight" in names
    assert all(name.startswith("transformer.") and name.endswith(".weight") for name in names)
    config = json.loads(told["lora_adapter_metadata"])
    assert (config["transformer.r"], config["transformer.lora_alpha"]) == (4, 4)  # alpha 16 is in the matrices
    assert json.loads(told["lamina"])["steps"] == 4
    assert lora.stat().st_mode & 0o777 == lora.parent.stat().st_mode & 0o666


def test_plain_diffusers_makes_with_it_what_lamina_makes(lora: Path) -> None:
    example = edit_examples(1)[0]
    start = example.starts[0]()
    nano = start_picture_maker("nano")
    sampling = Sampling(seed=4, steps=4, guidance=1.0)
    task = EditTask(example.caption, sampling, 64, 64)
    ours = nano.edit(replace(task, sampling=replace(sampling, loras=(Lora(str(lora)),))), [start], no_progress)
    without = nano.edit(task, [start], no_progress)
    pipeline = pipelines().edit
    pipeline.load_lora_weights(str(lora.parent), weight_name=lora.name)
    with sized_for(NANO), torch.inference_mode():
        theirs = pipeline(
            image=[Image.fromarray(start)],
            prompt=example.caption,
            true_cfg_scale=1.0,
            num_inference_steps=4,
            width=64,
            height=64,
            generator=torch.Generator().manual_seed(4),
        ).images[0]
    off = np.abs(np.asarray(theirs.convert("RGB")).astype(int) - ours.pictures[0][..., :3])
    changed = np.abs(without.pictures[0].astype(int) - ours.pictures[0])
    assert off.max() <= 1
    assert changed.mean() > 1
