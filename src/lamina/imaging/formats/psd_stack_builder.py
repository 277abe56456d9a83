"""Builds the flat stack of a Photoshop file layer by layer, so that its composite equals the rendering of psd-tools."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum, auto

import numpy as np
from psd_tools import PSDImage
from psd_tools.api.layers import AdjustmentLayer
from psd_tools.api.layers import Layer as PsdLayer

from lamina.core.composite import over, place
from lamina.core.layer_tree import ungrouped
from lamina.core.layers import BlendMode, Layer, Pixels
from lamina.imaging.formats.pixel_change import are_equal_within_rounding, solve_layer
from lamina.imaging.formats.psd_colours import DocumentColours
from lamina.imaging.formats.psd_pixels import SUPPORTED_BLENDS, multiply_alpha
from lamina.imaging.formats.psd_rendering import Edges, Renderer, affected_box
from lamina.imaging.size_limits import SizeLimits

_MAX_BLENDED_PIXELS = 24_000_000  # 12 to 20 bytes per pixel

LayerFactory = Callable[[Pixels, tuple[int, int], BlendMode], Layer]
"""Creates a layer from pixels, their left and top, and a blend mode; name and flags are already bound."""


class Result(Enum):
    """How a layer was added to the stack."""

    KEPT = auto()  # unchanged
    RASTERISED = auto()  # as a pixel layer that looks the same on any backdrop
    FITTED = auto()  # as a pixel layer that looks the same on the layers below
    MERGED = auto()  # merged with all visible layers below
    OUTSIDE = auto()  # not at all: it is outside the canvas


class StackBuilder:
    """Adds layers from the lowest up; `layers` is the stack so far.

    From the first rendered layer on, a canvas with the composite is kept. If blending in the document's colour space
    differs from blending in sRGB (`renders_all`), every visible layer is rendered and compared.
    """

    def __init__(self, document: PSDImage, colours: DocumentColours, limits: SizeLimits) -> None:
        self.layers: list[Layer] = []
        self.renders_all = not colours.blends_in_srgb and not self.is_too_large_to_blend(document, colours)
        self._document = document
        self._colours = colours
        self._limits = limits
        self._rendering: tuple[Renderer, Pixels] | None = None

    @staticmethod
    def is_too_large_to_blend(document: PSDImage, colours: DocumentColours) -> bool:
        """Whether the document needs a canvas in its own colour space that exceeds the memory limit."""
        return not colours.blends_in_srgb and document.width * document.height > _MAX_BLENDED_PIXELS

    def is_empty(self, box: Edges) -> bool:
        """Whether no visible layer intersects the box so far."""
        return not any(
            max(box[0], layer.left) < min(box[2], layer.left + layer.width)
            and max(box[1], layer.top) < min(box[3], layer.top + layer.height)
            for layer in self.layers
            if layer.is_visible
        )

    def add(self, layers: Sequence[Layer]) -> None:
        """Adds layers unchanged."""
        self.layers += layers
        if self._rendering is not None:
            for layer in layers:
                if layer.is_visible:
                    place(self._rendering[1], layer)

    def add_stored(self, layers: Sequence[Layer], source: PsdLayer, frame: Edges, create_layer: LayerFactory) -> Result:
        """Adds a visible layer with its clipped layers as stored, or rendered if the stored layers look different."""
        box = affected_box(source, frame) if self.renders_all else None
        if box is None:
            self.add(layers)
            return Result.KEPT
        renderer, canvas = self._renderer_and_canvas()
        below = canvas[_slices(box)].copy()
        after, _ = renderer.over(source, box, below)
        flat = below.copy()
        for layer in layers:
            place(flat, replace(layer, left=layer.left - box[0], top=layer.top - box[1]))
        if are_equal_within_rounding(flat, after):
            self.add(layers)
            return Result.KEPT
        lowest = replace(layers[0], left=layers[0].left - box[0], top=layers[0].top - box[1])
        placed = lowest.on_canvas(box[2] - box[0], box[3] - box[1])
        coverage = multiply_alpha(placed[..., 3], np.full_like(placed[..., 3], lowest.opacity))
        return self._add_change(box, below, after, coverage, create_layer)

    def add_rendered(self, source: PsdLayer, frame: Edges, create_layer: LayerFactory) -> Result:
        """Adds a visible layer, with its members and clipped layers, as one pixel layer."""
        box = affected_box(source, frame)
        if box is None:
            return Result.OUTSIDE
        self._limits.count_layer(box[2] - box[0], box[3] - box[1])
        renderer, canvas = self._renderer_and_canvas()
        below = canvas[_slices(box)].copy()
        after, alone = renderer.over(source, box, below)
        if isinstance(source, AdjustmentLayer):
            return self._add_change(box, below, after, None, create_layer)
        blend = SUPPORTED_BLENDS.get(source.blend_mode, BlendMode.NORMAL)
        if blend is not BlendMode.NORMAL:
            alone = renderer.alone(source, box)
        has_same_mode = source.blend_mode in SUPPORTED_BLENDS
        if has_same_mode and are_equal_within_rounding(over(below, alone, 255, blend), after):
            self.add([create_layer(alone, box[:2], blend).cropped()])
            return Result.RASTERISED
        return self._add_change(box, below, after, alone[..., 3].copy(), create_layer)

    def add_fill(self, box: Edges, colour: Sequence[float], create_layer: LayerFactory) -> None:
        """Adds an opaque rectangle of one colour, which is given in the document's colour space."""
        width, height = box[2] - box[0], box[3] - box[1]
        self._limits.count_layer(width, height)
        rgb = self._colours.to_srgb(np.asarray(colour, np.float32)[None, None])[0, 0]
        pixels = np.full((height, width, 4), (*rgb, 255), np.uint8)
        if self.renders_all:
            self._renderer_and_canvas()[0].fill(box, colour)
        self.add([create_layer(pixels, box[:2], BlendMode.NORMAL)])

    def _add_change(
        self, box: Edges, below: Pixels, after: Pixels, coverage: Pixels | None, create_layer: LayerFactory
    ) -> Result:
        change = solve_layer(below, after, coverage)
        if change is not None:
            self.add([create_layer(change, box[:2], BlendMode.NORMAL).cropped()])
            return Result.FITTED
        _, canvas = self._renderer_and_canvas()
        canvas[_slices(box)] = after
        self._limits.count_layer(self._document.width, self._document.height)
        merged = create_layer(canvas.copy(), (0, 0), BlendMode.NORMAL)
        # It has layers from outside the groups of its layer, and would lie between their members.
        hidden = [ungrouped(layer, merged.groups) for layer in self.layers if not layer.is_visible]
        self.layers = [*hidden, ungrouped(merged, merged.groups)]
        return Result.MERGED

    def _renderer_and_canvas(self) -> tuple[Renderer, Pixels]:
        if self._rendering is None:
            canvas = np.zeros((self._document.height, self._document.width, 4), np.uint8)
            for layer in self.layers:
                if layer.is_visible:
                    place(canvas, layer)
            renderer = Renderer(self._document, self._colours, self._limits, blends_own=self.renders_all)
            self._rendering = renderer, canvas
        return self._rendering


def _slices(box: Edges) -> tuple[slice, slice]:
    return slice(box[1], box[3]), slice(box[0], box[2])
