"""Finds things that are alike and aligned: the bars of a chart, rows and columns; and the texts beside them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import Box, LayerKind
from lamina.engines.classic.folding import Relation
from lamina.engines.classic.raster import window_of
from lamina.engines.classic.solve import Element

_MIN_ALIKE = 3  # of a row, a column or a chart
_SAME_SIDE, _SAME_PLACE = 0.15, 0.12  # differences of sides and of places in a row, as shares of the side
_SAME_EDGE_PX = 2.5  # and of the ends of bars
_MIN_BAR_DIFFERENCE = 0.1  # between the longest and the shortest bar
_MIN_BAR_FILL = 0.8  # of the box around a bar
_MAX_BAR_GAP = 3.0  # between bars, in widths
_MAX_GAP = 4.0  # between things in a row, in their widths
_LABEL_REACH = 1.5  # of labels, in their heights
_MIN_BODY = 0.3  # of the longest row or column of a thing: shorter ones are lines at its sides
_THIN_SHARE = 0.012  # of the longer side of the image: an axis
_MAX_LABEL_WIDTH = 1.3  # of the chart

_Boxes = NDArray[np.float64]
"""(n, 4): x, y, width and height in pixels."""


def find_alike(elements: Sequence[Element], boxes: Sequence[Box]) -> list[tuple[Relation, list[int]]]:
    """The indices of what forms charts, rows and columns; each thing is in one at most."""
    things = [
        index
        for index, element in enumerate(elements)
        if not (element.kind in (LayerKind.TEXT, LayerKind.SMALL) or element.is_selected)
    ]
    boxes = [_body_box(element, box) for element, box in zip(elements, boxes, strict=True)]
    found: list[tuple[Relation, list[int]]] = []
    for relation in (Relation.CHART, Relation.ROW, Relation.COLUMN):
        for is_alike, is_kind in _TESTS[relation]:
            solid = [
                index for index in things if relation is not Relation.CHART or _is_solid(elements[index], boxes[index])
            ]
            places = np.array([boxes[index] for index in solid], float).reshape(-1, 4)
            sets = [members for members in _connected(is_alike(places)) if len(members) >= _MIN_ALIKE]
            found += [
                (relation, [solid[position] for position in members]) for members in sets if is_kind(places[members])
            ]
            taken = {index for _, indices in found for index in indices}
            things = [index for index in things if index not in taken]
    return found


def beside(elements: Sequence[Element], boxes: Sequence[Box], aligned: Sequence[int], *, with_axes: bool) -> set[int]:
    """The short texts right beside what is aligned; with axes, also the lines there."""
    x0, y0 = (min(boxes[index][axis] for index in aligned) for axis in (0, 1))
    x1, y1 = (max(boxes[index][axis] + boxes[index][axis + 2] for index in aligned) for axis in (0, 1))
    thin = _THIN_SHARE * max(elements[0].mask.shape)
    found: set[int] = set()
    for index, element in enumerate(elements):
        if index in aligned or element.is_selected:
            continue
        x, y, width, height = boxes[index]
        if element.kind is LayerKind.TEXT:
            line = height / max(1, len(element.text))
            reach = _LABEL_REACH * line
            left = x0 - reach - (width if len(element.text) == 1 else 0)
            is_in_reach = (
                left <= x and y0 - reach <= y and x + width <= x1 + reach + width and y + height <= y1 + 2 * reach
            )
            if is_in_reach and width <= _MAX_LABEL_WIDTH * (x1 - x0) and len(element.text) <= len(aligned):
                found.add(index)
        elif with_axes and min(width, height) <= thin:
            reach = max(x1 - x0, y1 - y0) / 8
            if x >= x0 - reach and y >= y0 - reach and x + width <= x1 + reach and y + height <= y1 + reach:
                found.add(index)
    return found


def _is_solid(element: Element, box: Box) -> bool:
    """Whether it fills its box, as a bar does."""
    return bool(np.count_nonzero(element.mask[window_of(box)]) >= _MIN_BAR_FILL * box[2] * box[3])


def _body_box(element: Element, box: Box) -> Box:
    """The box around it without thin lines, such as a piece of the axis on which a bar stands."""
    if element.kind is LayerKind.TEXT or not element.mask.any():
        return box
    own = element.mask[window_of(box)]
    columns, rows = (np.flatnonzero(_is_body(own.sum(axis))) for axis in (0, 1))
    x, y = int(columns[0]), int(rows[0])
    return box[0] + x, box[1] + y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y


def _is_body(lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
    return lengths >= max(1.0, _MIN_BODY * float(lengths.max()))


def _are_upright_bars(boxes: _Boxes) -> NDArray[np.bool_]:
    """(n, n): boxes of one width on one base line, beside each other."""
    x, y, width, height = boxes.T
    wider = np.maximum(width[:, None], width)
    is_wide = np.abs(width[:, None] - width) <= np.maximum(_SAME_EDGE_PX, _SAME_PLACE * wider)
    is_level = np.abs((y + height)[:, None] - (y + height)) <= _SAME_EDGE_PX
    apart = np.abs((x + width / 2)[:, None] - (x + width / 2))
    return is_wide & is_level & (apart >= 0.9 * wider) & (apart <= (1 + _MAX_BAR_GAP) * wider)


def _are_lying_bars(boxes: _Boxes) -> NDArray[np.bool_]:
    return _are_upright_bars(_lying(boxes))


def _lying(boxes: _Boxes) -> _Boxes:
    """The boxes turned, so that bars that start at the left stand on one line."""
    return np.stack([boxes[:, 1], -boxes[:, 0] - boxes[:, 2], boxes[:, 3], boxes[:, 2]], 1)


def _is_chart(boxes: _Boxes) -> bool:
    heights = boxes[:, 3]
    return bool(heights.max() - heights.min() > max(2 * _SAME_EDGE_PX, _MIN_BAR_DIFFERENCE * heights.max()))


def _is_lying_chart(boxes: _Boxes) -> bool:
    return _is_chart(_lying(boxes))


def _are_in_row(boxes: _Boxes) -> NDArray[np.bool_]:
    """(n, n): boxes of one size at one height."""
    x, y, width, height = boxes.T
    wider, higher = np.maximum(width[:, None], width), np.maximum(height[:, None], height)
    is_alike = (np.abs(width[:, None] - width) <= _SAME_SIDE * wider) & (
        np.abs(height[:, None] - height) <= _SAME_SIDE * higher
    )
    is_level = np.abs((y + height / 2)[:, None] - (y + height / 2)) <= _SAME_PLACE * higher
    apart = np.abs(x[:, None] - x)
    return is_alike & is_level & (apart >= 0.9 * wider) & (apart <= (1 + _MAX_GAP) * wider)


def _are_in_column(boxes: _Boxes) -> NDArray[np.bool_]:
    return _are_in_row(boxes[:, [1, 0, 3, 2]])


def _always(_: _Boxes) -> bool:
    return True


_TESTS = {
    Relation.CHART: ((_are_upright_bars, _is_chart), (_are_lying_bars, _is_lying_chart)),
    Relation.ROW: ((_are_in_row, _always),),
    Relation.COLUMN: ((_are_in_column, _always),),
}
"""For each relation: which pairs are alike, and whether all that are connected by them form it."""


def _connected(is_alike: NDArray[np.bool_]) -> list[list[int]]:
    """The connected sets of a symmetric relation (n, n)."""
    left = set(range(len(is_alike)))
    found: list[list[int]] = []
    while left:
        edge = [min(left)]
        reached: set[int] = set()
        while edge:
            index = edge.pop()
            if index in left:
                left.remove(index)
                reached.add(index)
                edge += np.flatnonzero(is_alike[index]).tolist()
        found.append(sorted(reached))
    return found
