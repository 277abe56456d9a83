"""Draws posters from a seed, whose layers are the exact truth for measuring decompositions.

Seeds below 100000 are for evaluation: no engine, threshold or constant is ever tuned on them. Tuning uses seeds from
100000 upwards.
"""

from lab.posters.backgrounds import BACKGROUNDS, Background
from lab.posters.poster import SIZES, Poster, poster

FIRST_TUNING_SEED = 100_000

__all__ = ["BACKGROUNDS", "FIRST_TUNING_SEED", "SIZES", "Background", "Poster", "poster"]
