"""What a training goes on from: adapter, optimiser, losses and step in one file, whole or not there.

There is no random state in it: what a step draws depends on the seed and the step's number alone.
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

KEPT = 2  # the newest, and the one before it while somebody may still be reading that
_FILE = re.compile(r"checkpoint-(\d+)\.safetensors")
_HEAD = "lamina_training"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Checkpoint:
    """`identity`: what the training is of, by name, so that another is not taken for it; `losses`: of each step."""

    step: int
    seed: int
    identity: Mapping[str, str]
    adapter: Mapping[str, Tensor]
    optimizer: Mapping[str, Tensor]
    losses: Tensor


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """All but the newest are removed."""
    tensors = {f"adapter.{name}": tensor for name, tensor in checkpoint.adapter.items()}
    tensors |= {f"optimizer.{name}": tensor for name, tensor in checkpoint.optimizer.items()}
    head = {"step": checkpoint.step, "seed": checkpoint.seed, "identity": dict(checkpoint.identity)}
    path = folder / f"checkpoint-{checkpoint.step:06d}.safetensors"
    write_tensors(path, {**tensors, "losses": checkpoint.losses}, {_HEAD: json.dumps(head)})
    for _, old in _found(folder)[KEPT:]:
        old.unlink(missing_ok=True)
    return path


def newest_checkpoint(folder: Path, identity: Mapping[str, str]) -> Checkpoint | None:
    """None where there is none. Raises `LaminaError` (output_in_the_way) if it is of another training."""
    for _, path in _found(folder):
        checkpoint = _read(path)
        if checkpoint is None:
            continue
        for what, value in identity.items():
            if checkpoint.identity.get(what) != value:
                raise _another(folder, what)
        return checkpoint
    return None


def seed_in(folder: Path) -> int | None:
    """Of the newest checkpoint there."""
    checkpoints = (_read(path) for _, path in _found(folder))
    return next((checkpoint.seed for checkpoint in checkpoints if checkpoint is not None), None)


def _found(folder: Path) -> list[tuple[int, Path]]:
    """The newest first."""
    matches = ((_FILE.fullmatch(path.name), path) for path in folder.iterdir())
    return sorted(((int(match[1]), path) for match, path in matches if match), reverse=True)


def _read(path: Path) -> Checkpoint | None:
    """None where it is damaged: the one before it is as good, only older."""
    try:
        with safe_open(path, framework="pt") as file:
            head = json.loads(file.metadata()[_HEAD])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # it is not a mapping
        losses = tensors.pop("losses")
        return Checkpoint(
            step=int(head["step"]),
            seed=int(head["seed"]),
            identity={str(name): str(value) for name, value in head["identity"].items()},
            adapter=_under("adapter.", tensors),
            optimizer=_under("optimizer.", tensors),
            losses=losses.to(torch.float32),
        )
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _another(folder: Path, what: str) -> LaminaError:
    return LaminaError(
        ErrorCode.OUTPUT_IN_THE_WAY,
        f"The folder {folder.name!r} holds a checkpoint of another training: its {what} is different.",
        "Ask for the same to go on with it, or take the folder away to begin anew.",
    )
