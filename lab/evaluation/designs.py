"""Reads folders of designs whose true layers are known, and scores an engine's layers of them."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.evaluation.coverage import assigned_ious, hidden_background_error, soft_iou
from lab.evaluation.grouped import found_share, with_merged_groups
from lamina.core.layers import Layer, LayerKind, LayerStack, Pixels
from lamina.imaging.metrics import canvas_alpha, recomposition_error, visible_alphas
from lamina.imaging.picture import read_picture

_AUTHORS = Path(__file__).with_name("design_authors.json")
_GOOD_IOU = 0.7
_GHOST_LEVELS = 16
_MANY_PIECES, _MAX_CONFETTI_SHARE = 20, 0.02
_MIN_TEXT_SHARE = 0.6  # a layer with a larger share of text is not confetti, since letters are many pieces
_PIECE_ALPHA = 0.25


@dataclass(frozen=True, eq=False, kw_only=True)
class Design:
    """A flat picture (height, width, 4) and its true layers, bottom first."""

    name: str
    author: str
    picture: Pixels
    truth: LayerStack


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignScore:
    """The scores of one decomposed design. Shares and IoUs are 0..1; None where a design has nothing to measure.

    `object_iou`: mean IoU of visible alphas over the true layers but the background, text included, assigned one to
    one; `good_share`: share of these layers above 0.7. `text_iou`: the same for text layers; `text_union_iou`: best IoU
    of all true text with a union of layers. `subject_iou`: IoU of the largest true layer. `ghost_share`: share of
    pixels where the bottom layer differs from the true one by more than 16 levels. `hidden_l1`: see
    `coverage.hidden_background_error`. `confetti_share`: share of layers that consist of more than 20 pieces and
    cover less than 2 % of the canvas. For all of these, each outermost group of the result is one layer.
    `found_share`: share of the true layers but the background that have an IoU above 0.5 with a layer or a group,
    assigned one to one. `error`: largest difference of the flattened layers and the picture, in levels.
    """

    name: str
    object_iou: float | None
    good_share: float | None
    text_iou: float | None
    text_union_iou: float | None
    subject_iou: float | None
    ghost_share: float
    hidden_l1: float
    confetti_share: float
    found_share: float | None
    error: int
    layers_found: int
    layers_in_all: int
    layers_true: int
    seconds: float


def read_designs(folder: Path, part: str | None = None) -> list[Path]:
    """The folders of the designs in `folder`; with `part`, only those of the authors for "tuning" or "checking"."""
    paths = sorted(path.parent for path in folder.glob("*/manifest.json"))
    return [path for path in paths if part is None or part_of(author_of(path)) == part]


def part_of(author: str) -> str:
    """ "tuning" or "checking", as listed; for other authors by the last bit of the name's SHA-256."""
    for part, authors in json.loads(_AUTHORS.read_text("utf-8")).items():
        if author in authors:
            return part
    return "checking" if hashlib.sha256(author.encode()).digest()[-1] & 1 else "tuning"


def author_of(path: Path) -> str:
    """The author of a design; the folder's name if none is given."""
    meta = path / "meta.json"
    return str(json.loads(meta.read_text("utf-8")).get("author", path.name)) if meta.exists() else path.name


def read_design(path: Path) -> Design:
    """Reads one folder: input.png, manifest.json and the layer files that it names."""
    manifest = json.loads((path / "manifest.json").read_text("utf-8"))
    layers = tuple(
        Layer(
            name=entry["name"],
            kind=LayerKind(entry["kind"]),
            pixels=read_picture((path / entry["file"]).read_bytes()).pixels,
            left=entry["bbox"][0],
            top=entry["bbox"][1],
        )
        for entry in manifest["layers"]
    )
    picture = read_picture((path / "input.png").read_bytes()).pixels
    return Design(
        name=path.name,
        author=author_of(path),
        picture=picture,
        truth=LayerStack(manifest["width"], manifest["height"], layers),
    )


def score_design(design: Design, result: LayerStack, seconds: float) -> DesignScore:
    """Compares an engine's layers with the true layers."""
    truth, nested = design.truth, result
    result = with_merged_groups(nested)
    ious = assigned_ious(result, truth)[1:]
    texts = [iou for iou, layer in zip(ious, truth.layers[1:], strict=True) if layer.kind is LayerKind.TEXT]
    visible = visible_alphas(truth)
    text = np.clip(
        sum((v for v, layer in zip(visible, truth, strict=True) if layer.kind is LayerKind.TEXT), visible[0] * 0), 0, 1
    )
    largest = int(np.argmax([v.sum() for v in visible[1:]])) if ious else -1
    return DesignScore(
        name=design.name,
        object_iou=fmean(ious) if ious else None,
        good_share=fmean(iou > _GOOD_IOU for iou in ious) if ious else None,
        text_iou=fmean(texts) if texts else None,
        text_union_iou=_union_iou(visible_alphas(result), text) if texts else None,
        subject_iou=ious[largest] if ious else None,
        ghost_share=_ghost_share(result, design),
        hidden_l1=hidden_background_error(result, truth),
        confetti_share=_confetti_share(result, text),
        found_share=found_share(nested, truth) if ious else None,
        error=round(recomposition_error(nested, design.picture).max_abs_error * 255),
        layers_found=len(result),
        layers_in_all=len(nested),
        layers_true=len(truth),
        seconds=seconds,
    )


def _union_iou(result: Sequence[NDArray[np.float32]], text: NDArray[np.float32]) -> float:
    """The IoU of `text` with a union of layers, which are added as long as the IoU increases."""
    inside = [float(np.minimum(alpha, text).sum()) / max(float(alpha.sum()), 1e-6) for alpha in result]
    union, best = np.zeros_like(text), 0.0
    for index in sorted(range(len(result)), key=lambda index: -inside[index]):
        wider = np.clip(union + result[index], 0, 1)
        iou = soft_iou(wider, text)
        if iou > best:
            union, best = wider, iou
    return best


def _ghost_share(result: LayerStack, design: Design) -> float:
    bottom, true = (stack[0].on_canvas(stack.width, stack.height) for stack in (result, design.truth))
    alpha = bottom[..., 3:].astype(np.float32) / 255
    shown = bottom[..., :3] * alpha + design.picture[..., :3] * (1 - alpha)
    return float((np.abs(shown - true[..., :3]).max(-1) > _GHOST_LEVELS).mean())


def _confetti_share(result: LayerStack, text: NDArray[np.float32]) -> float:
    count = 0
    for layer in result.layers[1:]:
        alpha = canvas_alpha(layer, result)
        total = float(alpha.sum())
        is_small = 0 < total < _MAX_CONFETTI_SHARE * alpha.size
        if not is_small or float(np.minimum(alpha, text).sum()) > _MIN_TEXT_SHARE * total:
            continue
        pieces = cv2.connectedComponents((alpha >= _PIECE_ALPHA).astype(np.uint8), connectivity=8)[0] - 1
        count += pieces > _MANY_PIECES
    return count / max(1, len(result) - 1)


def mean_score(scores: Sequence[DesignScore], name: str) -> float | None:
    """The mean of one field over the designs that have it."""
    values = [value for score in scores if (value := getattr(score, name)) is not None]
    return fmean(values) if values else None
