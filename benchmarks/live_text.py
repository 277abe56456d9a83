"""Measures how well editable text in PowerPoint and SVG files looks like the text in the picture.

    scripts/bench live_text
    scripts/bench live_text --seeds 8 --typefaces unknown --formats svg --save out

The benchmark draws slides and posters whose text is known in every respect, in the typefaces of Debian's packages
fonts-dejavu, -lato, -roboto, -open-sans, -liberation and -roboto-slab that are installed, decomposes each with the
classic engine, writes the text layers alone as editable text, and has resvg (`svg`) and Chromium (`chromium`) draw the
SVG, and LibreOffice (`soffice`, with `pdftoppm`) the slide (`pptx`). "IoU": of the drawn letters, without outline and
shadow, and the true ones. "Size": by how much the em size differs from the true one. "Alike": the share of blocks of
several lines in which all lines have one size; "aligned": those with the right alignment. "Look": the share of blocks
in which exactly the true effects were found. "Outside": blocks that reach beyond the canvas. It prints a line of JSON
for every block of text and finally a table.

`--typefaces`: `true` passes the true typeface to the engine; `unknown` measures and writes without one.
"""

import argparse
import json
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from difflib import SequenceMatcher
from functools import partial
from io import BytesIO
from pathlib import Path
from statistics import median

import numpy as np
import resvg_py
from numpy.typing import NDArray
from PIL import Image

from lab.posters import BACKGROUNDS
from lab.text_designs import SetText, draw_text, installed_typefaces, text_design
from lamina.cli.terminal_text import aligned
from lamina.core.composite import composite
from lamina.core.layers import Layer, LayerStack
from lamina.core.tasks import DecomposeTask
from lamina.core.text_styles import TextStyle, Typeface
from lamina.engines.classic import ClassicEngine
from lamina.engines.classic.text_styles import measure_text
from lamina.imaging.export_options import ExportOptions
from lamina.imaging.formats.text_layout import text_blocks
from lamina.imaging.saving import save

Letters = NDArray[np.bool_]

_SAME = 0.8  # similarity of a string and the true one
_MARGIN_EM = 0.35
_ZOOM = 4  # pdftoppm moves glyphs to whole pixels
_BLACK = (0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One block of true text. IoUs and errors are None where the text was not found."""

    design: str
    text: str
    family: str
    look: str
    lines: int
    size_px: float
    size_error: float | None = None
    spacing_error_em: float | None = None
    leading_error: float | None = None
    has_one_size: bool | None = None
    has_alignment: bool | None = None
    has_look: bool | None = None
    is_outside: bool | None = None
    ious: dict[str, float] | None = None


def main() -> None:
    options = _options()
    typefaces = [each for each in installed_typefaces() if each.family in (options.family or [each.family])]
    designs = [
        (f"{background}-{seed}", text_design(seed, background, typefaces))
        for background in options.background or BACKGROUNDS[:2]
        for seed in range(options.first_seed, options.first_seed + options.seeds)
    ]
    measured: list[Measured] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.save or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        found = {name: _decomposed(design, options.typefaces == "true") for name, design in designs}
        drawn = {ending: _DRAWERS[ending](found, folder) for ending in options.formats}
        for name, design in designs:
            if options.save:
                Image.fromarray(composite(design)).save(folder / f"{name}-source.png")
            pictures = {ending: drawn[ending][name] for ending in options.formats}
            for truth in list(design)[1:]:
                measured.append(_measured(name, truth, found[name], pictures))
                print(json.dumps(asdict(measured[-1]), ensure_ascii=False), flush=True)
    _print_table(measured, options.formats)


def _decomposed(design: LayerStack, knows_typeface: bool) -> LayerStack:
    """The text layers that were read, measured with the true typefaces if they are to be known."""
    stack = ClassicEngine().decompose(composite(design), DecomposeTask())
    layers = [layer for layer in stack if layer.is_read]
    if knows_typeface:
        layers = measure_text(layers, partial(_true_typeface, design))
    return replace(stack, layers=tuple(layers))


def _true_typeface(design: LayerStack, layer: Layer) -> Typeface | None:
    truth = max(list(design)[1:], key=lambda each: _similarity(each.says, layer.says))
    return truth.style.typeface if truth.style else None


def _similarity(first: str, second: str) -> float:
    return SequenceMatcher(None, "".join(first.split()), "".join(second.split())).ratio()


def _measured(name: str, truth: Layer, found: LayerStack, drawn: dict[str, Letters]) -> Measured:
    style = truth.style
    if style is None or style.typeface is None:
        raise ValueError(f"{truth.name!r} has no style")
    blank = Measured(
        design=name,
        text=truth.says,
        family=f"{style.typeface.family} {style.typeface.weight}{' italic' * style.typeface.is_italic}",
        look=_look(style),
        lines=len(truth.text),
        size_px=style.size_px,
    )
    candidates = [layer for layer in found if _similarity(layer.says, truth.says) >= _SAME]
    if not candidates or (own := candidates[0].style) is None:
        return blank
    layer = candidates[0]
    return replace(
        blank,
        size_error=own.size_px / style.size_px - 1,
        spacing_error_em=(own.letter_spacing_px - style.letter_spacing_px) / style.size_px,
        leading_error=own.line_height_px / style.line_height_px - 1 if len(truth.text) > 1 else None,
        has_one_size=len({line.size_px for line in layer.text}) == 1 if len(truth.text) > 1 else None,
        has_alignment=own.alignment is style.alignment if len(truth.text) > 1 else None,
        has_look=_look(own) == _look(style),
        is_outside=_is_outside(layer, found.width, found.height),
        ious={ending: _iou(truth, style, letters) for ending, letters in drawn.items()},
    )


def _look(style: TextStyle) -> str:
    names = ("gradient", "outline", "shadow")
    effects = [name for name in names if getattr(style, name) is not None]
    return ", ".join([*effects, *["turned"] * (abs(style.rotation_degrees) > 0.2)]) or "plain"


def _is_outside(layer: Layer, width: int, height: int) -> bool:
    for block in text_blocks(layer):
        for x, y in block.frame.quad(block.box):
            if not (-1 <= x <= width + 1 and -1 <= y <= height + 1):
                return True
    return False


def _iou(truth: Layer, style: TextStyle, drawn: Letters) -> float:
    """IoU within the box around the true letters."""
    plain = draw_text(SetText(tuple(line.string for line in truth.text), replace(style, outline=None, shadow=None)))
    # The quads of both drawings tell how far the layer was moved.
    shift = [truth.text[0].quad[0][axis] - plain.text[0].quad[0][axis] for axis in (0, 1)]
    moved = replace(plain, left=plain.left + round(shift[0]), top=plain.top + round(shift[1]))
    letters = moved.on_canvas(drawn.shape[1], drawn.shape[0])[..., 3] > 127
    margin = round(_MARGIN_EM * style.size_px)
    left, top, width, height = moved.box
    window = np.s_[max(0, top - margin) : top + height + margin, max(0, left - margin) : left + width + margin]
    union = (letters[window] | drawn[window]).sum()
    return float((letters[window] & drawn[window]).sum() / max(1, union))


def _in_black(stack: LayerStack) -> LayerStack:
    """The text in black, without effects, so that its letters can be told by their darkness."""
    layers = []
    for layer in stack:
        style = layer.style and replace(layer.style, colour=_BLACK, gradient=None, shadow=None, outline=None)
        lines = tuple(replace(line, colour=_BLACK) for line in layer.text)
        layers.append(replace(layer, style=style, text=lines))
    return replace(stack, layers=tuple(layers))


def _drawn_by_resvg(found: dict[str, LayerStack], folder: Path) -> dict[str, Letters]:
    drawn: dict[str, Letters] = {}
    for name, stack in found.items():
        path = save(_in_black(stack), folder / f"{name}.svg", ExportOptions(editable_text=True))
        with Image.open(BytesIO(bytes(resvg_py.svg_to_bytes(svg_path=str(path))))) as image:
            drawn[name] = np.asarray(image.convert("RGBA"))[..., 3] > 127
    return drawn


def _drawn_by_chromium(found: dict[str, LayerStack], folder: Path) -> dict[str, Letters]:
    drawn: dict[str, Letters] = {}
    for name, stack in found.items():
        path = save(_in_black(stack), folder / f"{name}.svg", ExportOptions(editable_text=True)).resolve()
        picture = path.with_name(f"{name}-chromium.png")
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1"]
        size = f"--window-size={stack.width},{stack.height}"
        _run(["chromium", *options, size, f"--screenshot={picture}", f"file://{path}"])
        with Image.open(picture) as image:
            drawn[name] = np.asarray(image.convert("L")) < 128
    return drawn


def _drawn_by_libreoffice(found: dict[str, LayerStack], folder: Path) -> dict[str, Letters]:
    for name, stack in found.items():
        save(_in_black(stack), folder / f"{name}.pptx", ExportOptions(editable_text=True))
    slides = [str(folder / f"{name}.pptx") for name in found]
    profile = f"-env:UserInstallation=file://{folder.resolve()}/profile"
    _run(["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder), *slides])
    drawn: dict[str, Letters] = {}
    for name, stack in found.items():
        size = ["-scale-to-x", str(_ZOOM * stack.width), "-scale-to-y", str(_ZOOM * stack.height)]
        _run(["pdftoppm", "-png", "-singlefile", *size, str(folder / f"{name}.pdf"), str(folder / f"{name}-slide")])
        with Image.open(folder / f"{name}-slide.png") as image:
            drawn[name] = np.asarray(image.convert("L").reduce(_ZOOM)) < 128
    return drawn


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=600)


_DRAWERS: dict[str, Callable[[dict[str, LayerStack], Path], dict[str, Letters]]] = {
    "svg": _drawn_by_resvg,
    "chromium": _drawn_by_chromium,
    "pptx": _drawn_by_libreoffice,
}


def _print_table(measured: Sequence[Measured], formats: Sequence[str]) -> None:
    looks = sorted({row.look for row in measured}, key=lambda look: (look != "plain", look))
    head = ("text", "blocks", "found", "size p50", "size p90", "spacing p50", "leading p50", "alike", "aligned", "look")
    rows: list[tuple[str, ...]] = [(*head, "outside", *(f"IoU {ending}" for ending in formats))]
    for look in [*looks, None]:
        group = [row for row in measured if look in (None, row.look)]
        found = [row for row in group if row.ious is not None]
        if not found:
            continue
        sizes = np.abs([row.size_error for row in found if row.size_error is not None])
        spacings = [abs(row.spacing_error_em) for row in found if row.spacing_error_em is not None]
        leadings = [abs(row.leading_error) for row in found if row.leading_error is not None]
        rows.append(
            (
                look or "all",
                f"{len(group)}",
                f"{len(found)}",
                f"{np.median(sizes):.1%}",
                f"{np.quantile(sizes, 0.9):.1%}",
                f"{median(spacings):.3f} em",
                f"{median(leadings):.1%}" if leadings else "",
                _share([row.has_one_size for row in found]),
                _share([row.has_alignment for row in found]),
                _share([row.has_look for row in found]),
                f"{sum(bool(row.is_outside) for row in found)}",
                *(f"{median(row.ious[ending] for row in found if row.ious):.2f}" for ending in formats),
            )
        )
    print("\n".join(["", *aligned(rows, [False, *[True] * (len(rows[0]) - 1)])]))


def _share(facts: Sequence[bool | None]) -> str:
    known = [fact for fact in facts if fact is not None]
    return f"{sum(known) / len(known):.0%}" if known else ""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=24, help="designs per background (24)")
    parser.add_argument("--first-seed", type=int, default=0, help="first seed (0)")
    parser.add_argument("--background", action="append", choices=BACKGROUNDS, help="may be repeated (flat, gradient)")
    parser.add_argument("--family", action="append", help="typeface to draw; may be repeated (all that are installed)")
    parser.add_argument(
        "--typefaces", choices=("true", "unknown"), default="true", help="what the engine is told (true)"
    )
    parser.add_argument("--formats", nargs="+", choices=_DRAWERS, default=list(_DRAWERS), help="what to draw (all)")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="keep the files here")
    return parser.parse_args()


if __name__ == "__main__":
    main()
