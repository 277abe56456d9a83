"""Draws Photoshop's groups, shapes, fills, adjustments and effects by psd-tools, over what is below them."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from psd_tools import PSDImage
from psd_tools.api.effects import Stroke
from psd_tools.api.layers import AdjustmentLayer, Artboard, Group
from psd_tools.api.layers import Layer as PsdLayer

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Pixels
from lamina.imaging.formats.psd_colours import CHANNELS, Colours, Planes
from lamina.imaging.formats.psd_features import are_drawing_packages_here, needs_drawing_packages
from lamina.imaging.size_limits import SizeLimits
from lamina.installation import install_command

if TYPE_CHECKING:
    from psd_tools.composite.composite import Compositor

Edges = tuple[int, int, int, int]
"""A rectangle on the canvas as psd-tools has it: left, top, right, bottom."""

# What psd-tools raises for fills, paths and effects that it cannot make sense of.
_UNDRAWABLE = (ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, TypeError, ValueError)
_STRIP_PIXELS = 4_000_000  # about 100 bytes each while psd-tools works on them
_MOST_KNOTS = 100_000
_DRAWN_WEIGHT = 2  # a gradient or a stroke takes 128 bytes for a pixel of its layer, stored pixels half of that


class Renderer:
    """Draws the layers of one document, in its own numbers, and shows them as sRGB.

    With `blends_own` it keeps a canvas in these numbers: then every visible layer has to be drawn by `over`, lowest
    first. Without, the numbers have to be those of sRGB, or nearly so.
    """

    def __init__(self, document: PSDImage, colours: Colours, limits: SizeLimits, *, blends_own: bool) -> None:
        from psd_tools.composite.widen import make_widen  # loads SciPy, which most files do not need

        self._document = document
        self._colours = colours
        self._limits = limits
        self._channels = CHANNELS[colours.mode]
        self._widen = make_widen(document)
        self._own: NDArray[np.float32] | None = None
        if blends_own:
            self._own = np.zeros((document.height, document.width, self._channels + 1), np.float32)

    def over(self, layer: PsdLayer, box: Edges, below: Pixels) -> tuple[Pixels, Pixels]:
        """The layer over `below`, which is what is to be seen in the box without it, and the layer by itself.

        Both are RGBA. By itself it is as in normal mode: over `below` it gives the same, but for what it does to
        colours that it does not cover, and to those that a rounded, thin layer cannot tell.
        """
        self._check(layer, box)
        after, alone = (np.empty((box[3] - box[1], box[2] - box[0], 4), np.uint8) for _ in range(2))
        for strip in _strips(box):
            rows = slice(strip[1] - box[1], strip[3] - box[1])
            colour, alpha = self._ground(strip, below[rows])
            drawn = self._drawn(layer, strip, colour, alpha)
            covered = alpha + drawn.alpha - alpha * drawn.alpha
            seen = drawn.result_over_backdrop()
            after[rows] = self._shown(seen, covered)
            alone[rows] = self._shown(drawn.result_isolated(), drawn.alpha)
            if self._own is not None:
                self._own[strip[1] : strip[3], strip[0] : strip[2]] = np.dstack((seen, covered))
        return after, alone

    def alone(self, layer: PsdLayer, box: Edges) -> Pixels:
        """The layer over nothing, so that its mode has not changed its colours."""
        nothing = np.zeros((box[3] - box[1], box[2] - box[0], 4), np.uint8)
        own, self._own = self._own, None
        try:
            return self.over(layer, box, nothing)[1]
        finally:
            self._own = own

    def fill(self, box: Edges, colour: Sequence[float]) -> None:
        """Makes the box of its own canvas, if it has one, opaque in a colour of the document's numbers."""
        if self._own is not None:
            self._own[box[1] : box[3], box[0] : box[2]] = (*colour, 1)

    def _drawn(self, layer: PsdLayer, box: Edges, colour: Planes, alpha: Planes) -> "Compositor":
        from psd_tools.composite.composite import Compositor

        drawn = Compositor(
            box, colour, alpha, layer_filter=PsdLayer.is_visible, widen=self._widen, color_mode=self._colours.mode
        )
        try:
            drawn.apply(layer)
        except _UNDRAWABLE as error:
            raise LaminaError(
                ErrorCode.INPUT_NOT_A_STACK,
                f"The layer {layer.name!r} cannot be drawn: something in its shapes, fills or effects is not as "
                "Photoshop writes it.",
                "Merge or rasterise it in the program that made the file.",
            ) from error
        return drawn

    def _ground(self, box: Edges, below: Pixels) -> tuple[Planes, Planes]:
        if self._own is not None:
            own = self._own[box[1] : box[3], box[0] : box[2]]
            return own[..., :-1].copy(), own[..., -1:].copy()
        samples = below.astype(np.float32) / 255
        return samples[..., : self._channels], samples[..., 3:]

    def _shown(self, colour: Planes, alpha: Planes) -> Pixels:
        covered = np.floor(np.clip(np.nan_to_num(alpha), 0, 1) * 255 + 0.5).astype(np.uint8)
        seen = np.where(covered > 0, self._colours.to_srgb(colour), np.uint8(0))
        return np.concatenate([seen, covered], -1)

    def _check(self, layer: PsdLayer, box: Edges) -> None:
        parts = [layer, *layer.descendants()] if isinstance(layer, Group) else [layer, *layer.clip_layers]
        if not are_drawing_packages_here():
            _refuse_without_packages(parts)
        if sum(_count_knots(part) for part in parts) > _MOST_KNOTS:
            raise LaminaError(
                ErrorCode.INPUT_TOO_LARGE,
                f"The paths of {layer.name!r} have more than {_MOST_KNOTS} points.",
                "Rasterise it in the program that made the file.",
            )
        area, strips = (box[2] - box[0]) * (box[3] - box[1]), len(list(_strips(box)))
        for part in parts:
            stored = 0 if isinstance(part, Group) else part.width * part.height
            self._limits.count_rendering(area, stored * (_DRAWN_WEIGHT if needs_drawing_packages(part) else 1), strips)


def reach(layer: PsdLayer, frame: Edges) -> Edges | None:
    """The part of the frame that a visible layer, and what belongs to it, can change; None for none of it."""
    box = _union(_reaches(layer, frame))
    cut = max(box[0], frame[0]), max(box[1], frame[1]), min(box[2], frame[2]), min(box[3], frame[3])
    return cut if cut[0] < cut[2] and cut[1] < cut[3] else None


def _reaches(layer: PsdLayer, frame: Edges) -> Iterator[Edges]:
    if isinstance(layer, AdjustmentLayer) or (layer.has_vector_mask() and not layer.has_pixels()):
        yield frame
        return
    margin = _margin(layer)
    if isinstance(layer, Group):
        inner = frame
        if isinstance(layer, Artboard):
            left, top, right, bottom = layer.bbox
            inner = max(left, frame[0]), max(top, frame[1]), min(right, frame[2]), min(bottom, frame[3])
        for child in layer:
            if child.visible:
                yield from (_grown(box, margin) for box in _reaches(child, inner))
    else:
        yield _grown(layer.bbox, margin)


def _count_knots(layer: PsdLayer) -> int:
    mask = layer.vector_mask if layer.has_vector_mask() else None
    return 0 if mask is None else sum(len(path) for path in mask.paths)


def _margin(layer: PsdLayer) -> int:
    """How far strokes go beyond the layer, in pixels."""
    widths = [0.0]
    if layer.has_effects():
        widths += [effect.size for effect in layer.effects if isinstance(effect, Stroke) and effect.enabled]
    stroke = layer.stroke
    if stroke is not None and stroke.enabled:
        widths.append(stroke.line_width)
    return math.ceil(min(max(widths), 1e6)) + 1


def _grown(box: Edges, margin: int) -> Edges:
    return box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin


def _union(boxes: Iterator[Edges]) -> Edges:
    held = [box for box in boxes if box[0] < box[2] and box[1] < box[3]]
    if not held:
        return 0, 0, 0, 0
    lefts, tops, rights, bottoms = zip(*held, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _strips(box: Edges) -> Iterator[Edges]:
    rows = max(1, _STRIP_PIXELS // (box[2] - box[0]))
    for top in range(box[1], box[3], rows):
        yield box[0], top, box[2], min(box[3], top + rows)


def _refuse_without_packages(layers: list[PsdLayer]) -> None:
    for layer in layers:
        if layer.is_visible() and needs_drawing_packages(layer):
            raise LaminaError(
                ErrorCode.INPUT_NOT_A_STACK,
                f"The layer {layer.name!r} is a shape, a fill, an adjustment or has layer effects, which need the "
                "packages aggdraw and SciPy to be drawn.",
                f"Install them: {install_command('psd')}. Or rasterise the layer in the program that made it.",
            )
