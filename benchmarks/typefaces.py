"""Measures how well typefaces of lines of text are recognised, for families in the index and for others.

    scripts/bench typefaces --lines 600

Every line has a typeface, a string, a size from 24 to 96 px, a colour and a place between pixels that the index was
not fitted with. Half of the lines are in families of the index, half in families that were held out of it, and `known`
tells which. "Top 1" and "top 5": the share of lines whose family is the best match, and among it and the alternatives.
"Weight": the share within 100 of the true weight, of families that have several: a single one is called regular,
whatever it looks like. "Italic" and "class": the share that is right. "Named": the share of lines for which a family
is named; "right": the share of those whose family is right. "Unread": lines of which too few letters were told apart;
they count as wrong.

`--engine` puts the lines into pictures of 1024 x 1024 pixels and takes them from what the classic engine makes of
these, text recognition included, instead of drawing them as layers. The fonts are those of `python -m lab.typefaces`,
which it downloads if they are missing.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from lab.compositions.fetch import fetch
from lab.typefaces.lines import LineLook, draw_line
from lab.typefaces.table import Face, Family, families, font_path, sources
from lamina.cli.terminal_text import aligned
from lamina.core.layers import Layer
from lamina.core.tasks import DecomposeTask
from lamina.core.text_styles import Typeface
from lamina.engines.classic import ClassicEngine
from lamina.engines.typefaces import match_typeface

_TEXTS = (
    "Wednesday market on the quay", "Quarterly report", "Fresh juice", "The quick fox", "Harbour Lights",
    "How bridges are built", "Museum of Glass", "Zebra crossing", "Night train to Vienna", "Your next holiday",
    "Grilled fish & lemon", "Jump higher", "Expo 1967", "Black coffee", "Mixed doubles", "Volume two",
    "Ride the wave", "Keep it simple", "Hand-made paper", "Choose your path", "Kitchen garden", "Blue period",
    "Physics for everyone", "Waxwork", "Tomorrow at eight", "A brief history of maps", "Oak and Maple",
    "Fragile objects", "Question time", "Upper deck 38",
)  # fmt: skip
_SIZES_PX = (24.0, 96.0)
_LINES_A_PICTURE, _SIDE_PX = 6, 1024
_SAME = 0.8  # similarity of a string and the true one


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A line to draw. `is_known`: whether its family is in the index."""

    family: Family
    face: Face
    string: str
    look: LineLook

    @property
    def is_known(self) -> bool:
        return not self.family.is_held_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A line with what was recognised of it. `found`: None if too few letters were told apart, or it was not read."""

    family: str
    weight: int
    is_italic: bool
    type_class: str
    known: bool
    string: str
    size_px: float
    milliseconds: float
    found: Typeface | None


def main() -> None:
    options = _options()
    fetch(options.cache, sources().values())
    cases = list(_cases(options.lines, options.seed))
    results: list[Result] = []
    for result in _decomposed(cases, options.cache) if options.engine else _drawn(cases, options.cache, options.seed):
        results.append(result)
        print(json.dumps(asdict(result), ensure_ascii=False), flush=True)
    _print_table(results)


def _cases(count: int, seed: int) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    groups = [[family for family in families() if family.is_held_out is held_out] for held_out in (False, True)]
    order = rng.permutation(len(_TEXTS))
    for number in range(count):
        group = groups[number % 2]
        family = group[rng.integers(len(group))]
        if number % _LINES_A_PICTURE == 0:
            order = rng.permutation(len(_TEXTS))
        string = _TEXTS[order[number % _LINES_A_PICTURE]]
        look = LineLook(
            size_px=float(np.exp(rng.uniform(*np.log(_SIZES_PX)))),
            colour=(int(rng.integers(256)), int(rng.integers(256)), int(rng.integers(256))),
            spacing_em=float(rng.choice([0.0, 0.0, 0.01, 0.05])),
            shift=(float(rng.random()), float(rng.random())),
            blur_px=float(rng.choice([0.0, 0.5])),
            noise=float(rng.choice([0.0, 0.02])),
            is_hinted=bool(rng.random() < 0.4),
        )
        string = string.upper() if rng.random() < 0.25 else string
        yield Case(family=family, face=family.faces[rng.integers(len(family.faces))], string=string, look=look)


def _drawn(cases: Sequence[Case], cache: Path, seed: int) -> Iterator[Result]:
    rng = np.random.default_rng(seed + 1)
    for case in cases:
        layer = draw_line(font_path(case.face, cache), case.string, case.look, rng)
        start = time.perf_counter()
        found = None if layer is None else match_typeface(layer)
        yield _result(case, found, time.perf_counter() - start)


def _decomposed(cases: Sequence[Case], cache: Path) -> Iterator[Result]:
    engine, rng = ClassicEngine(), np.random.default_rng(0)
    for first in range(0, len(cases), _LINES_A_PICTURE):
        group = cases[first : first + _LINES_A_PICTURE]
        picture = _picture(group, cache, rng)
        layers = [layer for layer in engine.decompose(picture, DecomposeTask()) if layer.text]
        for case in group:
            layer = max(layers, key=lambda each: _similarity(each.says, case.string), default=None)
            is_read = layer is not None and _similarity(layer.says, case.string) >= _SAME
            style = layer.style if layer is not None and is_read else None
            start = time.perf_counter()
            if layer is not None:
                match_typeface(layer)  # again, for its time
            yield _result(case, style.typeface if style is not None else None, time.perf_counter() - start)


def _picture(cases: Sequence[Case], cache: Path, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Lines below one another on a plain ground that is light or dark, opposite to their colours."""
    is_light = bool(rng.random() < 0.5)
    ground = rng.integers(225, 256, 3) if is_light else rng.integers(0, 40, 3)
    picture = np.full((_SIDE_PX, _SIDE_PX, 3), ground, np.float32)
    for place, case in enumerate(cases):
        layer = draw_line(font_path(case.face, cache), case.string, case.look, rng)
        if layer is not None:
            _put(picture, layer.cropped(), place, is_light)
    opaque = np.full((_SIDE_PX, _SIDE_PX, 1), 255, np.uint8)
    return np.concatenate([np.round(picture).astype(np.uint8), opaque], -1)


def _put(picture: NDArray[np.float32], layer: Layer, place: int, is_light: bool) -> None:
    slot = _SIDE_PX // _LINES_A_PICTURE
    pixels = layer.pixels[:slot, : _SIDE_PX - 40].astype(np.float32)
    top = place * slot + (slot - pixels.shape[0]) // 2
    colour = pixels[..., :3] * 0.45 if is_light else 255 - 0.45 * pixels[..., :3]
    alpha = pixels[..., 3:] / 255
    window = picture[top : top + pixels.shape[0], 20 : 20 + pixels.shape[1]]
    window[:] = window * (1 - alpha) + colour * alpha


def _similarity(first: str, second: str) -> float:
    one, other = ("".join(string.casefold().split()) for string in (first, second))
    return SequenceMatcher(None, one, other).ratio()


def _result(case: Case, found: Typeface | None, seconds: float) -> Result:
    return Result(
        family=case.family.name,
        weight=case.face.weight,
        is_italic=case.face.is_italic,
        type_class=case.family.type_class.value,
        known=case.is_known,
        string=case.string,
        size_px=round(case.look.size_px, 1),
        milliseconds=round(1000 * seconds, 2),
        found=found,
    )


def _print_table(results: Sequence[Result]) -> None:
    rows: list[tuple[str, ...]] = [
        ("families", "lines", "top 1", "top 5", "weight", "italic", "class", "named", "right", "unread", "ms")
    ]
    for name, known in (("in the index", True), ("held out", False)):
        group = [each for each in results if each.known is known]
        pairs = [(each, each.found) for each in group if each.found is not None]
        named = [(each, found) for each, found in pairs if found.family]
        weighted = [each for each in group if each.family in _families_with_weights()]
        if not group:
            continue
        count = len(group)
        rows.append(
            (
                name,
                f"{count}",
                f"{sum(found.family == each.family for each, found in pairs) / count:.0%}",
                f"{sum(each.family in (found.family, *found.alternatives) for each, found in pairs) / count:.0%}",
                f"{sum(_has_weight(each) for each in weighted) / max(1, len(weighted)):.0%}",
                f"{sum(found.is_italic == each.is_italic for each, found in pairs) / count:.0%}",
                f"{sum(found.type_class == each.type_class for each, found in pairs) / count:.0%}",
                f"{len(named) / count:.0%}",
                f"{sum(found.family == each.family for each, found in named) / max(1, len(named)):.0%}",
                f"{count - len(pairs)}",
                f"{median(each.milliseconds for each in group):.1f}",
            )
        )
    print("\n".join(["", *aligned(rows, [False, *[True] * (len(rows[0]) - 1)])]))


def _families_with_weights() -> set[str]:
    return {family.name for family in families() if len({face.weight for face in family.faces}) > 1}


def _has_weight(result: Result) -> bool:
    return result.found is not None and abs(result.found.weight - result.weight) <= 100


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=600, help="lines to draw (600)")
    parser.add_argument("--seed", type=int, default=1000, help="of the lines (1000)")
    parser.add_argument("--engine", action="store_true", help="decompose pictures with the lines")
    cache = Path.home() / ".cache" / "lamina-lab"
    parser.add_argument("--cache", type=Path, default=cache, help="folder of the unpacked packages")
    return parser.parse_args()


if __name__ == "__main__":
    main()
