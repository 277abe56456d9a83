"""The training loop of all parts of nano: warm-up, decay, a moving average, and checkpoints to continue from."""

import json
import math
import sys
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

_SAVED_EVERY_S = 90.0
_LOG_EVERY = 100  # steps
_LEAST_CHANNELS = 16  # of a kernel that Muon trains as a matrix


@dataclass(frozen=True, slots=True)
class Schedule:
    """The learning rate rises over `warm_up` steps, is constant, and falls to 2 % over the last share `decay` of
    `steps`.

    `matrix_rate`: if it is not 0, Muon (Jordan 2024) trains the transformer blocks' matrices, or a VAE's kernels, with
    this rate.
    """

    steps: int
    learning_rate: float = 1e-3
    warm_up: int = 100
    decay: float = 0.4
    betas: tuple[float, float] = (0.9, 0.98)
    average: float = 0.998
    matrix_rate: float = 0.0

    def share(self, step: int) -> float:
        """The share of the full learning rate at a step."""
        done = step / self.steps
        fall = 0.02 + 0.98 * (0.5 + 0.5 * math.cos(math.pi * max(0.0, (done - 1 + self.decay) / self.decay)))
        return min(1.0, (step + 1) / self.warm_up) * fall


LossOfStep = Callable[[int, np.random.Generator], tuple[torch.Tensor, dict[str, float]]]
"""(step, its random generator) -> the loss to minimize, and figures to log."""


def train(
    model: nn.Module,
    loss_of: LossOfStep,
    schedule: Schedule,
    checkpoint: Path,
    device: str = "cpu",
    saved_every_s: float = _SAVED_EVERY_S,
) -> nn.Module:
    """Trains to the end of the schedule and returns the moving average; continues from an existing checkpoint.

    A step depends on its number alone, so that an interrupted run gives the same result.
    """
    average = deepcopy(model).eval().requires_grad_(False)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizers = _optimizers(model, schedule)
    step = _restore(checkpoint, model, average, optimizers, device)
    saved_at, log = time.monotonic(), _Log(checkpoint)
    while step < schedule.steps:
        torch.manual_seed(step)
        loss, figures = loss_of(step, np.random.default_rng([7, step]))
        model.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * schedule.share(step)
            optimizer.step()
        step += 1
        _follow(average, model, min(schedule.average, (1 + step) / (10 + step)))
        log.add(step, {"loss": float(loss.detach()), **figures})
        if time.monotonic() - saved_at > saved_every_s or step == schedule.steps:
            _save(checkpoint, step, model, average, optimizers, schedule)
            saved_at = time.monotonic()
    return average


def averaged(checkpoint: Path, model: nn.Module) -> nn.Module:
    """`model` with the moving average in `checkpoint`, of finished or unfinished training."""
    model.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["average"])
    return model.eval()


def _optimizers(model: nn.Module, schedule: Schedule) -> list[torch.optim.Optimizer]:
    """Muon trains the matrices between channels of a block; AdamW trains the rest, including what starts at zero."""
    trained = [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]

    def is_matrix(name: str, weight: nn.Parameter) -> bool:
        is_block = weight.dim() == 2 and (".attn." in name or "_mlp." in name)
        is_kernel = weight.dim() > 3 and min(weight.shape[:2]) >= _LEAST_CHANNELS
        return bool(schedule.matrix_rate) and (is_block or is_kernel)

    others = [weight for name, weight in trained if not is_matrix(name, weight)]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(others, schedule.learning_rate, betas=schedule.betas, weight_decay=0.01, fused=True)
    ]
    if matrices := [weight for name, weight in trained if is_matrix(name, weight)]:
        optimizers.append(_Muon(matrices, schedule.matrix_rate))
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
    return optimizers


class _Muon(torch.optim.Muon):
    """Muon that also trains kernels, each as a matrix from all its inputs to its channels."""

    def __init__(self, weights: list[nn.Parameter], rate: float) -> None:
        self.weights = weights
        flat = [nn.Parameter(weight.detach().flatten(1)) for weight in weights]  # in the same memory
        super().__init__(flat, rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")

    def step(self, closure: None = None) -> None:
        for flat, weight in zip(self.param_groups[0]["params"], self.weights, strict=True):
            flat.grad = None if weight.grad is None else weight.grad.flatten(1)
        super().step(closure)


def _follow(average: nn.Module, model: nn.Module, share: float) -> None:
    with torch.no_grad():
        mine, theirs = list(average.parameters()), list(model.parameters())
        torch._foreach_lerp_(mine, theirs, 1 - share)


def _restore(
    checkpoint: Path, model: nn.Module, average: nn.Module, optimizers: list[torch.optim.Optimizer], device: str
) -> int:
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, map_location=device, weights_only=True)
    model.load_state_dict(state["model"])
    average.load_state_dict(state["average"])
    for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(saved)
    return int(state["step"])


def _save(
    checkpoint: Path,
    step: int,
    model: nn.Module,
    average: nn.Module,
    optimizers: list[torch.optim.Optimizer],
    schedule: Schedule,
) -> None:
    state: dict[str, Any] = {"step": step, "model": model.state_dict(), "average": average.state_dict()}
    beside = checkpoint.with_suffix(".new")
    state["optimizers"] = [optimizer.state_dict() for optimizer in optimizers]
    torch.save({**state, "schedule": asdict(schedule)}, beside)
    beside.replace(checkpoint)


class _Log:
    """Logs means over some steps, on the terminal and as lines of JSON beside the checkpoint."""

    def __init__(self, checkpoint: Path) -> None:
        self.name, self.log = checkpoint.stem, checkpoint.with_suffix(".jsonl")
        self.figures: list[dict[str, float]] = []
        self.since, self.cpu_since = time.monotonic(), time.process_time()

    def _keys(self) -> set[str]:
        return {key for figures in self.figures for key in figures}

    def add(self, step: int, figures: dict[str, float]) -> None:
        self.figures.append(figures)
        if step % _LOG_EVERY and step > 3:
            return
        means = {
            key: round(float(np.mean([x[key] for x in self.figures if key in x])), 4) for key in sorted(self._keys())
        }
        seconds, cpu = time.monotonic() - self.since, time.process_time() - self.cpu_since
        per_step = {
            "s_per_step": round(seconds / len(self.figures), 3),
            "cpu_s_per_step": round(cpu / len(self.figures), 3),
        }
        line = json.dumps({"step": step, **means, **per_step})
        with self.log.open("a", encoding="utf-8") as log:
            log.write(line + "\n")
        print(self.name, line, file=sys.stderr, flush=True)  # noqa: T201
        self.figures, self.since, self.cpu_since = [], time.monotonic(), time.process_time()
