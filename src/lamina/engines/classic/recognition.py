"""The text reader's two networks: where text is in a picture, and what strips of one line say and where in them."""

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.raster import Mask, Rgb
from lamina.engines.classic.threads import THREADS, at_once

SIGN_PX = 48  # the recogniser's own height: every strip is brought to it
_DETECTION_SIDE_PX = 1024  # smaller loses 12 px type, larger costs time with the square
_BATCH, _BATCH_PX = 8, 1500  # strips that one thread reads at once, and their width together
LEAST_RATIO = 320 / 48  # of width to height, to which shorter strips are padded
_SIGN_REACH = 0.65  # of the strip's height: how far from its middle a sign's ink may be

_in_use = threading.Lock()


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What one strip says.

    `string`; `score`: 0..1, how sure the recogniser is of its signs. `places`: where it saw any sign, as a
    share of the strip's width, ascending.
    """

    string: str
    score: float
    places: NDArray[np.float64]

    def missed(self, ink: Mask) -> float:
        """0..1: the share of the strip's inked columns that no sign explains; `ink`: (height, width) of the strip.

        Letters of a script that the recogniser does not know are left out of what it says, and it is sure of the rest.
        """
        inked = (np.flatnonzero(ink.any(0)) + 0.5) / len(ink)
        if not inked.size or not self.places.size:
            return float(inked.size > 0)
        places = self.places * ink.shape[1] / len(ink)
        after = np.searchsorted(places, inked)
        nearest = [places[np.clip(index, 0, len(places) - 1)] for index in (after - 1, after)]
        return float((np.minimum(*(np.abs(place - inked) for place in nearest)) > _SIGN_REACH).mean())


def detected(rgb: Rgb) -> list[tuple[NDArray[np.float32], float]]:
    """(4, 2) corners of every line of text in `rgb` (height, width, 3), and 0..1, how surely it is text."""
    with _in_use:
        # All three switches, every time: the engine remembers the ones of the call before.
        found = _engine()(rgb[..., ::-1], use_det=True, use_cls=False, use_rec=False)
    boxes, scores = getattr(found, "boxes", None), getattr(found, "scores", None)
    if boxes is None or scores is None:
        return []
    lines = [(np.asarray(box, np.float32), float(score)) for box, score in zip(boxes, scores, strict=True)]
    return sorted(lines, key=lambda line: (float(line[0][0, 1]), float(line[0][0, 0])))


def read_strips(strips: Sequence[Rgb]) -> list[Said]:
    """What each strip (height, width, 3), one upright line of text, says."""
    if not strips:
        return []
    ratios = [strip.shape[1] / strip.shape[0] for strip in strips]
    batches = list(_batches(ratios))
    with _in_use:
        recogniser: Any = _engine().recogniser()
        read = at_once(lambda batch: _read(recogniser, [strips[index] for index in batch]), batches)
    said = {
        index: one for batch, ones in zip(batches, read, strict=True) for index, one in zip(batch, ones, strict=True)
    }
    return [said[index] for index in range(len(strips))]


def _read(recogniser: Any, strips: Sequence[Rgb]) -> list[Said]:
    """What strips of one batch say, the widest of them last."""
    ratios = [strip.shape[1] / strip.shape[0] for strip in strips]
    widest = max(LEAST_RATIO, ratios[-1])
    inputs = np.stack([recogniser.resize_norm_img(strip[..., ::-1], widest) for strip in strips])
    signs = recogniser.postprocess_op.character
    read = np.asarray(recogniser.session(inputs))
    return [_decoded(chances, signs, widest / ratio) for chances, ratio in zip(read, ratios, strict=True)]


def _batches(ratios: Sequence[float]) -> Iterator[list[int]]:
    """Indices of strips to be read at once, those of like width together, the narrowest first.

    Few strips are spread over the threads: a poster has two to five lines, which fit in one batch.
    """
    widths = [SIGN_PX * max(LEAST_RATIO, ratio) for ratio in ratios]
    most_px = min(_BATCH_PX, sum(widths) / THREADS)
    batch: list[int] = []
    for index in sorted(range(len(ratios)), key=lambda index: ratios[index]):
        if batch and (len(batch) == _BATCH or (len(batch) + 1) * widths[index] > most_px):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _decoded(chances: NDArray[np.float32], signs: Sequence[str], padding: float) -> Said:
    """The likeliest sign of each step, of (steps, signs), without repetitions and blanks, which are sign 0.

    `padding`: how many times as wide as the strip all steps together are.
    """
    likeliest = chances.argmax(1)
    is_first = np.concatenate([[True], likeliest[1:] != likeliest[:-1]]) & (likeliest != 0)
    string = "".join(signs[int(sign)] for sign in likeliest[is_first])
    score = float(chances.max(1)[is_first].mean()) if is_first.any() else 0.0
    return Said(string, score, (np.flatnonzero(likeliest) + 0.5) * padding / len(likeliest))


@cache
def _engine() -> Any:
    """The engine, made once a process, from the models in its wheel: naming them keeps it from ever downloading."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # ONNX Runtime reports to its maker unless told not to, before its import
    import rapidocr

    from lamina.engines.classic.reader import Reader

    models = Path(rapidocr.__file__).parent / "models"
    return Reader(
        params={
            "Global.log_level": "critical",
            "Global.max_side_len": 4096,
            "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),
            "Det.limit_side_len": _DETECTION_SIDE_PX,
            "Det.limit_type": "max",
            "Det.box_thresh": 0.4,  # lower than usual: lines that touch a drawing; misreadings are told apart later
            "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
        }
    )
