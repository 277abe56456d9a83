"""How far a stack is from the picture it was made of, and from the stack that is known to be true."""

from lamina.imaging.metrics.aligned import AlignedScore, aligned_scores
from lamina.imaging.metrics.coverage import assigned_ious, hidden_background_error, soft_iou, visible_alphas
from lamina.imaging.metrics.recomposition import RecompositionError, recomposition_error

__all__ = [
    "AlignedScore",
    "RecompositionError",
    "aligned_scores",
    "assigned_ious",
    "hidden_background_error",
    "recomposition_error",
    "soft_iou",
    "visible_alphas",
]
