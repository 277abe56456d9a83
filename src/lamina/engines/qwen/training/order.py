"""Selects the examples of each step: batches of equal shape, each example once per epoch, from the seed only."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from lamina.engines.qwen.training.encoding import Grid


class Order:
    """The batches of a training. They depend only on the seed and the step, so that a training can be resumed.

    `grids`: of each example; examples with equal grids form a bucket, and a batch of up to `batch` is from one bucket.
    """

    def __init__(self, grids: Sequence[tuple[Grid, ...]], batch: int, seed: int) -> None:
        self._batch, self._seed = batch, seed
        self._buckets: dict[tuple[Grid, ...], list[int]] = {}
        for index, shapes in enumerate(grids):
            self._buckets.setdefault(shapes, []).append(index)
        self._epoch: tuple[int, list[list[int]]] = (-1, [])

    @cached_property
    def batches(self) -> int:
        """Number of batches per epoch."""
        return sum(-(-len(bucket) // self._batch) for bucket in self._buckets.values())

    def examples_of(self, step: int) -> list[int]:
        """Indices of the examples of a step; the first step is 0."""
        epoch, place = divmod(step, self.batches)
        if self._epoch[0] != epoch:
            self._epoch = epoch, self._shuffled(epoch)
        return self._epoch[1][place]

    def _shuffled(self, epoch: int) -> list[list[int]]:
        rng = np.random.default_rng([self._seed, 0, epoch])
        batches: list[list[int]] = []
        for bucket in self._buckets.values():
            mixed = [bucket[i] for i in rng.permutation(len(bucket))]
            batches += [mixed[i : i + self._batch] for i in range(0, len(mixed), self._batch)]
        return [batches[i] for i in rng.permutation(len(batches))]
