"""Upscales the layers of any engine to the size of the source image, so that their composite equals it."""

from lamina.imaging.finish.finishing import finish

__all__ = ["finish"]
