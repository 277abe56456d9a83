"""Runs an engine over drawn posters, whose layers are known exactly, and scores the layers."""

import io
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from PIL import Image

from lab.evaluation.aligned import aligned_scores
from lab.evaluation.coverage import assigned_ious, hidden_background_error
from lab.posters import Background, Poster, poster
from lamina.core.composite import composite
from lamina.core.layers import LayerKind, LayerStack, Pixels
from lamina.core.ports import Decomposer, no_progress
from lamina.core.tasks import DecomposeTask
from lamina.imaging.finish import finish
from lamina.imaging.metrics import recomposition_error
from lamina.imaging.picture import read_picture
from lamina.imaging.png import encode_png

LAYERS = 10
"""The maximum number of layers: that of the poster with the most layers."""

_MERGES = 5


@dataclass(frozen=True, slots=True)
class Score:
    """The scores of one decomposed poster; `coverage` and `aligned` define them.

    IoUs are means over the poster's true layers of that kind, 0..1, 1 is best; None if it has none. Errors and L1 are
    fractions of 255, 0 is best; `max_abs_error` and `mean_abs_error` are those of the composite against the picture
    that the engine was given. `*_merged`: LayerD's scores after at most 5 merges.
    """

    seed: int
    background: Background
    jpeg_quality: int | None
    width: int
    height: int
    object_iou: float
    text_iou: float
    panel_iou: float | None
    hidden_background_l1: float
    max_abs_error: float
    mean_abs_error: float
    layers_found: int
    layers_true: int
    seconds: float
    rgb_l1: float
    alpha_iou: float
    rgb_l1_merged: float
    alpha_iou_merged: float


@dataclass(frozen=True, slots=True)
class Summary:
    """One kind of background: means over its posters, but the median of the seconds and the largest of the errors."""

    background: Background
    jpeg_quality: int | None
    posters: int
    object_iou: float
    text_iou: float
    panel_iou: float | None
    hidden_background_l1: float
    max_abs_error: float
    layers_found: float
    layers_true: float
    seconds: float
    rgb_l1: float
    alpha_iou: float
    rgb_l1_merged: float
    alpha_iou_merged: float


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One poster, its picture file, the engine's layers, and their score."""

    poster: Poster
    file: bytes
    result: LayerStack
    score: Score


def trials(
    engine: Decomposer,
    seeds: Iterable[int],
    backgrounds: Sequence[Background],
    jpeg_quality: int | None = None,
    on_fault: Callable[[str, Exception], None] | None = None,
) -> Iterator[Trial]:
    """Every seed on every background, one background after the other; as PNG, or as JPEG of a quality of 1..100.

    `on_fault`: called with the name of a poster on which the engine fails, such as "flat 7", which is then left out;
    without it the exception is raised.
    """
    seeds = tuple(seeds)
    for background in backgrounds:
        for seed in seeds:
            try:
                scored = trial(engine, poster(seed, background), jpeg_quality)
            except Exception as error:
                if on_fault is None:
                    raise
                on_fault(f"{background} {seed}", error)
            else:
                yield scored


def trial(engine: Decomposer, drawn: Poster, jpeg_quality: int | None = None) -> Trial:
    """Decomposes one poster and scores the layers."""
    flat = composite(drawn.stack)
    file = poster_file(flat, jpeg_quality)
    picture = flat if jpeg_quality is None else read_picture(file).pixels
    start = time.perf_counter()
    result = engine.decompose(picture, DecomposeTask(LAYERS), no_progress)
    if not engine.is_exact:
        result = finish(result, picture)
    seconds = time.perf_counter() - start
    return Trial(drawn, file, result, _score(drawn, picture, result, seconds, jpeg_quality))


def poster_file(flat: Pixels, jpeg_quality: int | None = None) -> bytes:
    """The picture file of a poster (height, width, 4): a PNG, or a JPEG of the given quality."""
    return encode_png(flat) if jpeg_quality is None else _jpeg(flat, jpeg_quality)


def summaries(scores: Iterable[Score]) -> list[Summary]:
    """A summary for each kind of background and JPEG quality, in order of appearance."""
    groups: dict[tuple[Background, int | None], list[Score]] = {}
    for score in scores:
        groups.setdefault((score.background, score.jpeg_quality), []).append(score)
    return [_summary(group) for group in groups.values()]


def _jpeg(flat: Pixels, quality: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(flat[..., :3]).save(file, "JPEG", quality=quality)
    return file.getvalue()


def _score(drawn: Poster, picture: Pixels, result: LayerStack, seconds: float, jpeg_quality: int | None) -> Score:
    truth = drawn.stack
    has_panel = any(layer.kind is LayerKind.PANEL for layer in truth)
    # One assignment over all true layers: no layer of the result counts for two of them.
    ious = assigned_ious(result, truth)

    def iou(kind: LayerKind) -> float:
        return fmean(value for value, layer in zip(ious, truth, strict=True) if layer.kind is kind)

    error = recomposition_error(result, picture)
    aligned = aligned_scores(result, truth, _MERGES)
    return Score(
        seed=drawn.seed,
        background=drawn.background,
        jpeg_quality=jpeg_quality,
        width=truth.width,
        height=truth.height,
        object_iou=iou(LayerKind.OBJECT),
        text_iou=iou(LayerKind.TEXT),
        panel_iou=iou(LayerKind.PANEL) if has_panel else None,
        hidden_background_l1=hidden_background_error(result, truth),
        max_abs_error=error.max_abs_error,
        mean_abs_error=error.mean_abs_error,
        layers_found=len(result),
        layers_true=len(truth),
        seconds=seconds,
        rgb_l1=aligned[0].rgb_l1,
        alpha_iou=aligned[0].alpha_iou,
        rgb_l1_merged=aligned[-1].rgb_l1,
        alpha_iou_merged=aligned[-1].alpha_iou,
    )


def _summary(scores: Sequence[Score]) -> Summary:
    def mean(value: Callable[[Score], float]) -> float:
        return fmean(map(value, scores))

    panels = [score.panel_iou for score in scores if score.panel_iou is not None]
    return Summary(
        background=scores[0].background,
        jpeg_quality=scores[0].jpeg_quality,
        posters=len(scores),
        object_iou=mean(lambda s: s.object_iou),
        text_iou=mean(lambda s: s.text_iou),
        panel_iou=fmean(panels) if panels else None,
        hidden_background_l1=mean(lambda s: s.hidden_background_l1),
        max_abs_error=max(score.max_abs_error for score in scores),
        layers_found=mean(lambda s: s.layers_found),
        layers_true=mean(lambda s: s.layers_true),
        seconds=median(score.seconds for score in scores),
        rgb_l1=mean(lambda s: s.rgb_l1),
        alpha_iou=mean(lambda s: s.alpha_iou),
        rgb_l1_merged=mean(lambda s: s.rgb_l1_merged),
        alpha_iou_merged=mean(lambda s: s.alpha_iou_merged),
    )
