"""Measures how long a page full of text takes to decompose, and how much memory it needs.

    scripts/bench dense_page
    scripts/bench dense_page --only fax --only newspaper --pictures page.png
    scripts/bench dense_page --save pages

The benchmark draws pages as scanners, fax machines and printers produce them (a letter at 300 dpi, a fax with speckle,
a newspaper in columns, a table of numbers, a listing of code, small print), runs `lamina decompose PAGE.png --to
PAGE.psd` on each from start to exit, and checks that the layers composite to the page. It prints a line of JSON for
every page and finally a table. Seconds are elapsed time and processor time; the latter is meaningful also while other
programs run.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

import lamina
from lamina.cli.terminal_text import aligned
from lamina.core.composite import composite
from lamina.core.layers import LayerKind
from launched import launched  # pyright: ignore[reportImplicitRelativeImport]

Page = NDArray[np.uint8]
Chance = np.random.Generator

_WORDS = (
    "the", "of", "and", "a", "to", "in", "is", "was", "he", "for", "it", "with", "as", "his", "on", "be", "at", "by",
    "light", "street", "town", "morning", "nobody", "knows", "window", "small", "again", "went", "every", "station",
    "paper", "garden", "winter", "letter", "number", "evening", "market", "bridge", "quiet", "brother", "question",
)  # fmt: skip
_CODE = ("if count > 0:", "return value", "for line in lines:", "total += size", "items.append(name)", "else:", "pass")


@dataclass(frozen=True, slots=True)
class Measured:
    """The measurement of one page. `lines`: lines of text that were found; `read`: those with a string;
    `largest_error`: of the composite, in levels."""

    page: str
    size: str
    seconds: float
    cpu_seconds: float
    peak_mb: float
    layers: int
    lines: int
    read: int
    largest_error: int


def main() -> None:
    options = _options()
    measured: list[Measured] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.save or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name in options.only or ([] if options.pictures else PAGES):
            file = folder / f"{name}.png"
            Image.fromarray(PAGES[name](np.random.default_rng(options.seed))).save(file)
            options.pictures.append(file)
        for file in options.pictures:
            measured.append(_measured(file, Path(temporary)))
            print(json.dumps(asdict(measured[-1])), flush=True)
    print("\n".join(["", *_table(measured)]))


def _measured(file: Path, folder: Path) -> Measured:
    target = folder / f"{file.stem}.psd"
    run = launched([Path(sys.executable).with_name("lamina"), "decompose", file, "--to", target, "--quiet"])
    picture, stack = lamina.read_picture(file).pixels, lamina.load(target)
    lines = [line for layer in stack if layer.kind is LayerKind.TEXT for line in layer.text]
    error = int(np.abs(composite(stack).astype(int) - picture).max())
    size, read = f"{picture.shape[1]}x{picture.shape[0]}", sum(bool(line.string) for line in lines)
    return Measured(file.stem, size, *(run.seconds, run.cpu_seconds, run.peak_mb), len(stack), len(lines), read, error)


def _letter(chance: Chance) -> Page:
    return _columns(chance, (2480, 3508), margin=200, columns=1, type_px=42)


def _small_print(chance: Chance) -> Page:
    return _columns(chance, (2480, 3508), margin=120, columns=1, type_px=26)


def _two_columns(chance: Chance) -> Page:
    return _columns(chance, (1654, 2339), margin=120, columns=2, type_px=26)


def _newspaper(chance: Chance) -> Page:
    return _columns(chance, (3000, 4200), margin=100, columns=6, type_px=30)


def _fax(chance: Chance) -> Page:
    """A page of two levels with speckle, as a fax of "fine" resolution."""
    page = _columns(chance, (1728, 2292), margin=70, columns=1, type_px=22)
    page = np.where(page < 128, 0, 255).astype(np.uint8)
    hit = chance.random(page.shape) < 0.004
    return np.where(hit, 255 - page, page).astype(np.uint8)


def _table_of_numbers(chance: Chance) -> Page:
    sheet = Image.new("L", (2480, 1754), 255)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(24)
    for row in range(46):
        for column in range(14):
            draw.text((60 + column * 170, 40 + row * 36), f"{chance.integers(0, 99999) / 10:,.1f}", 0, font)
        draw.line((40, 70 + row * 36, 2440, 70 + row * 36), 190, 1)
    return np.asarray(sheet)


def _listing(chance: Chance) -> Page:
    sheet = Image.new("RGB", (1600, 2400), (30, 32, 40))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(22)
    for row in range(78):
        left, ink = 60 + 44 * int(chance.integers(0, 6)), tuple(int(level) for level in chance.integers(140, 256, 3))
        draw.text((14, 30 + row * 30), f"{row + 1}", (110, 112, 120), font)
        draw.text((left, 30 + row * 30), "  ".join(chance.choice(_CODE, 2)), ink, font)
    return np.asarray(sheet)


def _columns(chance: Chance, size: tuple[int, int], *, margin: int, columns: int, type_px: int) -> Page:
    """(h, w): lines of words as wide as their column, black on white."""
    sheet = Image.new("L", size, 255)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(type_px)
    gutter = 2 * type_px
    width = (size[0] - 2 * margin - (columns - 1) * gutter) // columns
    for column in range(columns):
        for top in range(margin, size[1] - margin - type_px, round(1.35 * type_px)):
            line = ""
            while font.getlength(wider := f"{line} {chance.choice(_WORDS)}".strip()) <= width:
                line = wider
            draw.text((margin + column * (width + gutter), top), line, 0, font)
    return np.asarray(sheet)


PAGES: dict[str, Callable[[Chance], Page]] = {
    "letter": _letter,
    "small_print": _small_print,
    "two_columns": _two_columns,
    "newspaper": _newspaper,
    "fax": _fax,
    "table": _table_of_numbers,
    "listing": _listing,
}


def _table(measured: list[Measured]) -> list[str]:
    rows = [("page", "size", "seconds", "processor s", "peak MB", "layers", "lines", "read", "largest error")]
    for page in measured:
        cost = f"{page.seconds:.1f}", f"{page.cpu_seconds:.1f}", f"{page.peak_mb:.0f}"
        counts = f"{page.layers}", f"{page.lines}", f"{page.read}", f"{page.largest_error}"
        rows.append((page.page, page.size, *cost, *counts))
    return aligned(rows, [False, *[True] * 8])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=PAGES, help="page to draw; may be repeated (all)")
    parser.add_argument("--pictures", nargs="+", type=Path, default=[], metavar="FILE", help="pages to decompose, too")
    parser.add_argument("--seed", type=int, default=0, help="seed of the text on the pages (0)")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="folder to write the drawn pages into")
    return parser.parse_args()


if __name__ == "__main__":
    main()
