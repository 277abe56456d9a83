"""Measures how well the hidden parts of layers are completed, on designs whose true layers are known.

    scripts/bench completion ../designs --part checking
    scripts/bench completion ../designs --part tuning --sheets out/completed

Of each layer, what other layers cover is cut away: all pixels of which they let less than half through. Then it is
completed, and compared with the true layer where the others hide it entirely. A layer counts if at least 1 % of it is
hidden, and at least 50 pixels, and something else than the layer is seen around what hides it; the others have only
holes to be filled. `iou`: of the hidden part, with the true alpha. `hull_iou`: the same for the convex hull of what is
seen; without a completion it is 0. `hole_iou`: the IoU where there are only holes. `colour_error`: mean difference of
the colours in levels where both the true and the completed layer are. `false_share`: of layers of which less than that
is hidden, what is added, as a share of the layer.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean

import cv2
import numpy as np

from lab.evaluation.coverage import soft_iou
from lab.evaluation.designs import Design, read_design, read_designs
from lamina.core.composite import composite, place
from lamina.core.errors import LaminaError
from lamina.core.layers import Layer, LayerKind, LayerStack, Pixels
from lamina.engines.classic.raster import Values
from lamina.stacks.completion.forms import convex_hull
from lamina.stacks.completion.sight import seen
from lamina.stacks.document import Document
from lamina.stacks.operations import Complete
from lamina.stacks.pixels import MemoryPixels
from lamina.stacks.rendering import composite_of, document_of, rendered
from lamina.stacks.verbs.completing import complete

_MIN_HIDDEN_SHARE, _MIN_HIDDEN_PX = 0.01, 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """See the module; None where a layer has nothing to measure. `error`: of the picture, in levels."""

    design: str
    layer: str
    hidden_share: float
    iou: float | None
    hull_iou: float | None
    hole_iou: float | None
    colour_error: float | None
    false_share: float | None
    error: int
    seconds: float


def main() -> int:
    options = _options()
    scores: list[Score] = []
    for path in read_designs(options.folder, options.part):
        for score, sheet in _completed(read_design(path)):
            scores.append(score)
            print(json.dumps({key: _rounded(value) for key, value in asdict(score).items()}), flush=True)
            if options.sheets is not None:
                options.sheets.mkdir(parents=True, exist_ok=True)
                name = f"{score.design}-{len(scores):03d}.png"
                cv2.imwrite(str(options.sheets / name), sheet[..., 2::-1])
    means = {
        name: _rounded(fmean(values)) if (values := _values(scores, name)) else None
        for name in ("iou", "hull_iou", "hole_iou", "colour_error", "false_share", "seconds")
    }
    counts = {
        "layers": len(scores),
        "hidden": len(_values(scores, "iou")),
        "error": max((score.error for score in scores), default=0),
    }
    print(json.dumps(counts | means))
    return 0


def _completed(design: Design) -> Iterator[tuple[Score, Pixels]]:
    for index in range(len(design.truth) - 1):
        through = _transmission(design.truth, index)
        true = design.truth[index].on_canvas(design.truth.width, design.truth.height)
        alpha = true[..., 3].astype(np.float32) / 255
        hidden = alpha * (through == 0)
        if not hidden.any() or not (alpha * (through == 1)).any():
            continue
        cut = _cut(design.truth[index], through)
        layers = (*design.truth.layers[:index], cut, *design.truth.layers[index + 1 :])
        yield _score(design, replace(design.truth, layers=layers), index, true, hidden, through)


def _score(
    design: Design, stack: LayerStack, index: int, true: Pixels, hidden: Values, through: Values
) -> tuple[Score, Pixels]:
    pixels = MemoryPixels()
    document = document_of(stack, pixels)
    node = list(document.layers())[index]
    start = time.perf_counter()
    try:
        after = complete(document, Complete(node=node.id), pixels)
    except LaminaError:
        after = document
    seconds = time.perf_counter() - start
    layer = next(layer for layer in after.layers() if layer.id == node.id)
    got = rendered(layer, pixels).on_canvas(stack.width, stack.height)
    covered = through == 0
    alpha = got[..., 3].astype(np.float32) / 255 * covered
    whole = float(true[..., 3].sum()) / 255
    is_hidden = float(hidden.sum()) >= max(_MIN_HIDDEN_PX, _MIN_HIDDEN_SHARE * whole)
    both = (alpha > 0.5) & (hidden > 0.5)
    colours = np.abs(got[..., :3].astype(np.int16) - true[..., :3])[both]
    cut = stack[index].on_canvas(stack.width, stack.height)
    sight, enclosed = seen(cut[..., 3].astype(np.float32) / 255, through)
    shape = convex_hull(sight)
    hull = np.zeros_like(hidden) if shape is None else shape * covered
    iou, is_open = soft_iou(alpha, hidden), bool(sight.unknown.any() or not enclosed.any())
    score = Score(
        design=design.name,
        layer=design.truth[index].name,
        hidden_share=float(hidden.sum()) / whole,
        iou=iou if is_hidden and is_open else None,
        hull_iou=soft_iou(hull, hidden) if is_hidden and is_open else None,
        hole_iou=iou if is_hidden and not is_open else None,
        colour_error=float(colours.mean()) if is_hidden and len(colours) else None,
        false_share=None if is_hidden else float(np.maximum(alpha - hidden, 0).sum()) / whole,
        error=_error(document, after, pixels),
        seconds=seconds,
    )
    return score, np.concatenate([_on_grey(part) for part in (composite(stack), true, cut, got)], 1)


def _transmission(stack: LayerStack, index: int) -> Values:
    """(height, width) in 0..1: the share of a layer's light that the layers above let through."""
    through = np.ones((stack.height, stack.width), np.float32)
    for layer in stack.layers[index + 1 :]:
        through *= 1 - layer.on_canvas(stack.width, stack.height)[..., 3].astype(np.float32) / 255
    return through


def _cut(layer: Layer, through: Values) -> Layer:
    pixels = layer.on_canvas(through.shape[1], through.shape[0])
    pixels[(through < 0.5) | (pixels[..., 3] == 0)] = 0
    return replace(layer, pixels=pixels, left=0, top=0).cropped()


def _error(before: Document, after: Document, pixels: MemoryPixels) -> int:
    canvases = [np.zeros((before.height, before.width, 4), np.uint8) for _ in range(2)]
    for canvas, document in zip(canvases, (before, after), strict=True):
        composite_of(document, pixels, canvas)
    return int(np.abs(canvases[0].astype(np.int16) - canvases[1]).max())


def _on_grey(pixels: Pixels) -> Pixels:
    canvas = np.full_like(pixels, (150, 150, 150, 255))
    place(canvas, Layer("it", LayerKind.OBJECT, pixels.copy()))
    return canvas


def _values(scores: list[Score], name: str) -> list[float]:
    return [value for score in scores if (value := getattr(score, name)) is not None]


def _rounded(value: object) -> object:
    return round(value, 4) if isinstance(value, float) else value


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder with a folder for each design")
    parser.add_argument("--part", choices=("tuning", "checking"), help="authors to use (all)")
    parser.add_argument(
        "--sheets", type=Path, metavar="DIR", help="folder for pictures: the composite, the true layer, cut, completed"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
