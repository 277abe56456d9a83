"""Measures how well an engine's layers cover the areas of the true layers."""

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.evaluation.assignment import best_assignment
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import LayerKind, LayerStack
from lamina.imaging.metrics import canvas_alpha, visible_alphas
from lamina.imaging.strips import strips

_COVERED = 0.5  # a background pixel counts as hidden when at least this share of it is covered


def soft_iou(first: NDArray[np.floating[Any]], second: NDArray[np.floating[Any]]) -> float:
    """Sum of minima over sum of maxima of two alphas in 0..1 of one shape; 0 if both are empty."""
    union = float(np.maximum(first, second).sum(dtype=np.float64))
    return float(np.minimum(first, second).sum(dtype=np.float64)) / union if union > 0 else 0.0


def assigned_ious(
    result: LayerStack, truth: LayerStack, *, kinds: Collection[LayerKind] | None = None
) -> tuple[float, ...]:
    """For every true layer (of the given kinds), bottom first, the IoU with the layer of `result` that is assigned to
    it.

    Visible alphas are compared (`visible_alphas`, `soft_iou`). Layers are assigned one to one, whatever their kind and
    order, so that the sum is the largest possible; a true layer without an assigned layer scores 0.
    Raises `LaminaError` stack_invalid if the canvases differ in size.
    """
    _check_same_size(result, truth)
    wanted = [kinds is None or layer.kind in kinds for layer in truth]
    truths = [alpha for alpha, is_wanted in zip(visible_alphas(truth), wanted, strict=True) if is_wanted]
    alphas = visible_alphas(result)
    if not truths or not alphas:
        return (0.0,) * len(truths)
    scores = np.array([[soft_iou(alpha, true_alpha) for alpha in alphas] for true_alpha in truths])
    assigned = best_assignment(scores)
    return tuple(float(scores[row, column]) if column >= 0 else 0.0 for row, column in enumerate(assigned))


def hidden_background_error(result: LayerStack, truth: LayerStack) -> float:
    """The error, 0..1, of the bottom layer of `result` where the picture does not show it.

    The mean of |RGB difference| / 255 between the two bottom layers over the pixels where the truth's bottom layer
    shows and more than half of it is covered by the layers above; the transparent share of a pixel of `result` counts
    as wrong. 0 if nothing is hidden. Raises `LaminaError` stack_invalid if the canvases differ in size or a stack has
    no layers.
    """
    _check_same_size(result, truth)
    if not result.layers or not truth.layers:
        raise LaminaError(ErrorCode.STACK_INVALID, "A stack has no layers.", "Compare stacks that show something.")
    total, count = 0.0, 0
    mine, theirs = (stack[0].on_canvas(stack.width, stack.height) for stack in (result, truth))
    uncovered = np.ones((truth.height, truth.width), np.float32)
    for layer in truth.layers[1:]:
        uncovered *= 1 - canvas_alpha(layer, truth)
    for top, bottom in strips(truth.width, truth.height):
        below, true = mine[top:bottom], theirs[top:bottom]
        is_hidden = (uncovered[top:bottom] < 1 - _COVERED) & (true[..., 3] > 0)
        colours = below[is_hidden].astype(np.float32)
        share = colours[:, 3] / 255
        difference = np.abs(colours[:, :3] - true[is_hidden][:, :3]).mean(-1) / 255
        total += float((share * difference + 1 - share).sum(dtype=np.float64))
        count += len(share)
    return total / count if count else 0.0


def _check_same_size(result: LayerStack, truth: LayerStack) -> None:
    if (result.width, result.height) != (truth.width, truth.height):
        raise LaminaError(
            ErrorCode.STACK_INVALID,
            f"One stack is {result.width} x {result.height} pixels and the other {truth.width} x {truth.height}.",
            "Compare stacks of the same picture.",
        )
