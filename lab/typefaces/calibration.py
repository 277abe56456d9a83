"""Fits how probable it is that the best family is right, from lines in families of the index.

    PYTHONPATH=. .venv/bin/python -m lab.typefaces.calibration

Each line counts twice: as it is, and as if its family were not in the index, so that no family is right. It prints the
coefficients of `lamina.engines.typefaces.confidence`.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.posters.words import HEADLINES, SMALL_LINES, SUBTITLES
from lab.typefaces.lines import LineLook, draw_line
from lab.typefaces.table import families, font_path
from lamina.engines.typefaces.confidence import confidence_measures
from lamina.engines.typefaces.index import typeface_index
from lamina.engines.typefaces.matching import family_scores, seen_letters
from lamina.engines.typefaces.scoring import face_scores

_TEXTS = (*HEADLINES, *SUBTITLES, *SMALL_LINES)
_SIZES_PX = (24.0, 80.0)
_STEPS, _RIDGE = 60, 1e-3

Values = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "lamina-lab", help="unpacked packages")
    parser.add_argument("--lines", type=int, default=800, help="lines to draw (800)")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    measures, targets = _cases(options.cache, options.lines)
    print(np.round(_logistic(measures, targets), 4).tolist())  # noqa: T201


def _cases(cache: Path, count: int) -> tuple[Values, Values]:
    index, rng = typeface_index(), np.random.default_rng(6)
    known = [family for family in families() if not family.is_held_out]
    measures: list[tuple[float, ...]] = []
    targets: list[float] = []
    for _ in range(count):
        family = known[rng.integers(len(known))]
        face = family.faces[rng.integers(len(family.faces))]
        string = _TEXTS[rng.integers(len(_TEXTS))]
        string = string.upper() if rng.random() < 0.3 else string
        layer = draw_line(font_path(face, cache), string, _random_look(rng), rng)
        letters = [] if layer is None else seen_letters(layer, index)
        if len(letters) < 3:
            continue
        scores = family_scores(face_scores(letters, index), index)
        own = index.family_names.index(family.name)
        for is_known in (True, False):
            scores[own] = scores[own] if is_known else -np.inf
            measures.append(confidence_measures(scores, len(letters)))
            targets.append(float(int(scores.argmax()) == own))
    return np.array(measures), np.array(targets)


def _random_look(rng: np.random.Generator) -> LineLook:
    return LineLook(
        size_px=float(np.exp(rng.uniform(*np.log(_SIZES_PX)))),
        colour=(int(rng.integers(256)), int(rng.integers(256)), int(rng.integers(256))),
        spacing_em=float(rng.choice([0, 0, 0, 0.02, 0.08, -0.02])),
        shift=(float(rng.random()), float(rng.random())),
        blur_px=float(rng.choice([0, 0, 0.4, 0.7])),
        noise=float(rng.uniform(0, 0.03)),
        is_hinted=bool(rng.random() < 0.4),
    )


def _logistic(measures: Values, targets: Values) -> Values:
    """The coefficients of a logistic regression, by Newton's method."""
    coefficients = np.zeros(measures.shape[1])
    for _ in range(_STEPS):
        likely = 1 / (1 + np.exp(-measures @ coefficients))
        curvature = (measures * (likely * (1 - likely))[:, None]).T @ measures + _RIDGE * np.eye(len(coefficients))
        coefficients += np.linalg.solve(curvature, measures.T @ (targets - likely) - _RIDGE * coefficients)
    return coefficients


if __name__ == "__main__":
    main()
