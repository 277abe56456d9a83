"""Reading, with RapidOCR as `reader` has it run: finds lines of text in a picture and reads cropped lines."""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engine.classic.raster import Rgb

Quad = NDArray[np.float32]
"""(4, 2): corners x, y in pixels, clockwise from the text's own top left."""

_DETECTION_SIDE_PX = 1024  # smaller loses 12 px type, larger costs time with the square
_BATCH = 8
_TALL = 1.5  # a line this many times taller than wide lies on its side or runs downwards

_in_use = threading.Lock()


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A line of text: `quad` where it is, `string` what it says, `score` 0..1 how sure the recogniser is."""

    quad: Quad
    string: str
    score: float


def read_lines(rgb: Rgb) -> list[Reading]:
    """Every line of text seen in `rgb` (height, width, 3), top to bottom; blank ones left out."""
    quads = _detect(rgb)
    ways = [way for quad in quads for way in _ways_to_hold(quad)]
    said = read_strips([strip(rgb, way, _strip_size(way)) for way in ways])
    best: dict[int, Reading] = {}
    owners = [index for index, quad in enumerate(quads) for _ in _ways_to_hold(quad)]
    for owner, way, (string, score) in zip(owners, ways, said, strict=True):
        if string.strip() and (owner not in best or score > best[owner].score):
            best[owner] = Reading(way, string.strip(), score)
    return [best[owner] for owner in sorted(best)]


def read_strips(strips: Sequence[Rgb]) -> list[tuple[str, float]]:
    """What each strip (height, width, 3), one upright line of text, says, and the score 0..1. One batch."""
    if not strips:
        return []
    with _in_use:
        read = _engine().recognize_txt([strip[..., ::-1] for strip in strips])
    return [(str(string), float(score)) for string, score in zip(read.txts, read.scores, strict=True)]


def strip(picture: NDArray[np.uint8], quad: Quad, size: tuple[int, int], fill: int | None = None) -> NDArray[np.uint8]:
    """The part of `picture` in `quad`, laid flat to `size` (width, height) pixels.

    What lies outside the picture is `fill`, or by default repeats the picture's border.
    """
    width, height = size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    transform = cv2.getPerspectiveTransform(quad, corners)
    shrinks = height < min(np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1]))
    flat = cv2.warpPerspective(
        picture,
        transform,
        size,
        flags=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE if fill is None else cv2.BORDER_CONSTANT,
        borderValue=(fill or 0,) * 3,
    )
    return np.asarray(flat, np.uint8)


def _detect(rgb: Rgb) -> list[Quad]:
    with _in_use:
        # All three switches, every time: the engine remembers the ones of the call before.
        found = _engine()(rgb[..., ::-1], use_det=True, use_cls=False, use_rec=False)
    boxes = getattr(found, "boxes", None)
    return [] if boxes is None else [np.asarray(box, np.float32) for box in boxes]


def _ways_to_hold(quad: Quad) -> list[Quad]:
    """The quad as it stands, or for a tall one as text turned to the right and to the left."""
    width, height = _sides(quad)
    return [quad] if height < _TALL * width else [np.roll(quad, -1, 0), np.roll(quad, 1, 0)]


def _strip_size(quad: Quad) -> tuple[int, int]:
    width, height = _sides(quad)
    return max(8, round(width)), max(8, round(height))


def _sides(quad: Quad) -> tuple[float, float]:
    return (
        float(max(np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[2] - quad[3]))),
        float(max(np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1]))),
    )


@cache
def _engine() -> Any:
    """The engine, made once a process, from the models in its wheel: naming them keeps it from ever downloading."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # ONNX Runtime reports to its maker unless told not to, before its import
    import rapidocr

    from lamina.engine.classic.reader import Reader

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
            "Rec.rec_batch_num": _BATCH,
        }
    )
