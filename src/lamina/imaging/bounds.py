"""How much a file may ask for when it is read back, so that a hostile one cannot fill the memory."""

from lamina.core.errors import ErrorCode, LaminaError
from lamina.imaging.damage import Damaged

MAX_MEGAPIXELS = 64
_CANVASES_A_LAYER = 2
_CANVASES_A_STACK = 16
_CANVASES_DRAWN = 8
_DRAWN_LAYER_CANVASES = 0.5  # a layer is drawn in 32-bit samples, with several copies at a time


class Bounds:
    """What may still be decoded for one stack; 1 megapixel is 10^6 pixels.

    The canvas may have `max_megapixels`, one layer twice as many, and all layers together 16 times as many.
    """

    def __init__(self, max_megapixels: float = MAX_MEGAPIXELS) -> None:
        self._canvas_pixels = max_megapixels * 1e6
        self._pixels_left = _CANVASES_A_STACK * self._canvas_pixels
        self._drawing_left = _CANVASES_DRAWN * self._canvas_pixels

    def check_canvas(self, width: int, height: int) -> None:
        """Raises `LaminaError` (input_too_large) if the canvas is too large, `Damaged` if it is no canvas."""
        if min(width, height) < 1:
            raise Damaged(f"its canvas is {width} x {height} pixels")
        if width * height > self._canvas_pixels:
            raise self.too_large(f"The stack is {width} x {height} pixels")

    @property
    def most_pixels_of_a_layer(self) -> float:
        """What the next layer may have."""
        return max(0.0, min(_CANVASES_A_LAYER * self._canvas_pixels, self._pixels_left))

    def check_layer(self, width: int, height: int) -> None:
        """Raises `LaminaError` (input_too_large) if a layer of that size is too large, `Damaged` if it has no size."""
        if min(width, height) < 0:
            raise Damaged(f"a layer is {width} x {height} pixels")
        if width * height > self.most_pixels_of_a_layer:
            raise self.too_large(f"A layer of {width} x {height} pixels is too large, or one too many")

    def take(self, width: int, height: int) -> None:
        """Counts a layer, before it is decoded where its size is known by then. Raises as `check_layer`."""
        self.check_layer(width, height)
        self._pixels_left -= width * height

    def take_drawing(self, area: int, layer_area: int, strips: int) -> None:
        """Counts a layer of `layer_area` pixels before it is drawn on `area`, strip by strip.

        Raises `LaminaError` (input_too_large).
        """
        self._drawing_left -= area + layer_area * strips
        if layer_area > _DRAWN_LAYER_CANVASES * self._canvas_pixels or self._drawing_left < 0:
            limit = self._canvas_pixels / 1e6
            raise LaminaError(
                ErrorCode.INPUT_TOO_LARGE,
                "Its groups, shapes, adjustments and effects are too large, or too many, to be drawn; the limit is "
                f"{_DRAWN_LAYER_CANVASES * limit:g} megapixels a layer, and {_CANVASES_DRAWN * limit:g} for all.",
                "Merge or rasterise them in the program that made the file, or raise the setting max_megapixels.",
            )

    def too_large(self, what: str) -> LaminaError:
        """The error (input_too_large) that begins with what is too large."""
        limit = self._canvas_pixels / 1e6
        return LaminaError(
            ErrorCode.INPUT_TOO_LARGE,
            f"{what}; the limit is {limit:g} megapixels, and {_CANVASES_A_STACK} times that for all layers.",
            "Make it smaller first, or raise the setting max_megapixels.",
        )
