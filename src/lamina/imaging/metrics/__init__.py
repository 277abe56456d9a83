"""Measures the difference between a stack and its picture, and the visible parts of its layers."""

from lamina.imaging.metrics.coverage import canvas_alpha, visible_alphas
from lamina.imaging.metrics.recomposition import RecompositionError, recomposition_error

__all__ = ["RecompositionError", "canvas_alpha", "recomposition_error", "visible_alphas"]
