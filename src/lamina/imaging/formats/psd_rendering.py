"""Renders groups, shapes, fills, adjustments and layer effects with psd-tools, over the layers below."""

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
from lamina.imaging.formats.psd_colours import CHANNELS, DocumentColours, Planes
from lamina.imaging.formats.psd_features import has_rendering_packages, needs_rendering_packages
from lamina.imaging.size_limits import SizeLimits
from lamina.installation import install_command

if TYPE_CHECKING:
    from psd_tools.composite.composite import Compositor

Edges = tuple[int, int, int, int]
"""A rectangle on the canvas in the order of psd-tools: left, top, right, bottom."""

# What psd-tools raises for fills, paths and effects that it cannot render.
_RENDERER_ERRORS = (ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, TypeError, ValueError)
_STRIP_PIXELS = 4_000_000  # psd-tools needs about 100 bytes per pixel
_MAX_KNOTS = 100_000
_RENDERED_WEIGHT = 2  # gradients and strokes need 128 bytes per pixel, stored pixels half of that


class Renderer:
    """Renders the layers of one document in its colour space, and converts the result to sRGB.

    With `blends_own`, it keeps a canvas in the document's colour space: then every visible layer has to be rendered
    with `over`, lowest first. Without it, the colour space has to be (nearly) sRGB.
    """

    def __init__(self, document: PSDImage, colours: DocumentColours, limits: SizeLimits, *, blends_own: bool) -> None:
        from psd_tools.composite.widen import make_widen  # imports SciPy, which most files do not need

        self._document = document
        self._colours = colours
        self._limits = limits
        self._channels = CHANNELS[colours.mode]
        self._widen = make_widen(document)
        self._own: NDArray[np.float32] | None = None
        if blends_own:
            self._own = np.zeros((document.height, document.width, self._channels + 1), np.float32)

    def over(self, layer: PsdLayer, box: Edges, below: Pixels) -> tuple[Pixels, Pixels]:
        """The composite of the layer and `below`, which is the backdrop in the box, and the isolated layer.

        Both are RGBA. The isolated layer is meant for normal mode: composited over `below`, it gives the same result,
        except for changes of colours that it does not cover, and for rounding at low alpha.
        """
        self._check(layer, box)
        after, alone = (np.empty((box[3] - box[1], box[2] - box[0], 4), np.uint8) for _ in range(2))
        for strip in _strips(box):
            rows = slice(strip[1] - box[1], strip[3] - box[1])
            colour, alpha = self._backdrop(strip, below[rows])
            rendered = self._rendered(layer, strip, colour, alpha)
            covered = alpha + rendered.alpha - alpha * rendered.alpha
            visible = rendered.result_over_backdrop()
            after[rows] = self._to_pixels(visible, covered)
            alone[rows] = self._to_pixels(rendered.result_isolated(), rendered.alpha)
            if self._own is not None:
                self._own[strip[1] : strip[3], strip[0] : strip[2]] = np.dstack((visible, covered))
        return after, alone

    def alone(self, layer: PsdLayer, box: Edges) -> Pixels:
        """The layer on an empty backdrop, where its blend mode does not change its colours."""
        empty = np.zeros((box[3] - box[1], box[2] - box[0], 4), np.uint8)
        own, self._own = self._own, None
        try:
            return self.over(layer, box, empty)[1]
        finally:
            self._own = own

    def fill(self, box: Edges, colour: Sequence[float]) -> None:
        """Fills the box of the own canvas, if any, with an opaque colour of the document's colour space."""
        if self._own is not None:
            self._own[box[1] : box[3], box[0] : box[2]] = (*colour, 1)

    def _rendered(self, layer: PsdLayer, box: Edges, colour: Planes, alpha: Planes) -> "Compositor":
        from psd_tools.composite.composite import Compositor

        rendered = Compositor(
            box, colour, alpha, layer_filter=PsdLayer.is_visible, widen=self._widen, color_mode=self._colours.mode
        )
        try:
            rendered.apply(layer)
        except _RENDERER_ERRORS as error:
            raise LaminaError(
                ErrorCode.INPUT_NOT_A_STACK,
                f"The layer {layer.name!r} cannot be rendered: its shapes, fills or effects violate the format.",
                "Merge or rasterise it in the program that made the file.",
            ) from error
        return rendered

    def _backdrop(self, box: Edges, below: Pixels) -> tuple[Planes, Planes]:
        if self._own is not None:
            own = self._own[box[1] : box[3], box[0] : box[2]]
            return own[..., :-1].copy(), own[..., -1:].copy()
        samples = below.astype(np.float32) / 255
        return samples[..., : self._channels], samples[..., 3:]

    def _to_pixels(self, colour: Planes, alpha: Planes) -> Pixels:
        covered = np.floor(np.clip(np.nan_to_num(alpha), 0, 1) * 255 + 0.5).astype(np.uint8)
        visible = np.where(covered > 0, self._colours.to_srgb(colour), np.uint8(0))
        return np.concatenate([visible, covered], -1)

    def _check(self, layer: PsdLayer, box: Edges) -> None:
        parts = [layer, *layer.descendants()] if isinstance(layer, Group) else [layer, *layer.clip_layers]
        if not has_rendering_packages():
            _check_packages(parts)
        if sum(_count_knots(part) for part in parts) > _MAX_KNOTS:
            raise LaminaError(
                ErrorCode.INPUT_TOO_LARGE,
                f"The paths of the layer {layer.name!r} have more than {_MAX_KNOTS} anchor points.",
                "Rasterise it in the program that made the file.",
            )
        area, strips = (box[2] - box[0]) * (box[3] - box[1]), len(list(_strips(box)))
        for part in parts:
            stored = 0 if isinstance(part, Group) else part.width * part.height
            self._limits.count_rendering(
                area, stored * (_RENDERED_WEIGHT if needs_rendering_packages(part) else 1), strips
            )


def affected_box(layer: PsdLayer, frame: Edges) -> Edges | None:
    """The part of the frame that a visible layer with its members and clipped layers can change; None if empty."""
    box = _union(_affected_boxes(layer, frame))
    cut = max(box[0], frame[0]), max(box[1], frame[1]), min(box[2], frame[2]), min(box[3], frame[3])
    return cut if cut[0] < cut[2] and cut[1] < cut[3] else None


def _affected_boxes(layer: PsdLayer, frame: Edges) -> Iterator[Edges]:
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
                yield from (_expanded(box, margin) for box in _affected_boxes(child, inner))
    else:
        yield _expanded(layer.bbox, margin)


def _count_knots(layer: PsdLayer) -> int:
    mask = layer.vector_mask if layer.has_vector_mask() else None
    return 0 if mask is None else sum(len(path) for path in mask.paths)


def _margin(layer: PsdLayer) -> int:
    """The width by which strokes extend the layer, in pixels."""
    widths = [0.0]
    if layer.has_effects():
        widths += [effect.size for effect in layer.effects if isinstance(effect, Stroke) and effect.enabled]
    stroke = layer.stroke
    if stroke is not None and stroke.enabled:
        widths.append(stroke.line_width)
    return math.ceil(min(max(widths), 1e6)) + 1


def _expanded(box: Edges, margin: int) -> Edges:
    return box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin


def _union(boxes: Iterator[Edges]) -> Edges:
    non_empty = [box for box in boxes if box[0] < box[2] and box[1] < box[3]]
    if not non_empty:
        return 0, 0, 0, 0
    lefts, tops, rights, bottoms = zip(*non_empty, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _strips(box: Edges) -> Iterator[Edges]:
    rows = max(1, _STRIP_PIXELS // (box[2] - box[0]))
    for top in range(box[1], box[3], rows):
        yield box[0], top, box[2], min(box[3], top + rows)


def _check_packages(layers: list[PsdLayer]) -> None:
    for layer in layers:
        if layer.is_visible() and needs_rendering_packages(layer):
            raise LaminaError(
                ErrorCode.INPUT_NOT_A_STACK,
                f"The layer {layer.name!r} is a shape, a fill or an adjustment, or has layer effects; "
                "rendering it requires the packages aggdraw and SciPy.",
                f"Install them: {install_command('psd')}. Or rasterise the layer in the program that made it.",
            )
