"""Checks that finished layers composite to the picture, and compares them with layers that are only resized.

    scripts/bench finish --seeds 4

Layers of drawn posters are degraded as engines degrade them, then finished, and only resized for comparison
(premultiplied; linear or cubic, whichever scores better). The benchmark prints a line of JSON for every poster and
degradation, and finally a table of means: `max_levels` is the largest difference from the picture in levels; `iou` is
that of each layer's whole alpha, `seen_iou` that of its visible part; `hidden` is the colour error of the hidden part
of each layer; `seconds` is processor time.
"""

import argparse
import json
import time
from collections.abc import Iterator

import cv2
import numpy as np

from lab.evaluation.coverage import soft_iou
from lab.evaluation.perturbations import Degradation, blurred, compressed, noised, recoloured, reduced, resized, shifted
from lab.posters import BACKGROUNDS, poster
from lamina.core.composite import composite
from lamina.core.layers import LayerStack
from lamina.imaging.finish import finish
from lamina.imaging.metrics import recomposition_error, visible_alphas

WAYS: dict[str, Degradation] = {
    "blur 2 px": blurred,
    "to 640 px": reduced,
    "half, JPEG q75": lambda stack: compressed(reduced(stack, max(stack.width, stack.height) // 2)),
    "shift 1 px": shifted,
    "noise 5": noised,
    "colour cast": recoloured,
    "blur, shift, 640, JPEG, noise": lambda stack: noised(compressed(reduced(shifted(blurred(stack))))),
}
COLUMNS = ("max_levels", "iou", "iou_resized", "seen_iou", "seen_iou_resized", "hidden", "hidden_resized", "seconds")


def main() -> None:
    options = _options()
    cv2.setNumThreads(1)
    rows: list[dict[str, str | float]] = []
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        for background in options.background or BACKGROUNDS:
            truth = poster(seed, background, (options.size, options.size) if options.size else None).stack
            for row in _measured(truth):
                rows.append({"seed": seed, "background": background, **row})
                print(json.dumps(rows[-1]), flush=True)
    print()
    print(f"{'way':30}" + "".join(f"{column:>18}" for column in COLUMNS))
    for way in WAYS:
        mine = [row for row in rows if row["way"] == way]
        means = [max if column == "max_levels" else np.mean for column in COLUMNS]
        cells = [mean([float(row[column]) for row in mine]) for mean, column in zip(means, COLUMNS, strict=True)]
        print(f"{way:30}" + "".join(f"{cell:18.4f}" for cell in cells))


def _measured(truth: LayerStack) -> Iterator[dict[str, str | float]]:
    source = composite(truth)
    for way, degrade in WAYS.items():
        raw = degrade(truth)
        start = time.process_time()
        finished = finish(raw, source)
        seconds = time.process_time() - start
        ours = _scores(finished, truth)
        linear, cubic = (
            _scores(resized(raw, truth.width, truth.height, how), truth) for how in (cv2.INTER_LINEAR, cv2.INTER_CUBIC)
        )
        yield {
            "way": way,
            "max_levels": round(recomposition_error(finished, source).max_abs_error * 255),
            "iou": ours[0],
            "iou_resized": max(linear[0], cubic[0]),
            "seen_iou": ours[1],
            "seen_iou_resized": max(linear[1], cubic[1]),
            "hidden": ours[2],
            "hidden_resized": min(linear[2], cubic[2]),
            "seconds": round(seconds, 3),
        }


def _scores(result: LayerStack, truth: LayerStack) -> tuple[float, float, float]:
    """Means over the layers: IoU of whole alpha, IoU of visible alpha, colour error of the hidden part."""
    size = truth.width, truth.height
    mine, true = ([layer.on_canvas(*size) for layer in stack] for stack in (result, truth))
    own = [soft_iou(layer[..., 3] / 255, expected[..., 3] / 255) for layer, expected in zip(mine, true, strict=True)]
    seen_of_true = visible_alphas(truth)
    seen = [soft_iou(alpha, expected) for alpha, expected in zip(visible_alphas(result), seen_of_true, strict=True)]
    hidden: list[float] = []
    for layer, expected, alpha in zip(mine, true, seen_of_true, strict=True):
        is_hidden = (expected[..., 3] > 127) & (alpha < 0.5 * (expected[..., 3] / 255))
        if is_hidden.any():
            hidden.append(
                float(np.abs(layer[is_hidden][:, :3].astype(float) - expected[is_hidden][:, :3]).mean() / 255)
            )
    return float(np.mean(own)), float(np.mean(seen)), float(np.mean(hidden or [0.0]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=4, help="posters per background (4)")
    parser.add_argument("--first-seed", type=int, default=0, help="first seed (0)")
    parser.add_argument("--background", action="append", choices=BACKGROUNDS, help="background; may be repeated (all)")
    parser.add_argument("--size", type=int, metavar="PX", help="side of square posters (drawn from the seed)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
