"""How long does a page full of text take, and how much memory?

    scripts/bench dense_page
    scripts/bench dense_page --only fax --only newspaper --pictures page.png
    scripts/bench dense_page --save pages

Draws pages as scanners, fax machines and printers give them (a letter at 300 dpi, a fax with speckle, a newspaper in
columns, a table of numbers, a listing of code, small print) and runs `lamina decompose PAGE.png --to PAGE.psd` on each
from start to exit. Prints a line of JSON for every page and, last, a table. Seconds are by the clock, and of processor
time, which counts where others use the machine too. Whether the layers give the page back is looked at as well.
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
    """One page; `lines`: of text found, of which `read` say something; `largest_error`: of the composite, in levels."""

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
    with tempfile.TemporaryDirectory() as made:
        folder = options.save or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        for name in options.only or ([] if options.pictures else PAGES):
            file = folder / f"{name}.png"
            Image.fromarray(PAGES[name](np.random.default_rng(options.seed))).save(file)
            options.pictures.append(file)
        for file in options.pictures:
            measured.append(_measured(file, Path(made)))
            print(json.dumps(asdict(measured[-1])), flush=True)
    print("\n".join(["", *_table(measured)]))


def _measured(file: Path, folder: Path) -> Measured:
    made = folder / f"{file.stem}.psd"
    run = launched([Path(sys.executable).with_name("lamina"), "decompose", file, "--to", made, "--quiet"])
    picture, stack = lamina.read_picture(file).pixels, lamina.load(made)
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
    """Two levels only, with speckle, as a fax at "fine" resolution."""
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
    """(h, w): words in lines as wide as their column, black on white."""
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
    rows = [("page", "size", "seconds", "of processors", "peak MB", "layers", "lines", "read", "largest error")]
    for one in measured:
        cost = f"{one.seconds:.1f}", f"{one.cpu_seconds:.1f}", f"{one.peak_mb:.0f}"
        found = f"{one.layers}", f"{one.lines}", f"{one.read}", f"{one.largest_error}"
        rows.append((one.page, one.size, *cost, *found))
    return aligned(rows, [False, *[True] * 8])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=PAGES, help="draw only this page; may be repeated")
    parser.add_argument("--pictures", nargs="+", type=Path, default=[], metavar="FILE", help="take these pages as well")
    parser.add_argument("--seed", type=int, default=0, help="what the pages say (0)")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="leave the drawn pages in this folder")
    return parser.parse_args()


if __name__ == "__main__":
    main()
