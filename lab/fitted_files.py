"""Writes fitted networks into the package, as the JSON files that the classic engine loads."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic import fitted_networks
from lamina.engines.classic.fitted_networks import FittedNetworks


def save_networks(networks: FittedNetworks, file: str, rounded: Callable[[float], float]) -> None:
    """Writes `file` beside the module that loads it, with a line for each key. `rounded`: applied to every number."""

    def numbers(values: NDArray[np.floating[Any]]) -> list[Any]:
        return [numbers(value) if np.ndim(value) else rounded(float(value)) for value in values]

    stored = {
        "measures": list(networks.measures),
        "mean": numbers(networks.mean),
        "scale": numbers(networks.scale),
        "networks": [
            [{"weights": numbers(weights), "biases": numbers(biases)} for weights, biases in network]
            for network in networks.networks
        ],
    }
    lines = [f'  "{key}": {json.dumps(value)}' for key, value in stored.items()]
    Path(fitted_networks.__file__).with_name(file).write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
