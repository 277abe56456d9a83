"""Writes a poster as a PNG: python -m lab.posters examples/poster.png makes the one of the README."""

import argparse
from pathlib import Path

from lab.posters import BACKGROUNDS, poster
from lab.posters.showcase import showcase
from lamina.core.composite import composite
from lamina.imaging.atomic_files import atomic_file
from lamina.imaging.png import write_png


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lab.posters", description=__doc__)
    parser.add_argument("target", type=Path, metavar="PNG")
    parser.add_argument("--seed", type=int, help="seed of the poster (that of the README)")
    parser.add_argument(
        "--background", choices=BACKGROUNDS, default="gradient", help="background of a poster with a seed"
    )
    options = parser.parse_args()
    stack = showcase() if options.seed is None else poster(options.seed, options.background).stack
    with atomic_file(options.target) as file:
        write_png(file, composite(stack)[..., :3])


if __name__ == "__main__":
    main()
