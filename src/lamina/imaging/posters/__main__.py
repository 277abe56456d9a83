"""Writes a poster as a PNG: python -m lamina.imaging.posters examples/poster.png makes the one of the README."""

import argparse
from pathlib import Path

from lamina.core.composite import composite
from lamina.imaging.files import file_beside
from lamina.imaging.png import write_png
from lamina.imaging.posters import BACKGROUNDS, poster
from lamina.imaging.posters.showcase import showcase


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lamina.imaging.posters", description=__doc__)
    parser.add_argument("target", type=Path, metavar="PNG")
    parser.add_argument("--seed", type=int, help="the poster of this seed instead")
    parser.add_argument("--background", choices=BACKGROUNDS, default="gradient", help="what that one is printed on")
    options = parser.parse_args()
    stack = showcase() if options.seed is None else poster(options.seed, options.background).stack
    with file_beside(options.target) as file:
        write_png(file, composite(stack)[..., :3])


if __name__ == "__main__":
    main()
