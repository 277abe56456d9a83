"""Fits the networks that choose which outline a box or a point means."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import binary_cross_entropy_with_logits

from lab.network_fitting import fit_network
from lamina.engines.classic.fitted_networks import Dense, FittedNetworks

Floats = NDArray[np.floating[Any]]

_NETWORKS, _HIDDEN = 4, (24,)
_BATCH, _RATE, _DECAY = 48, 4e-3, 0.03
_STEPS = 700
_NOISE = 0.3  # on the inputs, in standard deviations: keeps the networks from relying on exact values
_SHARPNESS = 2.0  # of the choice by chance whose loss is minimised


@dataclass(frozen=True, eq=False, kw_only=True)
class Choice:
    """What there was to choose from: `inputs` (n, k), `ious` (n,) of each. `weight`: how often it counts."""

    inputs: Floats
    ious: Floats
    weight: float = 1.0


def fit_choices(measures: tuple[str, ...], choices: Sequence[Choice]) -> FittedNetworks:
    """Networks whose largest output is the best choice, and whose sigmoid is about its intersection over union."""
    together = np.concatenate([choice.inputs for choice in choices])
    mean, scale = together.mean(0), np.maximum(together.std(0), 1e-6)
    normal = FittedNetworks(measures, mean, scale, ())
    batches = _Batches([normal.inputs(choice.inputs) for choice in choices], choices)
    return FittedNetworks(measures, mean, scale, tuple(_network(batches, seed) for seed in range(_NETWORKS)))


class _Batches:
    """All choices in one tensor, shorter ones padded."""

    def __init__(self, inputs: Sequence[Floats], choices: Sequence[Choice]) -> None:
        counts = [len(each) for each in inputs]
        shape = len(inputs), max(counts)
        self.inputs = torch.zeros(*shape, inputs[0].shape[1])
        self.ious, self.is_there = torch.zeros(shape), torch.zeros(shape, dtype=torch.bool)
        for row, (values, choice) in enumerate(zip(inputs, choices, strict=True)):
            self.inputs[row, : len(values)] = torch.tensor(values, dtype=torch.float32)
            self.ious[row, : len(values)] = torch.tensor(choice.ious, dtype=torch.float32)
            self.is_there[row, : len(values)] = True
        self.counts = torch.tensor(counts)
        self.weights = torch.tensor([choice.weight for choice in choices])


def _network(batches: _Batches, seed: int) -> tuple[Dense, ...]:
    """One network, fitted to the intersection over union of each outline, and to that of a choice by chance that
    prefers large outputs.
    """

    def loss_of(model: torch.nn.Module, generator: torch.Generator) -> torch.Tensor:
        rows = torch.multinomial(batches.weights, _BATCH, replacement=True, generator=generator)
        most = int(batches.counts[rows].max())
        inputs, ious, is_there = (each[rows, :most] for each in (batches.inputs, batches.ious, batches.is_there))
        outputs = model(inputs + _NOISE * torch.randn(inputs.shape, generator=generator))[..., 0]
        return _regression_loss(outputs, ious, is_there) + _choice_loss(outputs, ious, is_there)

    sizes = (batches.inputs.shape[-1], *_HIDDEN, 1)
    return fit_network(sizes, loss_of, steps=_STEPS, rate=_RATE, decay=_DECAY, seed=seed)


def _regression_loss(outputs: torch.Tensor, ious: torch.Tensor, is_there: torch.Tensor) -> torch.Tensor:
    weights = is_there / is_there.sum(1, keepdim=True).sqrt()  # large pools do not count in proportion
    losses = binary_cross_entropy_with_logits(outputs, ious, reduction="none")
    return (losses * weights).sum() / weights.sum()


def _choice_loss(outputs: torch.Tensor, ious: torch.Tensor, is_there: torch.Tensor) -> torch.Tensor:
    chances = torch.softmax((outputs * _SHARPNESS).masked_fill(~is_there, -1e9), 1)
    return (ious.amax(1) - (chances * ious).sum(1)).mean()
