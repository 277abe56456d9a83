"""Runs the two OCR networks: text detection in images, and recognition of single-line strips."""

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.parallel import THREADS, map_in_threads
from lamina.engines.classic.raster import Mask, Rgb

RECOGNITION_HEIGHT_PX = 48  # input height of the recogniser
_DETECTION_SIDE_PX = 1024  # smaller images lose 12 px text; the time grows with the square
_BATCH, _BATCH_PX = 8, 1500  # maximum number of strips per batch, and their total width
MIN_ASPECT_RATIO = 320 / 48  # shorter strips are padded to this aspect ratio
_CHARACTER_REACH = 0.65  # of the strip height: maximum distance of ink from the centre of its character

_engine_lock = threading.Lock()


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


def detect_lines(rgb: Rgb) -> list[tuple[NDArray[np.float32], float]]:
    """The corners (4, 2) and the detection score 0..1 of every text line in `rgb` (height, width, 3)."""
    with _engine_lock:
        # All three options are needed: the engine keeps those of the previous call.
        result = _engine()(rgb[..., ::-1], use_det=True, use_cls=False, use_rec=False)
    boxes, scores = getattr(result, "boxes", None), getattr(result, "scores", None)
    if boxes is None or scores is None:
        return []
    lines = [(np.asarray(box, np.float32), float(score)) for box, score in zip(boxes, scores, strict=True)]
    return sorted(lines, key=lambda line: (float(line[0][0, 1]), float(line[0][0, 0])))


def read_strips(strips: Sequence[Rgb]) -> list[Recognition]:
    """The text of each strip (height, width, 3), which contains one upright line."""
    if not strips:
        return []
    ratios = [strip.shape[1] / strip.shape[0] for strip in strips]
    batches = list(_batches(ratios))
    with _engine_lock:
        recogniser: Any = _engine().recogniser()
        results = map_in_threads(lambda batch: _read(recogniser, [strips[index] for index in batch]), batches)
    recognitions = {
        index: recognition
        for batch, batch_results in zip(batches, results, strict=True)
        for index, recognition in zip(batch, batch_results, strict=True)
    }
    return [recognitions[index] for index in range(len(strips))]


def _read(recogniser: Any, strips: Sequence[Rgb]) -> list[Recognition]:
    """The texts of one batch of strips, ordered by width."""
    ratios = [strip.shape[1] / strip.shape[0] for strip in strips]
    widest = max(MIN_ASPECT_RATIO, ratios[-1])
    inputs = np.stack([recogniser.resize_norm_img(strip[..., ::-1], widest) for strip in strips])
    characters = recogniser.postprocess_op.character
    outputs = np.asarray(recogniser.session(inputs))
    return [
        _decode(probabilities, characters, widest / ratio) for probabilities, ratio in zip(outputs, ratios, strict=True)
    ]


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


@cache
def _engine() -> Any:
    """The RapidOCR engine, created once per process. Its models come from its wheel, so that it downloads nothing."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # has to be set before the import of ONNX Runtime
    import rapidocr

    from lamina.engines.classic.rapidocr_engine import Reader

    models = Path(rapidocr.__file__).parent / "models"
    return Reader(
        params={
            "Global.log_level": "critical",
            "Global.max_side_len": 4096,
            "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),
            "Det.limit_side_len": _DETECTION_SIDE_PX,
            "Det.limit_type": "max",
            "Det.box_thresh": 0.4,  # below the default, for lines that touch a drawing; others are rejected later
            "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
        }
    )
