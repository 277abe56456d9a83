"""Writes and reads training checkpoints: adapter, optimizer state, losses and step in one file, written atomically.

They contain no random state: the random numbers of a step depend only on the seed and the step.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from lamina.core.errors import ErrorCode, LaminaError
from lamina.engines.qwen.training.tensor_writing import write_tensors

KEPT = 2  # the newest, and the previous one, which may still be being read
_FILE = re.compile(r"checkpoint-(\d+)\.safetensors")
_METADATA_KEY = "lamina_training"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Checkpoint:
    """`identity`: the properties that must match to resume a training; `losses`: one per step."""

    step: int
    seed: int
    identity: Mapping[str, str]
    adapter: Mapping[str, Tensor]
    optimizer: Mapping[str, Tensor]
    losses: Tensor


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Writes a checkpoint and deletes all but the newest ones. Returns its path."""
    tensors = {f"adapter.{name}": tensor for name, tensor in checkpoint.adapter.items()}
    tensors |= {f"optimizer.{name}": tensor for name, tensor in checkpoint.optimizer.items()}
    header = {"step": checkpoint.step, "seed": checkpoint.seed, "identity": dict(checkpoint.identity)}
    path = folder / f"checkpoint-{checkpoint.step:06d}.safetensors"
    write_tensors(path, {**tensors, "losses": checkpoint.losses}, {_METADATA_KEY: json.dumps(header)})
    for _, old in _checkpoint_files(folder)[KEPT:]:
        old.unlink(missing_ok=True)
    return path


def newest_checkpoint(folder: Path, identity: Mapping[str, str]) -> Checkpoint | None:
    """The newest readable checkpoint, or None. Raises `LaminaError` (output_in_the_way) for another training."""
    for _, path in _checkpoint_files(folder):
        checkpoint = _read(path)
        if checkpoint is None:
            continue
        for name, value in identity.items():
            if checkpoint.identity.get(name) != value:
                raise _another_training(folder, name)
        return checkpoint
    return None


def seed_in(folder: Path) -> int | None:
    """The seed of the newest checkpoint, or None."""
    checkpoints = (_read(path) for _, path in _checkpoint_files(folder))
    return next((checkpoint.seed for checkpoint in checkpoints if checkpoint is not None), None)


def _checkpoint_files(folder: Path) -> list[tuple[int, Path]]:
    """(step, path) of the checkpoints, the newest first."""
    matches = ((_FILE.fullmatch(path.name), path) for path in folder.iterdir())
    return sorted(((int(match[1]), path) for match, path in matches if match), reverse=True)


def _read(path: Path) -> Checkpoint | None:
    """The checkpoint, or None if it is damaged; the previous one can be used then."""
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads(file.metadata()[_METADATA_KEY])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # it is not a mapping
        losses = tensors.pop("losses")
        return Checkpoint(
            step=int(header["step"]),
            seed=int(header["seed"]),
            identity={str(name): str(value) for name, value in header["identity"].items()},
            adapter=_under("adapter.", tensors),
            optimizer=_under("optimizer.", tensors),
            losses=losses.to(torch.float32),
        )
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _another_training(folder: Path, name: str) -> LaminaError:
    return LaminaError(
        ErrorCode.OUTPUT_IN_THE_WAY,
        f"The folder {folder.name!r} contains a checkpoint of another training: its {name} is different.",
        "Use the same options to resume it, or remove the folder to start again.",
    )
