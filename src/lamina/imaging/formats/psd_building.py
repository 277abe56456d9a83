"""Builds the flat stack of a Photoshop file, layer by layer, so that it adds up to what psd-tools draws."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum, auto

import numpy as np
from psd_tools import PSDImage
from psd_tools.api.layers import AdjustmentLayer
from psd_tools.api.layers import Layer as PsdLayer

from lamina.core.composite import over, place
from lamina.core.layers import BlendMode, Layer, Pixels
from lamina.imaging.formats.pixel_change import are_alike, change_between
from lamina.imaging.formats.psd_colours import Colours
from lamina.imaging.formats.psd_pixels import BLENDS_READ, limited
from lamina.imaging.formats.psd_rendering import Edges, Renderer, reach
from lamina.imaging.size_limits import SizeLimits

_MOST_BLENDED_PIXELS = 24_000_000  # 12 to 20 bytes each

Maker = Callable[[Pixels, tuple[int, int], BlendMode], Layer]
"""Makes a layer of pixels, their left and top, and a mode, with the name and the switches that it shall have."""


class Outcome(Enum):
    """What became of a layer."""

    KEPT = auto()  # as it is stored
    DRAWN = auto()  # as a layer of pixels that looks so on any ground
    FITTED = auto()  # as a layer of pixels that looks so on the layers below it
    MERGED = auto()  # together with all visible layers below it
    NOWHERE = auto()  # it lies outside of the canvas


class StackBuilder:
    """Takes layers lowest first; `layers` is the stack so far.

    A canvas of what they show is kept from the first layer on that has to be drawn. Where the document's own numbers
    add up to something else than sRGB does (`draws_all`), every visible layer is drawn, and compared.
    """

    def __init__(self, document: PSDImage, colours: Colours, limits: SizeLimits) -> None:
        self.layers: list[Layer] = []
        self.draws_all = not colours.are_blended_as_shown and not self.is_too_large_to_blend(document, colours)
        self._document = document
        self._colours = colours
        self._limits = limits
        self._drawing: tuple[Renderer, Pixels] | None = None

    @staticmethod
    def is_too_large_to_blend(document: PSDImage, colours: Colours) -> bool:
        """Whether a canvas in the document's own numbers would count, but would take too much memory."""
        return not colours.are_blended_as_shown and document.width * document.height > _MOST_BLENDED_PIXELS

    def is_clear(self, box: Edges) -> bool:
        """Whether no visible layer reaches into the box so far."""
        return not any(
            max(box[0], layer.left) < min(box[2], layer.left + layer.width)
            and max(box[1], layer.top) < min(box[3], layer.top + layer.height)
            for layer in self.layers
            if not layer.is_hidden
        )

    def add(self, layers: Sequence[Layer]) -> None:
        """Adds layers that are what they are."""
        self.layers += layers
        if self._drawing is not None:
            for layer in layers:
                if not layer.is_hidden:
                    place(self._drawing[1], layer)

    def add_stored(self, layers: Sequence[Layer], source: PsdLayer, frame: Edges, make: Maker) -> Outcome:
        """Adds what the file stores of a visible layer and those clipped to it, or else what is to be seen of it."""
        box = reach(source, frame) if self.draws_all else None
        if box is None:
            self.add(layers)
            return Outcome.KEPT
        renderer, canvas = self._begun()
        below = canvas[_within(box)].copy()
        after, _ = renderer.over(source, box, below)
        found = below.copy()
        for layer in layers:
            place(found, replace(layer, left=layer.left - box[0], top=layer.top - box[1]))
        if are_alike(found, after):
            self.add(layers)
            return Outcome.KEPT
        lowest = replace(layers[0], left=layers[0].left - box[0], top=layers[0].top - box[1])
        placed = lowest.on_canvas(box[2] - box[0], box[3] - box[1])
        coverage = limited(placed[..., 3], np.full_like(placed[..., 3], lowest.opacity))
        return self._add_change(box, below, after, coverage, make)

    def add_drawn(self, source: PsdLayer, frame: Edges, make: Maker) -> Outcome:
        """Adds a visible layer, with those in it or clipped to it, as one layer of pixels."""
        box = reach(source, frame)
        if box is None:
            return Outcome.NOWHERE
        self._limits.count_layer(box[2] - box[0], box[3] - box[1])
        renderer, canvas = self._begun()
        below = canvas[_within(box)].copy()
        after, alone = renderer.over(source, box, below)
        if isinstance(source, AdjustmentLayer):
            return self._add_change(box, below, after, None, make)
        blend = BLENDS_READ.get(source.blend_mode, BlendMode.NORMAL)
        if blend is not BlendMode.NORMAL:
            alone = renderer.alone(source, box)
        looks_so_anywhere = source.blend_mode in BLENDS_READ
        if looks_so_anywhere and are_alike(over(below, alone, 255, blend), after):
            self.add([make(alone, box[:2], blend).cropped()])
            return Outcome.DRAWN
        return self._add_change(box, below, after, alone[..., 3].copy(), make)

    def add_plain(self, box: Edges, colour: Sequence[float], make: Maker) -> None:
        """Adds an opaque rectangle of one colour, given in the document's own numbers."""
        width, height = box[2] - box[0], box[3] - box[1]
        self._limits.count_layer(width, height)
        to_srgb = self._colours.to_srgb(np.asarray(colour, np.float32)[None, None])[0, 0]
        pixels = np.full((height, width, 4), (*to_srgb, 255), np.uint8)
        if self.draws_all:
            self._begun()[0].fill(box, colour)
        self.add([make(pixels, box[:2], BlendMode.NORMAL)])

    def _add_change(self, box: Edges, below: Pixels, after: Pixels, coverage: Pixels | None, make: Maker) -> Outcome:
        change = change_between(below, after, coverage)
        if change is not None:
            self.add([make(change, box[:2], BlendMode.NORMAL).cropped()])
            return Outcome.FITTED
        _, canvas = self._begun()
        canvas[_within(box)] = after
        self._limits.count_layer(self._document.width, self._document.height)
        hidden = [layer for layer in self.layers if layer.is_hidden]
        self.layers = [*hidden, make(canvas.copy(), (0, 0), BlendMode.NORMAL)]
        return Outcome.MERGED

    def _begun(self) -> tuple[Renderer, Pixels]:
        if self._drawing is None:
            canvas = np.zeros((self._document.height, self._document.width, 4), np.uint8)
            for layer in self.layers:
                if not layer.is_hidden:
                    place(canvas, layer)
            renderer = Renderer(self._document, self._colours, self._limits, blends_own=self.draws_all)
            self._drawing = renderer, canvas
        return self._drawing


def _within(box: Edges) -> tuple[slice, slice]:
    return slice(box[1], box[3]), slice(box[0], box[2])
