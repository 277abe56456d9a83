"""Evaluates small networks that were fitted to measures and are stored as JSON."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating[Any]]

Dense = tuple[Values, Values]
"""Weights (inputs, outputs) and biases (outputs,) of one dense layer."""

_MOST_DEVIATIONS = 4  # inputs are limited to this many standard deviations


@dataclass(frozen=True, eq=False)
class FittedNetworks:
    """The mean of a few small networks, with ReLU between layers and one output.

    `measures`: the names of the k inputs. `mean`, `scale` (k,): of each input.
    """

    measures: tuple[str, ...]
    mean: Values
    scale: Values
    networks: tuple[tuple[Dense, ...], ...]

    def outputs(self, values: Values) -> Values:
        """(m,): the output for each row of `values` (m, k)."""
        inputs = self.inputs(values)
        return np.mean([_output(network, inputs) for network in self.networks], 0)

    def probabilities(self, values: Values) -> Values:
        """(m,): the sigmoid of the outputs, 0..1."""
        return 1 / (1 + np.exp(-self.outputs(values)))

    def inputs(self, values: Values) -> Values:
        """(m, k): the values as the networks get them, in standard deviations from the mean."""
        return np.clip((values - self.mean) / self.scale, -_MOST_DEVIATIONS, _MOST_DEVIATIONS)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """From a JSON object with measures, mean, scale, and networks as lists of layers with weights and biases."""
        networks = tuple(
            tuple((np.array(layer["weights"]), np.array(layer["biases"])) for layer in network)
            for network in record["networks"]
        )
        return cls(tuple(record["measures"]), np.array(record["mean"]), np.array(record["scale"]), networks)


def load_networks(file: str, measures: tuple[str, ...]) -> FittedNetworks:
    """The networks in a file beside this module. Raises ValueError if they were fitted to other measures."""
    stored = FittedNetworks.from_record(json.loads(Path(__file__).with_name(file).read_text("utf-8")))
    if stored.measures != measures:
        raise ValueError(f"{file} was fitted to other measures")
    return stored


def _output(network: tuple[Dense, ...], values: Values) -> Values:
    for weights, biases in network[:-1]:
        values = np.maximum(values @ weights + biases, 0)
    weights, biases = network[-1]
    return (values @ weights + biases)[:, 0]
