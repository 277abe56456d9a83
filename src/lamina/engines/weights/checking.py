"""Checks that a model's folder in the diffusers layout is complete: components, files and their lengths."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lamina.core.errors import ErrorCode, LaminaError
from lamina.engines.weights.tensor_files import Tensor, damaged, read_tensors

INDEX = "model_index.json"
TRANSFORMER = "transformer"
_WEIGHT_NAMES = ("diffusion_pytorch_model", "model")  # the names in diffusers and in transformers
# For components without weights: at least one file of each tuple must exist.
_WITHOUT_WEIGHTS = {
    "scheduler": (("scheduler_config.json",),),
    "tokenizer": (("tokenizer_config.json",), ("tokenizer.json", "vocab.json")),
    "processor": (("preprocessor_config.json", "processor_config.json"), ("tokenizer.json", "vocab.json")),
}


def check_folder(folder: Path, has_other_transformer: bool = False) -> None:
    """Raises `LaminaError` (weights_missing, weights_damaged) if a file is missing or damaged.

    Reads headers and lengths, not tensors. `has_other_transformer`: the transformer's weights are in a separate file,
    so only its config is required.
    """
    for subfolder in components(folder):
        if has_other_transformer and role_of(subfolder) == TRANSFORMER:
            read_json(folder / subfolder / "config.json")
        else:
            check_component(folder / subfolder)


def components(folder: Path) -> list[str]:
    """The component folders in `model_index.json`, and variants of them such as `transformer_layered`."""
    index = read_json(folder / INDEX)
    named = [name for name, value in index.items() if isinstance(value, list) and len(value) == 2 and all(value)]
    variants = [entry.name for entry in folder.iterdir() if entry.is_dir() and role_of(entry.name) in named]
    return sorted({*named, *variants})


def role_of(subfolder: str) -> str:
    """The component in a sub-folder: that of `transformer_layered` is a transformer."""
    roles = (TRANSFORMER, "text_encoder", "vae", *_WITHOUT_WEIGHTS)
    return next((role for role in roles if subfolder == role or subfolder.startswith(f"{role}_")), subfolder)


def check_component(folder: Path) -> None:
    """Raises `LaminaError` (weights_missing, weights_damaged) if a file of the component is missing or truncated."""
    needed = _WITHOUT_WEIGHTS.get(role_of(folder.name))
    if needed is None:
        read_json(folder / "config.json")
        component_tensors(folder)
        return
    for names in needed:
        present = [name for name in names if (folder / name).is_file()]
        if not present:
            raise missing(folder / names[0])
        for name in present:
            read_json(folder / name)


def component_tensors(folder: Path) -> dict[str, Tensor]:
    """Every tensor of a component by name, from the headers of its files. Raises as `check_component` does."""
    tensors: dict[str, Tensor] = {}
    for path in weight_files(folder):
        tensors |= read_tensors(path)
    return tensors


def weight_files(folder: Path) -> list[Path]:
    """The component's safetensors: the one file, or the shards that its index names. Raises `LaminaError`."""
    for name in _WEIGHT_NAMES:
        index = folder / f"{name}.safetensors.index.json"
        if index.is_file():
            shards: Any = read_json(index).get("weight_map")
            if not isinstance(shards, dict) or not shards:
                raise damaged(index, "it lists no shards")
            files = [folder / str(shard) for shard in sorted({str(shard) for shard in shards.values()})]
            absent = [file for file in files if not file.is_file()]
            if absent:
                raise missing(absent[0])
            return files
        if (folder / f"{name}.safetensors").is_file():
            return [folder / f"{name}.safetensors"]
    raise missing(folder / f"{_WEIGHT_NAMES[0 if (folder.name.startswith((TRANSFORMER, 'vae'))) else 1]}.safetensors")


def read_json(path: Path) -> Mapping[str, Any]:
    """Raises `LaminaError` (weights_missing, weights_damaged) unless the file is a JSON object."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise missing(path) from None
    except OSError as error:
        raise damaged(path, f"it cannot be read: {error.strerror}") from None
    except ValueError:
        raise damaged(path, "it is not valid JSON") from None
    if not isinstance(content, dict):
        raise damaged(path, "it is not a JSON object")
    return content


def missing(path: Path) -> LaminaError:
    return LaminaError(
        ErrorCode.WEIGHTS_MISSING,
        f"The weights are incomplete: {path} is missing.",
        "Download them: lamina pull MODEL.",
    )
