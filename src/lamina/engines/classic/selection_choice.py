"""Chooses which outline of a pool a box or a point means, by fitted networks."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.fitted_networks import FittedNetworks, load_networks
from lamina.engines.classic.judgement import merits_of
from lamina.engines.classic.selection_features import PoolMeasures, measures_of

NETWORK_FILES = {False: "box_choice.json", True: "point_choice.json"}
"""The files of the networks, by whether a point is meant."""


def chosen(measures: PoolMeasures) -> int:
    """The number of the outline with the largest expected intersection over union with what is meant."""
    return int(scores(measures).argmax())


def scores(measures: PoolMeasures) -> NDArray[np.float64]:
    """(n,): the larger, the likelier an outline is what is meant."""
    inputs = measures.inputs(np.asarray(merits_of(measures.values), np.float64))
    return np.asarray(_networks(measures.is_point).outputs(inputs), np.float64)


@cache
def _networks(is_point: bool) -> FittedNetworks:
    return load_networks(NETWORK_FILES[is_point], measures_of(is_point=is_point))
