"""A checkpoint of the family's architecture, small and with random weights, in the layout of the released ones."""

import json
import shutil
from pathlib import Path

import pytest
from tiny_checkpoint import ROLES


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not to be changed; its tensors are float32, its transformer in several shards."""
    import torch

    from lab.nano import build, tokens

    torch.set_num_threads(1)
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = tokens.tokenizer()
    transformer = build.transformer(is_layered=True)
    for parameter in transformer.parameters():  # those that start at zero would hide what goes wrong
        torch.nn.init.normal_(parameter, 0, 0.02)
    transformer.save_pretrained(folder / "transformer", max_shard_size="12MB")
    build.vae().save_pretrained(folder / "vae")
    build.text_encoder(tokenizer).save_pretrained(folder / "text_encoder")
    tokenizer.save_pretrained(folder / "tokenizer")
    tokens.processor(tokenizer).save_pretrained(folder / "processor")
    build.scheduler(is_layered=True).save_pretrained(folder / "scheduler")
    index = {"_class_name": "QwenImageLayeredPipeline", **{role: ["diffusers", "Any"] for role in ROLES}}
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


@pytest.fixture
def own_model(tiny_model: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(tiny_model, tmp_path / "own"))
