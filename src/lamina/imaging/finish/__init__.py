"""Brings the layers of any engine to the picture's own size, so that together they give the picture back."""

from lamina.imaging.finish.finishing import finish

__all__ = ["finish"]
