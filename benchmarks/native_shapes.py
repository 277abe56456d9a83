"""Counts the simple shapes of drawn posters that come back as shapes in SVG and PowerPoint files.

    scripts/bench native_shapes
    scripts/bench native_shapes --seeds 4 --background flat --save out

The benchmark draws posters, decomposes each with the classic engine, writes it with native shapes, and has resvg draw
the SVG. The true simple shapes of a poster are its background, flat or a gradient, and its panel, unless that is a
ribbon: rectangles, rounded rectangles and ellipses, some turned, some with a border. "Came back": a layer that covers
the same pixels (IoU of at least .9) is a shape in the file. "Wrong": a shape that is not one in truth, or with a
residual of more than one level. "Residual": the difference between what resvg draws and the poster, away from edges,
that no more than one of 10,000 pixels exceeds; "largest": of all of them. "Edges": the mean difference on edges, as a
share of their contrast. It prints a line of JSON for every true shape and every wrong one, and finally a table with the
worst of each group.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import resvg_py
from numpy.typing import NDArray
from PIL import Image

from lab.evaluation.coverage import soft_iou
from lab.posters import BACKGROUNDS, Background, poster
from lamina.cli.terminal_text import aligned
from lamina.core.composite import composite
from lamina.core.layers import Layer, LayerKind, LayerStack, Pixels
from lamina.core.tasks import DecomposeTask
from lamina.engines.classic import ClassicEngine
from lamina.imaging.export_options import ExportOptions
from lamina.imaging.export_report import PICTURE
from lamina.imaging.metrics import visible_alphas
from lamina.imaging.saving import export

Values = NDArray[np.floating[Any]]

_LAYERS = 10
_SAME = 0.9  # IoU of a layer and the true one
_CONVEX = 0.98  # share of its convex hull that a shape covers; a ribbon covers less
_SMOOTH_LEVELS = 8  # within 3 x 3 pixels: more is an edge
_SEEN = 0.999
_LEVELS = 1
_RARE = 1e-4  # share of pixels that resvg and Lamina may round to different sides


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One layer that is a shape in truth, in the file, or in both. Levels are of 0..255; None where it is a picture.

    `svg`, `pptx`: what the layer became. `iou`: of the layer and the true one.
    """

    poster: str
    layer: str
    is_true: bool
    iou: float
    svg: str
    pptx: str
    residual: int | None = None
    largest: int | None = None
    edges: float | None = None

    @property
    def has_come_back(self) -> bool:
        return self.is_true and self.iou >= _SAME and self.svg != PICTURE

    @property
    def is_wrong(self) -> bool:
        return self.residual is not None and (not self.is_true or self.residual > _LEVELS)


def main() -> None:
    options = _options()
    rows: list[tuple[Background, Measured]] = []
    engine = ClassicEngine()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.save or Path(temporary)
        for background in options.background or BACKGROUNDS[:2]:
            for seed in range(options.first_seed, options.first_seed + options.seeds):
                drawn = poster(seed, background).stack
                found = engine.decompose(composite(drawn), DecomposeTask(_LAYERS))
                for row in measured(f"{background}-{seed}", drawn, found, folder):
                    rows.append((background, row))
                    print(json.dumps(asdict(row)), flush=True)
    _print_table(rows)


def measured(name: str, drawn: LayerStack, found: LayerStack, folder: Path) -> Iterator[Measured]:
    """A row for each true shape of a poster, and for each found shape that is none in truth."""
    shapes = ExportOptions(native_shapes=True)
    path = folder / f"{name}.svg"
    svg, pptx = export(found, path, shapes), export(found, path.with_suffix(".pptx"), shapes)
    with Image.open(BytesIO(bytes(resvg_py.svg_to_bytes(svg_path=str(path))))) as image:
        redrawn = np.asarray(image.convert("RGBA"))
    picture = composite(drawn)
    alphas = visible_alphas(found)
    matched: set[int] = set()
    for layer, true_alpha in zip(drawn, visible_alphas(drawn), strict=True):
        if not is_simple(layer):
            continue
        ious = [soft_iou(alpha, true_alpha) for alpha in alphas]
        best = int(np.argmax(ious))
        matched.add(best)
        row = Measured(
            poster=name,
            layer=layer.name,
            is_true=True,
            iou=round(ious[best], 3),
            svg=svg[best].content,
            pptx=pptx[best].content,
        )
        yield _compared(row, picture, redrawn, alphas[best])
    for index, layer in enumerate(found):
        if index not in matched and svg[index].content != PICTURE:
            row = Measured(
                poster=name,
                layer=layer.name,
                is_true=False,
                iou=0.0,
                svg=svg[index].content,
                pptx=pptx[index].content,
            )
            yield _compared(row, picture, redrawn, alphas[index])


def _compared(row: Measured, picture: Pixels, redrawn: Pixels, alpha: Values) -> Measured:
    """With the difference where the layer is seen, if it became a shape."""
    if row.svg == PICTURE:
        return row
    off = np.abs(picture.astype(np.int16) - redrawn).max(-1)
    kernel = np.ones((3, 3), np.uint8)
    contrast = np.asarray(cv2.dilate(picture, kernel) - cv2.erode(picture, kernel)).max(-1).astype(np.int16)
    is_edge = contrast > _SMOOTH_LEVELS
    edges = off[is_edge & (alpha > 0)] / contrast[is_edge & (alpha > 0)]
    inside = off[~is_edge & (alpha > _SEEN)]
    return replace(
        row,
        residual=int(np.quantile(inside, 1 - _RARE, method="higher")) if inside.size else 0,
        largest=int(inside.max(initial=0)),
        edges=round(float(edges.mean()), 3) if edges.size else 0.0,
    )


def is_simple(layer: Layer) -> bool:
    """Whether a true layer is a simple shape: a background, or a panel that is no ribbon."""
    if layer.kind is LayerKind.BACKGROUND:
        return True
    if layer.kind is not LayerKind.PANEL:
        return False
    solid = (layer.pixels[..., 3] > 127).astype(np.uint8)
    outline = np.concatenate(cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0])
    hull = np.zeros_like(solid)
    cv2.fillConvexPoly(hull, cv2.convexHull(outline), (1,))
    return float(solid.sum()) >= _CONVEX * float(hull.sum())


def _print_table(rows: Sequence[tuple[Background, Measured]]) -> None:
    head = ("posters", "true shapes", "came back", "share", "in PowerPoint", "wrong", "residual", "largest", "edges")
    lines: list[tuple[str, ...]] = [("", *head)]
    backgrounds = list(dict.fromkeys(background for background, _ in rows))
    groups = [(name, [row for background, row in rows if background == name]) for name in backgrounds]
    everything = [row for _, row in rows]
    groups += [
        (f"all, {kind}s", [row for row in everything if row.layer == kind.title()]) for kind in ("background", "panel")
    ]
    for name, group in [*groups, ("all", everything)]:
        true = [row for row in group if row.is_true]
        back = [row for row in true if row.has_come_back]
        slides = sum(row.pptx != PICTURE for row in back)
        wrong = sum(row.is_wrong for row in group)
        residual = max((row.residual or 0 for row in back), default=0)
        largest = max((row.largest or 0 for row in back), default=0)
        edges = max((row.edges or 0 for row in back), default=0)
        posters = len({row.poster for row in group})
        share = f"{len(back) / max(1, len(true)):.0%}"
        lines.append(
            (name, *map(str, (posters, len(true), len(back), share, slides, wrong, residual, largest)), f"{edges:.1%}")
        )
    print("\n".join(["", *aligned(lines, [False, *[True] * len(head)])]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=12, help="posters per background (12)")
    parser.add_argument("--first-seed", type=int, default=0, help="first seed (0)")
    parser.add_argument("--background", action="append", choices=BACKGROUNDS, help="may be repeated (flat, gradient)")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="keep the files here")
    return parser.parse_args()


if __name__ == "__main__":
    main()
