"""Is a trainer that trains nothing and takes a given time, for `no_op_child`.

A step takes no time, or S seconds with the default caption "wait S". If the environment variable LAMINA_TEST_STEPS_DONE
names a file, each step is appended to it: the process's id and the step.
"""

import json
import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from lamina.core.errors import LaminaError
from lamina.core.ports import Step, TrainingProgress
from lamina.core.tasks import TrainTask
from lamina.core.training import LORA_FILE, filled
from lamina.execution.training import CONFIG_FILE, LOSS_FILE, Examples
from lamina.imaging.png import encode_png

NAME = "no-op"
_NAME = re.compile(r"checkpoint-(\d+)\.safetensors")
_PICTURE = np.full((16, 16, 4), (128, 128, 128, 255), np.uint8)
_MODULE = "transformer.transformer_blocks.2.attn.to_v"
_WIDTH, _RANK = 192, 4  # of nano


@dataclass(frozen=True)
class Trained:
    steps_done: int
    seed: int
    engine: str = NAME
    checkpoint: str = NAME
    notes: tuple[str, ...] = field(default=())


def train_nothing(
    _examples: Examples, task: TrainTask, folder: Path, _engine: str | None, progress: TrainingProgress
) -> Trained:
    """Has the interface of `trained_on`, and ignores the examples, which were checked as usual."""
    whole = filled(task)
    steps, every = whole.steps or 1, whole.checkpoint_every or 1
    step = max((int(name[1]) for path in folder.iterdir() if (name := _NAME.fullmatch(path.name))), default=0)
    try:
        while step < steps:
            _take_step(task, step + 1)
            step += 1
            progress.loss(step, 1 / step)
            progress(f"step {step} of {steps}", step / steps, Step(step, steps, 0.0))
            if step % every == 0 and step < steps:
                _keep(folder, step, progress)
    except LaminaError:
        _keep(folder, step, progress)
        _write(folder, step)
        raise
    _write(folder, step)
    return Trained(steps, 7 if task.seed is None else task.seed)


def _take_step(task: TrainTask, step: int) -> None:
    parameters = task.default_caption.split()
    if len(parameters) == 2 and parameters[0] == "wait":
        time.sleep(float(parameters[1]))
    if place := os.environ.get("LAMINA_TEST_STEPS_DONE"):
        with Path(place).open("a") as file:
            file.write(f"{os.getpid()} {step}\n")


def _keep(folder: Path, step: int, progress: TrainingProgress) -> None:
    path = folder / f"checkpoint-{step:06d}.safetensors"
    path.write_text(f"after {step} steps")
    progress.checkpoint(step, str(path))
    sample = folder / f"sample-{step}.png"
    sample.write_bytes(encode_png(_PICTURE))
    progress.sample(step, str(sample))


def _write(folder: Path, step: int) -> None:
    """Writes an adapter that nano can load, and that changes its output."""
    draw = np.random.default_rng(0)
    pair = {
        f"{_MODULE}.lora_A.weight": draw.standard_normal((_RANK, _WIDTH)).astype(np.float32),
        f"{_MODULE}.lora_B.weight": draw.standard_normal((_WIDTH, _RANK)).astype(np.float32),
    }
    save_file(pair, folder / LORA_FILE)
    (folder / CONFIG_FILE).write_text(json.dumps({"steps": step}))
    (folder / LOSS_FILE).write_bytes(encode_png(_PICTURE))
