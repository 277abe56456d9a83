"""Fits the small networks that the classic engine loads: all have the same kind of layers, optimizer and schedule."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from lamina.engines.classic.fitted_networks import Dense

Loss = Callable[[torch.nn.Module, torch.Generator], torch.Tensor]
"""From the network, and the generator that draws a batch, to the loss of that batch."""


def fit_network(
    sizes: Sequence[int], loss_of: Loss, *, steps: int, rate: float, decay: float, seed: int
) -> tuple[Dense, ...]:
    """One network with layers of these sizes, fitted by AdamW with a cosine schedule. `rate`: of learning."""
    torch.manual_seed(seed)
    layers: list[torch.nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [torch.nn.Linear(before, after), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        loss = loss_of(model, generator)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return tuple((_array(layer.weight).T, _array(layer.bias)) for layer in model if isinstance(layer, torch.nn.Linear))


def _array(parameter: torch.Tensor) -> NDArray[np.float64]:
    return parameter.detach().numpy().astype(np.float64)
