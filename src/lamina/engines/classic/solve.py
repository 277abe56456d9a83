"""Extracts exact layers at full size from the plan at working size, strip by strip in bounded memory."""

from dataclasses import dataclass, replace
from math import ceil, floor
from typing import Self

import cv2
import numpy as np

from lamina.core.layers import Box, Layer, LayerKind, Pixels, TextLine
from lamina.engines.classic.candidates import Whole
from lamina.engines.classic.parallel import THREADS, map_in_threads
from lamina.engines.classic.raster import Mask, bounding_box, depth, grow, nearest_values
from lamina.engines.classic.unblend import extract_layer

_REACH_PX = 3  # beyond the soft edge
_STRIP_PIXELS = 1_000_000
_SAME_LEVELS = 4  # maximum difference of equal text colours
_EDGE_DEPTH_PX, _STROKE_DEPTH_PX = 3.0, 1.5


@dataclass(frozen=True, eq=False, kw_only=True)
class Element:
    """A planned layer at working size.

    `mask`: (h, w), its shape. The other maps may be a crop around it, whose top left is at `corner` (x, y).
    `edge_area`: where its soft edge may extend. `visible`, `backdrop`: (..., 4), the image without the layers above,
    and also without this layer. `edge_px`: width of the soft edge. `shadow`: where it darkens the backdrop beside its
    shape: soft black that belongs to the layer. `within`: see `Candidate`.
    `is_selected`: the user selected it.
    """

    name: str
    kind: LayerKind
    mask: Mask
    edge_area: Mask
    visible: Pixels
    backdrop: Pixels
    edge_px: int = 2
    shadow: Mask | None = None
    text: tuple[TextLine, ...] = ()
    within: tuple[Whole, ...] = ()
    is_selected: bool = False
    corner: tuple[int, int] = (0, 0)

    def in_crop(self, window: tuple[slice, slice]) -> tuple[slice, slice]:
        """The rows and columns of a window of `mask` in the other maps."""
        (x, y), (rows, columns) = self.corner, window
        return slice(rows.start - y, rows.stop - y), slice(columns.start - x, columns.stop - x)

    def cropped(self) -> Self:
        """The same with maps that are cropped as far as its soft edge and its shadow may extend."""
        x, y, width, height = joint_box(self)
        if not width:
            return self
        reach = self.edge_px + _REACH_PX
        window = slice(max(0, y - reach), y + height + reach), slice(max(0, x - reach), x + width + reach)
        crop = self.in_crop(window)
        return replace(
            self,
            corner=(window[1].start, window[0].start),
            edge_area=self.edge_area[crop].copy(),
            visible=self.visible[crop].copy(),
            backdrop=self.backdrop[crop].copy(),
            shadow=None if self.shadow is None else self.shadow[crop].copy(),
        )


@dataclass(frozen=True, eq=False)
class Solved:
    """`layers`: bottom first. `elements`: for each of them the index of its element; None for the background."""

    layers: list[Layer]
    elements: list[int | None]


def solve(picture: Pixels, elements: list[Element], noise: float) -> Solved:
    """The layers of the elements, which are given front first, and the remaining background.

    `picture`: (H, W, 4) at full size. `noise`: chance difference between backdrop and image, in levels. An empty
    background is omitted. The composite of the layers equals the image in every sample.
    """
    height, width = picture.shape[:2]
    extractors = map_in_threads(lambda element: _LayerExtractor(element, width, height), elements)
    background = picture.copy()
    rows = max(16, min(_STRIP_PIXELS // width, ceil(height / THREADS)))

    def extract_from_strip(top: int) -> None:
        for extractor in extractors:
            extractor.extract(background[top : top + rows], top, noise)

    map_in_threads(extract_from_strip, range(0, height, rows))
    layers: list[Layer] = []
    indices: list[int | None] = []
    for index in range(len(elements) - 1, -1, -1):
        if extractors[index].pixels[..., 3].any():
            layers.append(extractors[index].layer())
            indices.append(index)
    if layers and not background[..., 3].any():
        return Solved(layers, indices)
    return Solved([Layer("Background", LayerKind.BACKGROUND, background), *layers], [None, *indices])


class _LayerExtractor:
    """Holds the maps of one element in its window at working size, and its layer while it is extracted."""

    def __init__(self, element: Element, width: int, height: int) -> None:
        self._element = element
        rows, columns = element.mask.shape
        self._scale = width / columns, height / rows
        reach = element.edge_px + _REACH_PX
        x, y, w, h = joint_box(element)
        x0, y0, x1, y1 = max(0, x - reach), max(0, y - reach), min(columns, x + w + reach), min(rows, y + h + reach)
        self._corner = x0, y0
        window = np.s_[y0:y1, x0:x1]
        mask, crop = element.mask[window], element.in_crop(window)
        shadow = None if element.shadow is None else element.shadow[crop]
        core = _core(mask, _STROKE_DEPTH_PX if element.text else _EDGE_DEPTH_PX)
        self._strokes = _distinct([line.colour for line in element.text]) if element.text else None
        support = grow(mask, element.edge_px) & (element.edge_area[crop] | mask)
        self._colours = nearest_values(element.visible[crop][..., :3], core if core.any() else mask)
        if shadow is not None:
            support |= grow(shadow, element.edge_px) & (element.edge_area[crop] | mask)
            self._colours[shadow & ~grow(mask, element.edge_px)] = 0
        self._maps = np.dstack([mask, core, support]).astype(np.uint8) * 255
        self._backdrop = element.backdrop[crop]
        self.left, self.top = floor(x0 * self._scale[0]), floor(y0 * self._scale[1])
        right, bottom = min(width, ceil(x1 * self._scale[0])), min(height, ceil(y1 * self._scale[1]))
        self.pixels = np.zeros((bottom - self.top, right - self.left, 4), np.uint8)

    def extract(self, strip: Pixels, strip_top: int, noise: float) -> None:
        """Extracts this element from the strip (rows from `strip_top` of the image)."""
        height = self.pixels.shape[0]
        first, last = max(self.top, strip_top), min(self.top + height, strip_top + len(strip))
        if first >= last:
            return
        maps = self._at_full_size(self._maps, first, last)
        if not maps[..., 2].any():
            return
        for top, bottom in _runs(np.asarray(maps[..., 2].any(1))):
            self._extract_rows(
                strip, strip_top, first=first + top, last=first + bottom, maps=maps[top:bottom], noise=noise
            )

    def _extract_rows(
        self, strip: Pixels, strip_top: int, *, first: int, last: int, maps: Pixels, noise: float
    ) -> None:
        part = strip[first - strip_top : last - strip_top, self.left : self.left + self.pixels.shape[1]]
        inside, core, support = (maps[..., i] > 127 for i in range(3))
        backdrop = self._at_full_size(self._backdrop, first, last)
        colours = self._at_full_size(self._colours, first, last)
        self.pixels[first - self.top : last - self.top] = extract_layer(
            part,
            backdrop,
            inside=inside,
            core=core,
            support=support,
            colours=colours,
            noise=noise,
            strokes=self._strokes,
        )

    def _at_full_size(self, working: Pixels, first: int, last: int) -> Pixels:
        """Rows `first` to `last` of the layer's rectangle, resampled from a map at working size."""
        (across, down), (x0, y0) = self._scale, self._corner
        width = self.pixels.shape[1]
        if across == 1 and down == 1:
            return working[first - y0 : last - y0]
        shift_x = (self.left + 0.5) / across - 0.5 - x0
        shift_y = (first + 0.5) / down - 0.5 - y0
        inverse = np.array([[1 / across, 0, shift_x], [0, 1 / down, shift_y]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = width, last - first
        sampled = cv2.warpAffine(working, inverse, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(sampled, np.uint8)

    def layer(self) -> Layer:
        element = self._element
        across, down = self._scale
        text = tuple(_scaled(line, across, down) for line in element.text)
        return Layer(element.name, element.kind, self.pixels, self.left, self.top, text=text).cropped()


def joint_box(element: Element) -> Box:
    """The bounding box of its shape and its shadow."""
    x, y, width, height = bounding_box(element.mask)
    if element.shadow is None or not element.shadow.any():
        return x, y, width, height
    left, top, across, down = bounding_box(element.shadow)
    left, top = left + element.corner[0], top + element.corner[1]
    right, bottom = max(x + width, left + across), max(y + height, top + down)
    return min(x, left), min(y, top), right - min(x, left), bottom - min(y, top)


def _runs(is_needed: Mask) -> list[tuple[int, int]]:
    """Start and end of each run of needed rows: text lines of one layer may be far apart."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_needed.view(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _distinct(colours: list[tuple[int, int, int]]) -> Pixels:
    """(n, 3): the distinct colours of a layer's lines; a page has a colour per line."""
    distinct: list[tuple[int, int, int]] = []
    for colour in colours:
        differences = (max(abs(a - b) for a, b in zip(colour, other_colour, strict=True)) for other_colour in distinct)
        if all(difference > _SAME_LEVELS for difference in differences):
            distinct.append(colour)
    return np.array(distinct, np.uint8)


def _core(mask: Mask, edge_px: float) -> Mask:
    """The pixels deeper than the soft edge, and the centre lines of thin parts."""
    inward = depth(mask)
    spine = inward >= np.asarray(cv2.dilate(inward, np.ones((5, 5), np.uint8)))
    return mask & ((inward > edge_px) | spine)


def _scaled(line: TextLine, across: float, down: float) -> TextLine:
    corners = [(x * across, y * down) for x, y in line.quad]
    return TextLine(line.string, (corners[0], corners[1], corners[2], corners[3]), line.colour, line.size_px * down)
