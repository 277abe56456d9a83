"""From a plan at working size to exact layers at the picture's own size, strip by strip in bounded memory."""

from dataclasses import dataclass
from math import ceil, floor

import cv2
import numpy as np

from lamina.core.layers import Layer, LayerKind, Pixels, TextLine
from lamina.engines.classic.raster import Mask, bounds, depth, grow, spread_from
from lamina.engines.classic.threads import THREADS, at_once
from lamina.engines.classic.unblend import lift

_STRIP_PIXELS = 1_000_000
_SAME_LEVELS = 4  # between the colours of lines that were printed alike
_EDGE_DEPTH_PX, _STROKE_DEPTH_PX = 3.0, 1.5


@dataclass(frozen=True, eq=False)
class Element:
    """One layer to be: what it is called and, at working size, where it is and what lies beneath it.

    `mask`: (h, w), its shape. `room`: (h, w), where its soft edge may reach. `seen`, `ground`: (h, w, 4), the picture
    with all layers above this one taken away, and with this one taken away too. `edge_px`: how far the edge reaches.
    """

    name: str
    kind: LayerKind
    mask: Mask
    room: Mask
    seen: Pixels
    ground: Pixels
    edge_px: int = 2
    text: tuple[TextLine, ...] = ()


def solve(picture: Pixels, elements: list[Element], noise: float) -> list[Layer]:
    """Layers for the elements (front first) and what remains of the picture, the background (left out if nothing does);
    bottom first.

    `picture`: (H, W, 4) at its own size. `noise`: levels of chance difference between a ground and the picture.
    The composite of the layers equals the picture in every sample.
    """
    height, width = picture.shape[:2]
    lifters = at_once(lambda element: _Lifter(element, width, height), elements)
    background = picture.copy()
    rows = max(16, min(_STRIP_PIXELS // width, ceil(height / THREADS)))

    def lift_from_strip(top: int) -> None:
        for lifter in lifters:
            lifter.lift_from(background[top : top + rows], top, noise)

    at_once(lift_from_strip, range(0, height, rows))
    found = [lifter.layer() for lifter in reversed(lifters) if lifter.pixels[..., 3].any()]
    if found and not background[..., 3].any():
        return found
    return [Layer("Background", LayerKind.BACKGROUND, background), *found]


class _Lifter:
    """Holds one element's maps on the rectangle of working pixels they fill, and the layer while it grows."""

    def __init__(self, element: Element, width: int, height: int) -> None:
        self._element = element
        rows, columns = element.mask.shape
        self._scale = width / columns, height / rows
        reach = element.edge_px + 3
        x, y, w, h = bounds(element.mask)
        x0, y0, x1, y1 = max(0, x - reach), max(0, y - reach), min(columns, x + w + reach), min(rows, y + h + reach)
        self._corner = x0, y0
        window = np.s_[y0:y1, x0:x1]
        mask = element.mask[window]
        core = _core(mask, _STROKE_DEPTH_PX if element.text else _EDGE_DEPTH_PX)
        self._strokes = _distinct([line.colour for line in element.text]) if element.text else None
        support = grow(mask, element.edge_px) & (element.room[window] | mask)
        self._maps = np.dstack([mask, core, support]).astype(np.uint8) * 255
        self._colours = spread_from(element.seen[window][..., :3], core if core.any() else mask)
        self._ground = element.ground[window]
        self.left, self.top = floor(x0 * self._scale[0]), floor(y0 * self._scale[1])
        right, bottom = min(width, ceil(x1 * self._scale[0])), min(height, ceil(y1 * self._scale[1]))
        self.pixels = np.zeros((bottom - self.top, right - self.left, 4), np.uint8)

    def lift_from(self, strip: Pixels, strip_top: int, noise: float) -> None:
        """Takes this element's share of the strip (rows from `strip_top` of the picture) into the layer."""
        height = self.pixels.shape[0]
        first, last = max(self.top, strip_top), min(self.top + height, strip_top + len(strip))
        if first >= last:
            return
        maps = self._at_full_size(self._maps, first, last)
        if not maps[..., 2].any():
            return
        for top, bottom in _runs(np.asarray(maps[..., 2].any(1))):
            self._lift_rows(strip, strip_top, first + top, first + bottom, maps[top:bottom], noise)

    def _lift_rows(self, strip: Pixels, strip_top: int, first: int, last: int, maps: Pixels, noise: float) -> None:
        part = strip[first - strip_top : last - strip_top, self.left : self.left + self.pixels.shape[1]]
        inside, core, support = (maps[..., i] > 127 for i in range(3))
        ground = self._at_full_size(self._ground, first, last)
        colours = self._at_full_size(self._colours, first, last)
        self.pixels[first - self.top : last - self.top] = lift(
            part, ground, inside, core, support, colours, noise, self._strokes
        )

    def _at_full_size(self, working: Pixels, first: int, last: int) -> Pixels:
        """Rows `first` to `last` of the layer's rectangle, sampled from a map on the working rectangle."""
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


def _runs(is_needed: Mask) -> list[tuple[int, int]]:
    """Where the rows that are needed begin and end: lines of text may lie far apart in one layer."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_needed.view(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _distinct(colours: list[tuple[int, int, int]]) -> Pixels:
    """(n, 3): the colours of a layer's lines, without those that are alike: a page of text has a line for every one."""
    kept: list[tuple[int, int, int]] = []
    for colour in colours:
        if all(max(abs(a - b) for a, b in zip(colour, other, strict=True)) > _SAME_LEVELS for other in kept):
            kept.append(colour)
    return np.array(kept, np.uint8)


def _core(mask: Mask, edge_px: float) -> Mask:
    """What lies deeper than the edge that is mixed with the ground, and the spines of thin parts."""
    inward = depth(mask)
    spine = inward >= np.asarray(cv2.dilate(inward, np.ones((5, 5), np.uint8)))
    return mask & ((inward > edge_px) | spine)


def _scaled(line: TextLine, across: float, down: float) -> TextLine:
    corners = [(x * across, y * down) for x, y in line.quad]
    return TextLine(line.string, (corners[0], corners[1], corners[2], corners[3]), line.colour, line.size_px * down)
