"""Makes the index of typefaces.

    PYTHONPATH=. .venv/bin/python -m lab.typefaces

The first run downloads about 0.8 GB with npm and apt-get into `~/.cache/lamina-lab` (`--cache`); apt-get needs a Debian
12 whose package lists are up to date.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from lab.compositions.fetch import fetch
from lab.typefaces.fitting import Samples, draw_samples, fit_index
from lab.typefaces.table import families, sources
from lab.typefaces.trait_fitting import fit_traits
from lamina.engines.typefaces.index import parse_index, render_index
from lamina.engines.typefaces.traits import render_networks

_TARGET = Path("src/lamina/engines/typefaces/index.npz")
_RENDERINGS = 4
_DIMENSIONS = 12
_DESCRIPTOR_STEP = 0.5  # half a standard deviation of the noise


def main() -> None:
    options = _options()
    cv2.setNumThreads(1)
    fetch(options.cache, sources().values())
    indexed = [family for family in families() if not family.is_held_out]
    samples = _samples(options)
    index = fit_index(indexed, samples, _DIMENSIONS)
    contents = render_index(index, _DESCRIPTOR_STEP)
    _TARGET.write_bytes(contents)
    networks = fit_traits(indexed, samples, parse_index(contents))
    _TARGET.with_name("traits.npz").write_bytes(render_networks(networks))
    print(f"{len(indexed)} families, {len(index.families)} faces, {len(contents) / 1e6:.2f} MB")  # noqa: T201


def _samples(options: argparse.Namespace) -> Samples:
    if options.samples is not None and options.samples.exists():
        with np.load(options.samples) as stored:
            return Samples(stored["cells"], stored["sizes"])
    indexed = [family for family in families() if not family.is_held_out]
    samples = draw_samples(indexed, options.cache, count=_RENDERINGS, seed=1)
    if options.samples is not None:
        np.savez(options.samples, cells=samples.cells, sizes=samples.sizes)
    return samples


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cache = Path.home() / ".cache" / "lamina-lab"
    parser.add_argument("--cache", type=Path, default=cache, help="folder of the unpacked packages")
    parser.add_argument("--samples", type=Path, metavar="FILE", help="drawn letters (.npz), made if it does not exist")
    return parser.parse_args()


if __name__ == "__main__":
    main()
