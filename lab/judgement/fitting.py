"""Fits the networks that judge candidates: the merit of each, and the share of it that overlapping pairs keep."""

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from lab.judgement.cases import Case, Floats
from lab.network_fitting import fit_network
from lamina.engines.classic.candidate_features import MEASURES
from lamina.engines.classic.fitted_networks import Dense, FittedNetworks
from lamina.engines.classic.pair_features import PAIR_MEASURES

_NETWORKS, _HIDDEN = 4, (48, 24)
_BATCH, _RATE, _DECAY = 512, 3e-3, 0.03
_STEPS = 5000


def fit_merits(cases: Sequence[Case]) -> FittedNetworks:
    """Networks whose sigmoid is the expected IoU of a candidate with a true layer."""
    return fit_merits_of([case.values for case in cases], [case.best for case in cases])


def fit_merits_of(values: Sequence[Floats], best: Sequence[Floats]) -> FittedNetworks:
    """The same from the measures (n, k) of the candidates of each picture, and their IoUs (n,)."""
    return _fit(MEASURES, np.concatenate(values), np.concatenate(best), _weights([len(each) for each in values]))


def fit_pairs(cases: Sequence[Case], merits: Sequence[Floats]) -> FittedNetworks:
    """Networks whose sigmoid is the share of the lesser merit that an overlapping pair keeps.

    `merits`: of the candidates of each case, predicted by networks that were fitted without it.
    """
    own = [pair_values(case, merit) for case, merit in zip(cases, merits, strict=True)]
    lesser = [np.minimum(case.best[case.pairs[:, 0]], case.best[case.pairs[:, 1]]) for case in cases]
    weights = _weights([len(case.pairs) for case in cases]) * np.concatenate(lesser)
    return _fit(PAIR_MEASURES, np.concatenate(own), np.concatenate([case.retained for case in cases]), weights)


def pair_values(case: Case, merits: Floats) -> Floats:
    """The measures of the pairs of a case with the given merits."""
    values = case.pair_values.copy()
    values[:, PAIR_MEASURES.index("merit_small")] = merits[case.pairs[:, 0]]
    values[:, PAIR_MEASURES.index("merit_large")] = merits[case.pairs[:, 1]]
    return values


def _weights(counts: Sequence[int]) -> Floats:
    """(sum of counts,): less for each row of a case with many rows."""
    return np.concatenate([np.full(count, 1 / np.sqrt(max(1, count))) for count in counts])


def _fit(measures: tuple[str, ...], values: Floats, targets: Floats, weights: Floats) -> FittedNetworks:
    mean, scale = values.mean(0), np.maximum(values.std(0), 1e-6)
    inputs = FittedNetworks(measures, mean, scale, ()).inputs(values)
    tensors = [torch.tensor(array, dtype=torch.float32) for array in (inputs, targets, weights / weights.mean())]
    networks = tuple(_network(*tensors, seed=seed) for seed in range(_NETWORKS))
    return FittedNetworks(measures, mean, scale, networks)


def _network(inputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, seed: int) -> tuple[Dense, ...]:
    """One network, fitted to soft targets in 0..1."""

    def loss_of(model: torch.nn.Module, generator: torch.Generator) -> torch.Tensor:
        batch = torch.randint(len(inputs), (_BATCH,), generator=generator)
        # noise on the inputs keeps the networks from relying on exact values
        noisy = inputs[batch] + 0.1 * torch.randn(_BATCH, inputs.shape[1], generator=generator)
        return binary_cross_entropy_with_logits(model(noisy)[:, 0], targets[batch], weights[batch])

    sizes = (inputs.shape[1], *_HIDDEN, 1)
    return fit_network(sizes, loss_of, steps=_STEPS, rate=_RATE, decay=_DECAY, seed=seed)
