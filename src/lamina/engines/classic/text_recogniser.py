"""Reads strips of an image that contain one line of text each, with the recognition network."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.parallel import THREADS, map_in_threads
from lamina.engines.classic.raster import Mask, Rgb
from lamina.engines.ocr_models import RECOGNITION_MODEL, ocr_session

RECOGNITION_HEIGHT_PX = 48  # input height of the recogniser
_BATCH, _BATCH_PX = 8, 1500  # maximum number of strips per batch, and their total width
MIN_ASPECT_RATIO = 320 / 48  # shorter strips are padded to this aspect ratio
_CHARACTER_REACH = 0.65  # of the strip height: maximum distance of ink from the centre of its character

_lock = threading.Lock()


@dataclass(frozen=True, slots=True, eq=False)
class Recognition:
    """The text of one strip.

    `score`: mean confidence of the characters, 0..1. `places`: positions of the characters as a share of the strip's
    width, ascending.
    """

    string: str
    score: float
    places: NDArray[np.float64]

    def unexplained_share(self, ink: Mask) -> float:
        """0..1: the share of inked columns that no character explains; `ink`: (height, width) of the strip.

        The recogniser omits letters of unsupported scripts and reports the rest with high confidence.
        """
        inked = (np.flatnonzero(ink.any(0)) + 0.5) / len(ink)
        if not inked.size or not self.places.size:
            return float(inked.size > 0)
        places = self.places * ink.shape[1] / len(ink)
        after = np.searchsorted(places, inked)
        nearest = [places[np.clip(index, 0, len(places) - 1)] for index in (after - 1, after)]
        return float((np.minimum(*(np.abs(place - inked) for place in nearest)) > _CHARACTER_REACH).mean())


def read_strips(strips: Sequence[Rgb]) -> list[Recognition]:
    """The text of each strip (height, width, 3), which contains one upright line."""
    if not strips:
        return []
    ratios = [strip.shape[1] / strip.shape[0] for strip in strips]
    batches = list(_batches(ratios))
    with _lock:
        network = _network()
        results = map_in_threads(lambda batch: _read(network, [strips[index] for index in batch]), batches)
    recognitions = {
        index: recognition
        for batch, batch_results in zip(batches, results, strict=True)
        for index, recognition in zip(batch, batch_results, strict=True)
    }
    return [recognitions[index] for index in range(len(strips))]


@dataclass(frozen=True, slots=True)
class _Network:
    """`characters`: of the network's classes, of which the first stands for no character."""

    session: Any
    characters: tuple[str, ...]


@cache
def _network() -> _Network:
    # Strips have any width, so that memory of one run seldom fits the next. Several strips are read in parallel, which
    # is faster than several threads per strip.
    session = ocr_session(RECOGNITION_MODEL, 1, keeps_memory=False)
    characters = session.get_modelmeta().custom_metadata_map["character"].splitlines()
    return _Network(session, ("", *characters, " "))


def _read(network: _Network, strips: Sequence[Rgb]) -> list[Recognition]:
    """The texts of one batch of strips, ordered by width."""
    ratios = [strip.shape[1] / strip.shape[0] for strip in strips]
    widest = max(MIN_ASPECT_RATIO, ratios[-1])
    inputs = np.stack([_network_input(strip, int(RECOGNITION_HEIGHT_PX * widest)) for strip in strips])
    outputs = np.asarray(network.session.run(None, {network.session.get_inputs()[0].name: inputs})[0])
    return [
        _decode(probabilities, network.characters, widest / ratio)
        for probabilities, ratio in zip(outputs, ratios, strict=True)
    ]


def _network_input(strip: Rgb, width: int) -> NDArray[np.float32]:
    """(3, height, width) with channels in the order blue, green, red, -1..1; 0 to the right of a shorter strip."""
    own_width = min(ceil(RECOGNITION_HEIGHT_PX * (strip.shape[1] / strip.shape[0])), width)
    resized = np.asarray(cv2.resize(strip[..., ::-1], (own_width, RECOGNITION_HEIGHT_PX)), np.float32)
    network_input = np.zeros((3, RECOGNITION_HEIGHT_PX, width), np.float32)
    network_input[..., :own_width] = (resized.transpose(2, 0, 1) / 255 - 0.5) / 0.5
    return network_input


def _batches(ratios: Sequence[float]) -> Iterator[list[int]]:
    """Batches of indices of strips with similar widths, narrowest first.

    A few strips are distributed over the threads: the two to five lines of a poster would fit in one batch.
    """
    widths = [RECOGNITION_HEIGHT_PX * max(MIN_ASPECT_RATIO, ratio) for ratio in ratios]
    max_px = min(_BATCH_PX, sum(widths) / THREADS)
    batch: list[int] = []
    for index in sorted(range(len(ratios)), key=lambda index: ratios[index]):
        if batch and (len(batch) == _BATCH or (len(batch) + 1) * widths[index] > max_px):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _decode(probabilities: NDArray[np.float32], characters: Sequence[str], padding: float) -> Recognition:
    """CTC decoding: the likeliest character of each step of (steps, characters), without repetitions and blanks (0).

    `padding`: total width of all steps relative to the strip.
    """
    likeliest = probabilities.argmax(1)
    is_first = np.concatenate([[True], likeliest[1:] != likeliest[:-1]]) & (likeliest != 0)
    string = "".join(characters[int(sign)] for sign in likeliest[is_first])
    score = float(probabilities.max(1)[is_first].mean()) if is_first.any() else 0.0
    return Recognition(string, score, (np.flatnonzero(likeliest) + 0.5) * padding / len(likeliest))
