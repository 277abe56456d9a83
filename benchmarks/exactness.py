"""Do the classic engine's layers give the picture back, in memory and out of every file that keeps everything?

    scripts/bench exactness
    scripts/bench exactness --seeds 4 --jpeg 85 photo.jpg poster.png

Takes drawn posters apart, or the pictures that are named, saves the layers as PSD, ORA, ZIP and folder, reads each
again and compares: the composite with the picture, every layer with what was saved. Prints a line of JSON for every
picture and, last, a table of the largest errors in levels of 0 to 255.
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

KEEPERS = ("layers.psd", "layers.ora", "layers.zip", "layers/")


@dataclass(frozen=True, slots=True)
class Measured:
    """Errors in levels; `same`: whether each file gave every layer back as it was."""

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
        f"\n{'pictures':22}{'count':>7}{'engine':>8}" + "".join(f"{keeper:>13}" for keeper in KEEPERS) + "   all same"
    )
    for kind in dict.fromkeys(one.kind for one in measured):
        group = [one for one in measured if one.kind == kind]
        worst = [max(one.files[keeper] for one in group) for keeper in KEEPERS]
        same = all(all(one.same.values()) for one in group)
        engine = max(one.engine for one in group)
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
        for keeper in KEEPERS:
            stack.save(f"{folder}/{keeper}")
            again = lamina.load(Path(folder, keeper))
            errors[keeper] = 255 * recomposition_error(again, picture.pixels).max_abs_error
            same[keeper] = again.has_same_content(stack)
    return Measured(
        name, kind, len(stack), 255 * recomposition_error(stack, picture.pixels).max_abs_error, errors, same
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="*", help="take these apart instead of posters")
    parser.add_argument("--seeds", type=int, default=24, help="posters a background (24)")
    parser.add_argument("--first-seed", type=int, default=0, help="the seed to begin with (0)")
    parser.add_argument("--jpeg", type=int, help="give the engine JPEGs of this quality instead of PNGs")
    return parser.parse_args()


if __name__ == "__main__":
    main()
