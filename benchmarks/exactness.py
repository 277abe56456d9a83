"""Checks that the classic engine's layers composite to the picture, in memory and from every lossless file format.

    scripts/bench exactness
    scripts/bench exactness --seeds 4 --jpeg 85 photo.jpg poster.png

The benchmark decomposes drawn posters, or the given pictures, saves the layers as PSD, ORA, ZIP and folder, reads each
file again, and compares the composite with the picture and every layer with the saved layer. It prints a line of JSON
for every picture and finally a table of the largest errors in levels of 0 to 255.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import lamina
from lab.evaluation.trials import poster_file
from lab.posters import BACKGROUNDS, poster
from lamina.core.composite import composite
from lamina.imaging.metrics import recomposition_error

FILES = ("layers.psd", "layers.ora", "layers.zip", "layers/")


@dataclass(frozen=True, slots=True)
class Measured:
    """Errors in levels. `same`: whether each file preserved every layer."""

    picture: str
    kind: str
    layers: int
    engine: float
    files: dict[str, float]
    same: dict[str, bool]


def main() -> None:
    options = _options()
    measured: list[Measured] = []
    for name, kind, picture in _pictures(options):
        measured.append(_measure(name, kind, picture))
        print(json.dumps(asdict(measured[-1])), flush=True)
    print(
        f"\n{'pictures':22}{'count':>7}{'engine':>8}"
        + "".join(f"{file_name:>13}" for file_name in FILES)
        + "   all same"
    )
    for kind in dict.fromkeys(row.kind for row in measured):
        group = [row for row in measured if row.kind == kind]
        worst = [max(row.files[file_name] for row in group) for file_name in FILES]
        same = all(all(row.same.values()) for row in group)
        engine = max(row.engine for row in group)
        print(f"{kind:22}{len(group):7}{engine:8.0f}" + "".join(f"{level:13.0f}" for level in worst) + f"   {same}")


def _pictures(options: argparse.Namespace) -> Iterator[tuple[str, str, lamina.Picture]]:
    if options.pictures:
        for path in options.pictures:
            yield path, "given", lamina.read_picture(path)
        return
    file_kind = "PNG" if options.jpeg is None else f"JPEG {options.jpeg}"
    for background in BACKGROUNDS:
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            drawn = composite(poster(seed, background).stack)
            file = poster_file(drawn, options.jpeg)
            yield f"{background} {seed}", f"{background} {file_kind}", lamina.read_picture(file)


def _measure(name: str, kind: str, picture: lamina.Picture) -> Measured:
    stack = lamina.decompose(picture, engine="classic")
    errors: dict[str, float] = {}
    same: dict[str, bool] = {}
    with tempfile.TemporaryDirectory() as folder:
        for file_name in FILES:
            stack.save(f"{folder}/{file_name}")
            again = lamina.load(Path(folder, file_name))
            errors[file_name] = 255 * recomposition_error(again, picture.pixels).max_abs_error
            same[file_name] = again.has_same_content(stack)
    return Measured(
        name, kind, len(stack), 255 * recomposition_error(stack, picture.pixels).max_abs_error, errors, same
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="*", help="pictures to decompose instead of posters")
    parser.add_argument("--seeds", type=int, default=24, help="posters per background (24)")
    parser.add_argument("--first-seed", type=int, default=0, help="first seed (0)")
    parser.add_argument("--jpeg", type=int, help="JPEG quality of the posters, 1 to 100 (PNG)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
