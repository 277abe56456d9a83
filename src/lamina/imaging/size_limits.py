"""Limits on the memory that a layered file may claim when it is read, as a defence against malicious files."""

from lamina.core.errors import ErrorCode, LaminaError
from lamina.imaging.read_errors import CorruptFileError

MAX_MEGAPIXELS = 64
_CANVASES_PER_LAYER = 2
_CANVASES_PER_STACK = 16
_CANVASES_RENDERED = 8
_CANVASES_PER_RENDERED_LAYER = 0.5  # rendering uses 32-bit samples and holds several copies of the layer


class SizeLimits:
    """Counts the pixels that are decoded for one stack against the limits; 1 megapixel is 10^6 pixels.

    The canvas may have `max_megapixels`, a single layer twice as many, and all layers together 16 times as many.
    """

    def __init__(self, max_megapixels: float = MAX_MEGAPIXELS) -> None:
        self._canvas_pixels = max_megapixels * 1e6
        self._pixels_left = _CANVASES_PER_STACK * self._canvas_pixels
        self._rendering_left = _CANVASES_RENDERED * self._canvas_pixels

    def check_canvas(self, width: int, height: int) -> None:
        """Raises `LaminaError` (input_too_large) if it is too large, `CorruptFileError` if it is empty."""
        if min(width, height) < 1:
            raise CorruptFileError(f"its canvas is {width} x {height} pixels")
        if width * height > self._canvas_pixels:
            raise self.too_large_error(f"The stack is {width} x {height} pixels")

    @property
    def max_layer_pixels(self) -> float:
        """The largest number of pixels that the next layer may have."""
        return max(0.0, min(_CANVASES_PER_LAYER * self._canvas_pixels, self._pixels_left))

    def check_layer(self, width: int, height: int) -> None:
        """Raises `LaminaError` (input_too_large) if it is too large, `CorruptFileError` if a side is negative."""
        if min(width, height) < 0:
            raise CorruptFileError(f"a layer is {width} x {height} pixels")
        if width * height > self.max_layer_pixels:
            raise self.too_large_error(
                f"A layer of {width} x {height} pixels exceeds the limit for one layer or for all layers"
            )

    def count_layer(self, width: int, height: int) -> None:
        """Counts a layer, if possible before it is decoded. Raises the errors of `check_layer`."""
        self.check_layer(width, height)
        self._pixels_left -= width * height

    def count_rendering(self, area: int, layer_area: int, strips: int) -> None:
        """Counts a layer of `layer_area` pixels before it is rendered onto `area` pixels in `strips` strips.

        Raises `LaminaError` (input_too_large).
        """
        self._rendering_left -= area + layer_area * strips
        if layer_area > _CANVASES_PER_RENDERED_LAYER * self._canvas_pixels or self._rendering_left < 0:
            limit = self._canvas_pixels / 1e6
            raise LaminaError(
                ErrorCode.INPUT_TOO_LARGE,
                "The groups, shapes, adjustments and layer effects of the file are too large or too many to render; "
                f"the limit is {_CANVASES_PER_RENDERED_LAYER * limit:g} megapixels per layer and "
                f"{_CANVASES_RENDERED * limit:g} in total.",
                "Merge or rasterise them in the program that made the file, or raise the setting max_megapixels.",
            )

    def too_large_error(self, subject: str) -> LaminaError:
        """The error input_too_large. `subject`: a clause that says what is too large; the message begins with it."""
        limit = self._canvas_pixels / 1e6
        return LaminaError(
            ErrorCode.INPUT_TOO_LARGE,
            f"{subject}; the limit is {limit:g} megapixels for the canvas, and {_CANVASES_PER_STACK} times as many for "
            "all layers together.",
            "Reduce its size, or raise the setting max_megapixels.",
        )
