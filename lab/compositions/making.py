"""Makes the composition of one seed and writes it; worker processes import this module."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from lab.compositions.material import Material
from lab.compositions.output import write
from lab.compositions.photographs import photograph
from lab.compositions.source import Share
from lab.compositions.styles import STYLES

_FEWEST_LAYERS = 3
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Job:
    """`style`: a style's name, "photograph", or None for the one that the seed draws."""

    seed: int
    style: str | None
    target: Path
    cache: Path | None


def make(job: Job) -> str:
    """Writes the composition into its own folder of the target and returns the folder's name.

    The same seed and style give the same pixels with the same packages and versions of numpy, OpenCV, Pillow and resvg.
    """
    cv2.setNumThreads(1)
    if job.style == "photograph":
        name = f"photograph-{job.seed:05d}"
        write(photograph(_rng(job.seed, 0), _material(job.cache, Share.RESERVED)), job.target / name)
        return name
    weights = np.array([style.weight for style in STYLES])
    drawn = STYLES[int(_rng(job.seed, 0).choice(len(STYLES), p=weights / weights.sum()))]
    style = drawn if job.style is None else next(style for style in STYLES if style.name == job.style)
    name = f"{style.name}-{job.seed:05d}"
    for attempt in range(_TRIES):
        composition = style.compose(_rng(job.seed, 1 + attempt), _material(job.cache, Share.STYLES))
        if len(composition.layers) >= _FEWEST_LAYERS:
            write(composition, job.target / name)
            return name
    raise AssertionError(f"{name} shows too little in {_TRIES} attempts")


def _rng(seed: int, part: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([seed, part]))


@lru_cache(maxsize=2)
def _material(cache: Path | None, share: Share) -> Material:
    return Material(cache, share)
