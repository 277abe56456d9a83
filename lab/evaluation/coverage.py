"""How well the layers that were found cover what the true layers cover."""

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


def soft_iou(one: NDArray[np.floating[Any]], other: NDArray[np.floating[Any]]) -> float:
    """Sum of minima over sum of maxima of two alphas in 0..1 of one shape; 0 if both are empty."""
    union = float(np.maximum(one, other).sum(dtype=np.float64))
    return float(np.minimum(one, other).sum(dtype=np.float64)) / union if union > 0 else 0.0


def assigned_ious(
    found: LayerStack, truth: LayerStack, *, kinds: Collection[LayerKind] | None = None
) -> tuple[float, ...]:
    """For every true layer (of the given kinds), bottom first, the IoU with the found layer assigned to it.

    Compared are visible alphas (`visible_alphas`, `soft_iou`). Layers are assigned one to one, whatever their kind
    and order, so that the sum is as large as can be; a true layer for which none is left scores 0.
    Raises `LaminaError` stack_invalid if the canvases differ in size.
    """
    _check_same_size(found, truth)
    wanted = [kinds is None or layer.kind in kinds for layer in truth]
    truths = [alpha for alpha, is_wanted in zip(visible_alphas(truth), wanted, strict=True) if is_wanted]
    founds = visible_alphas(found)
    if not truths or not founds:
        return (0.0,) * len(truths)
    scores = np.array([[soft_iou(one, other) for one in founds] for other in truths])
    assigned = best_assignment(scores)
    return tuple(float(scores[row, column]) if column >= 0 else 0.0 for row, column in enumerate(assigned))


def hidden_background_error(found: LayerStack, truth: LayerStack) -> float:
    """0..1: how wrong the bottom layer of `found` is where nobody can see it in the picture.

    The mean of |RGB difference| / 255 between the two bottom layers over the pixels where the truth's bottom layer
    shows and more than half of it is covered by the layers above; where the found layer is clear the share that is
    clear counts as wholly wrong. 0 where nothing is hidden. Raises `LaminaError` stack_invalid if the canvases differ
    in size or a stack has no layers.
    """
    _check_same_size(found, truth)
    if not found.layers or not truth.layers:
        raise LaminaError(ErrorCode.STACK_INVALID, "A stack has no layers.", "Compare stacks that show something.")
    total, count = 0.0, 0
    mine, theirs = (stack[0].on_canvas(stack.width, stack.height) for stack in (found, truth))
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


def _check_same_size(found: LayerStack, truth: LayerStack) -> None:
    if (found.width, found.height) != (truth.width, truth.height):
        raise LaminaError(
            ErrorCode.STACK_INVALID,
            f"One stack is {found.width} x {found.height} pixels and the other {truth.width} x {truth.height}.",
            "Compare stacks of the same picture.",
        )
