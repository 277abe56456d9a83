"""Computes LayerD's scores: layers aligned in order with the true ones, after a few merges of neighbours.

The definition is that of "LayerD: Decomposing Raster Graphic Designs into Layers" (ICCV 2025) and of the evaluation
in its repository, CyberAgentAILab/LayerD; the implementation is our own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.core.composite import over
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Layer, LayerStack, Pixels

Span = tuple[int, int]
"""First and last index of neighbouring groups of layers that count as one."""

_MIN_LAYERS = 2  # a side with at most this many layers is not merged further


@dataclass(frozen=True, slots=True)
class AlignedScore:
    """Means over the aligned pairs after at most `merges` merges: `rgb_l1` 0..1 (0 is best), `alpha_iou` 0..1."""

    merges: int
    rgb_l1: float
    alpha_iou: float


@dataclass(frozen=True, slots=True)
class _Pair:
    rgb_l1: float
    alpha_iou: float

    @property
    def similarity(self) -> float:
        return 1 - (self.rgb_l1 + 1 - self.alpha_iou) / 2


_Compare = Callable[[Span, Span], _Pair]


def aligned_scores(
    result: LayerStack, truth: LayerStack, merges: int = 5, longest_side_px: int = 512
) -> tuple[AlignedScore, ...]:
    """Scores after at most 0, 1, …, `merges` merges; the last is repeated where no further merge would help.

    Layers that do not overlap are first merged, from the top, into groups. Groups are aligned by dynamic time
    warping, which keeps their order; a pair costs (rgb_l1 + 1 - alpha_iou) / 2, with the RGB difference / 255 over
    the pixels where the true alpha is above 0, and the soft IoU of the alphas. A merge joins two neighbours on
    whichever side gains most. Hidden layers are left out. Measured on copies of at most `longest_side_px` pixels.
    Raises `LaminaError` stack_invalid if the canvases differ in size or a stack shows nothing.
    """
    _check(result, truth)
    sides = [_groups(_reduced(stack, longest_side_px)) for stack in (result, truth)]
    compare = _comparison(*sides)
    found_spans, truth_spans = ([(index, index) for index in range(len(side))] for side in sides)
    scores: list[AlignedScore] = []
    for count in range(merges + 1):
        path = _alignment(found_spans, truth_spans, compare)
        pairs = [compare(found_spans[i], truth_spans[j]) for i, j in path]
        l1, iou = (float(np.mean(values)) for values in zip(*((p.rgb_l1, p.alpha_iou) for p in pairs), strict=True))
        scores.append(AlignedScore(count, l1, iou))
        found_spans, truth_spans = _merged(found_spans, truth_spans, path, compare)
    return tuple(scores)


def _check(result: LayerStack, truth: LayerStack) -> None:
    if (result.width, result.height) != (truth.width, truth.height):
        raise LaminaError(ErrorCode.STACK_INVALID, "The two stacks differ in size.", "Compare stacks of one picture.")
    if not all(any(layer.is_visible for layer in stack) for stack in (result, truth)):
        raise LaminaError(ErrorCode.STACK_INVALID, "A stack shows no layer.", "Compare stacks that show something.")


def _reduced(stack: LayerStack, longest_side_px: int) -> list[Pixels]:
    scale = min(1.0, longest_side_px / max(stack.width, stack.height))
    size = max(1, round(stack.width * scale)), max(1, round(stack.height * scale))
    shown = [layer for layer in stack if layer.is_visible]
    return [_resized(layer, stack, size) for layer in shown]


def _resized(layer: Layer, stack: LayerStack, size: tuple[int, int]) -> Pixels:
    pixels = layer.on_canvas(stack.width, stack.height)
    if layer.opacity != 255:
        pixels = over(np.zeros_like(pixels), pixels, layer.opacity)
    if size == (stack.width, stack.height):
        return pixels
    alpha = pixels[..., 3:].astype(np.float32)
    weighted = np.concatenate([pixels[..., :3] * (alpha / 255), alpha], -1)
    small = cv2.resize(weighted, size, interpolation=cv2.INTER_AREA)
    colour = small[..., :3] * 255 / np.maximum(small[..., 3:], 1e-3)
    return np.rint(np.clip(np.concatenate([colour, small[..., 3:]], -1), 0, 255)).astype(np.uint8)


def _groups(layers: list[Pixels]) -> list[Pixels]:
    """Groups the layers that no remaining layer covers, repeatedly; bottom group first."""
    covers = [layer[..., 3] > 0 for layer in layers]
    remaining = list(range(len(layers)))
    groups: list[Pixels] = []
    while remaining:
        group = [
            index
            for place, index in enumerate(remaining)
            if not any((covers[index] & covers[above]).any() for above in remaining[place + 1 :])
        ]
        groups.append(_flattened([layers[index] for index in group]))
        remaining = [index for index in remaining if index not in group]
    return groups[::-1]


def _flattened(layers: list[Pixels]) -> Pixels:
    flat = layers[0]
    for layer in layers[1:]:
        flat = over(flat, layer)
    return flat


def _comparison(result: list[Pixels], truth: list[Pixels]) -> _Compare:
    """A function that compares a span of the result's groups with a span of true groups, and caches its values."""

    @cache
    def flat(is_truth: bool, span: Span) -> Pixels:
        side = truth if is_truth else result
        return _flattened(side[span[0] : span[1] + 1])

    @cache
    def compare(mine: Span, theirs: Span) -> _Pair:
        pixels, expected = flat(False, mine), flat(True, theirs)
        shown = expected[..., 3] > 0
        difference = cv2.absdiff(pixels, expected)[..., :3].sum(-1, dtype=np.uint16)
        l1 = int(difference[shown].sum(dtype=np.int64)) / (3 * 255 * max(1, int(np.count_nonzero(shown))))
        shared = int(np.minimum(pixels[..., 3], expected[..., 3]).sum(dtype=np.int64))
        union = int(np.maximum(pixels[..., 3], expected[..., 3]).sum(dtype=np.int64))
        return _Pair(l1, shared / union if union else 0.0)

    return compare


def _alignment(result: list[Span], truth: list[Span], compare: _Compare) -> list[tuple[int, int]]:
    """The cheapest path of pairs from bottom to top that keeps both orders and leaves no layer out."""
    costs = 1 - np.array([[compare(mine, theirs).similarity for theirs in truth] for mine in result])
    total = _accumulated(costs)
    i, j = costs.shape[0] - 1, costs.shape[1] - 1
    path = [(i, j)]
    while i or j:
        steps = [(i - 1, j - 1), (i - 1, j), (i, j - 1)]
        i, j = min((step for step in steps if min(step) >= 0), key=lambda step: total[step])
        path.append((i, j))
    return path[::-1]


def _accumulated(costs: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.full((costs.shape[0] + 1, costs.shape[1] + 1), np.inf)
    total[0, 0] = 0
    for i, j in np.ndindex(costs.shape):
        total[i + 1, j + 1] = costs[i, j] + min(total[i, j], total[i, j + 1], total[i + 1, j])
    return total[1:, 1:]


def _merged(
    result: list[Span], truth: list[Span], path: list[tuple[int, int]], compare: _Compare
) -> tuple[list[Span], list[Span]]:
    """Both sides, one of them with the merge that gains most; unchanged if none gains."""
    flipped = [(j, i) for i, j in path]
    mine, my_gain = _best_merge(result, truth, path, lambda span, other: compare(span, other).similarity)
    theirs, their_gain = _best_merge(truth, result, flipped, lambda span, other: compare(other, span).similarity)
    if my_gain > their_gain:
        return _joined(result, mine), truth
    return result, (_joined(truth, theirs) if their_gain > 0 else truth)


def _best_merge(
    spans: list[Span], others: list[Span], path: list[tuple[int, int]], similarity: Callable[[Span, Span], float]
) -> tuple[int, float]:
    """Which span to join with the next one, and what the aligned pairs gain; (0, 0.0) if nothing is gained."""
    best = (0, 0.0)
    if len(spans) <= _MIN_LAYERS:
        return best
    for place in range(len(spans) - 1):
        own = [others[j] for i, j in path if i == place]
        next_own = [others[j] for i, j in path if i == place + 1]
        joined = spans[place][0], spans[place + 1][1]

        def total(span: Span, group: list[Span]) -> float:
            return sum(similarity(span, other) for other in group)

        options = [total(joined, next_own)]
        if place + 2 < len(spans):
            # As LayerD does, the layer above may take over the partners of either half.
            options += [total(spans[place + 2], own), total(spans[place + 2], next_own)]
        before = total(spans[place], own) + total(spans[place + 1], next_own)
        gain = total(joined, own) + max(options) - before
        if gain > best[1]:
            best = place, gain
    return best


def _joined(spans: list[Span], place: int) -> list[Span]:
    return [*spans[:place], (spans[place][0], spans[place + 1][1]), *spans[place + 2 :]]
