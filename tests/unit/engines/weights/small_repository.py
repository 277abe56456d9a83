"""A repository in the diffusers layout whose tensors are a few numbers: quick to make, and whole to every check."""

import json
import struct
from pathlib import Path

import numpy as np

from lamina.engines.weights.architecture import RELEASED

COMPONENTS = ("transformer", "text_encoder", "vae", "tokenizer", "scheduler")


def write_repository(folder: Path, seed: int = 0, model: str = "qwen-image") -> Path:
    """The text encoder and the VAE do not depend on `seed`, as those of the released models are all the same. The
    configs say of the architecture what those of `model` say.
    """
    released = RELEASED[model]
    index = {"_class_name": released.pipeline, **{name: ["diffusers", "Any"] for name in COMPONENTS}}
    write(folder / "model_index.json", index)
    write(folder / "scheduler" / "scheduler_config.json", {"shift": 1.0})
    write(folder / "tokenizer" / "tokenizer_config.json", {})
    write(folder / "tokenizer" / "vocab.json", {"a": 0})
    (folder / "tokenizer" / "merges.txt").write_text("#version: 0.2\n")
    for name, of in (("transformer", seed + 10), ("text_encoder", 1), ("vae", 2)):
        config = {"transformer": released.transformer, "vae": released.vae}.get(name, {})
        write(folder / name / "config.json", config)
        stem = "model" if name == "text_encoder" else "diffusion_pytorch_model"
        write_safetensors(folder / name / f"{stem}.safetensors", {"weight": numbers(of)})
    first, second = "diffusion_pytorch_model-00001-of-00002", "diffusion_pytorch_model-00002-of-00002"
    (folder / "transformer" / "diffusion_pytorch_model.safetensors").rename(
        folder / "transformer" / f"{first}.safetensors"
    )
    write_safetensors(folder / "transformer" / f"{second}.safetensors", {"bias": numbers(seed + 20)})
    weight_map = {"weight": f"{first}.safetensors", "bias": f"{second}.safetensors"}
    write(folder / "transformer" / "diffusion_pytorch_model.safetensors.index.json", {"weight_map": weight_map})
    return folder


def numbers(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((64, 256), np.float32)


def write_safetensors(path: Path, tensors: dict[str, np.ndarray]) -> None:
    header: dict[str, object] = {}
    end = 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [end, end + tensor.nbytes]}
        end += tensor.nbytes
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(tensor.tobytes() for tensor in tensors.values()))


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
