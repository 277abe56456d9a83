"""Bars of charts, rows and columns are found by their boxes, with the texts and axes beside them."""

import numpy as np
import pytest

from lamina.core.layers import Box, LayerKind, TextLine
from lamina.engines.classic.alignment import beside, find_alike
from lamina.engines.classic.folding import Relation
from lamina.engines.classic.raster import bounding_box
from lamina.engines.classic.solve import Element

SHAPE = (400, 600)


def thing(*boxes: Box, kind: LayerKind = LayerKind.OBJECT) -> Element:
    mask = np.zeros(SHAPE, bool)
    for x, y, width, height in boxes:
        mask[y : y + height, x : x + width] = True
    picture = np.zeros((*SHAPE, 4), np.uint8)
    x, y, width, height = boxes[0]
    quad = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    text = (TextLine("42", quad, (0, 0, 0), height),) if kind is LayerKind.TEXT else ()
    return Element(name="", kind=kind, mask=mask, edge_area=mask, visible=picture, backdrop=picture, text=text)


def found(elements: list[Element]) -> list[tuple[Relation, list[int]]]:
    return find_alike(elements, [bounding_box(element.mask) for element in elements])


UPRIGHT = [thing((50 + 80 * i, 300 - height, 40, height)) for i, height in enumerate((120, 60, 200, 150))]
LYING = [thing((100, 50 + 60 * i, width, 25)) for i, width in enumerate((300, 80, 220, 140))]


@pytest.mark.parametrize("bars", [UPRIGHT, LYING])
def test_bars_on_one_line_are_a_chart(bars: list[Element]) -> None:
    assert found([thing((5, 5, 9, 9)), *bars]) == [(Relation.CHART, [1, 2, 3, 4])]


def test_bars_are_a_chart_also_with_a_piece_of_their_axis() -> None:
    bars = [
        thing((50 + 80 * i, 300 - height, 40, height), (50 + 80 * i, 300, 60 + 5 * i, 4))
        for i, height in enumerate((120, 60, 200))
    ]
    assert found(bars) == [(Relation.CHART, [0, 1, 2])]


def test_things_of_one_size_are_a_row_or_a_column() -> None:
    row = [thing((50 + 90 * i, 100 + i, 50, 48)) for i in range(4)]
    column = [thing((500, 20 + 90 * i, 30, 30)) for i in range(3)]
    assert found([*row, *column]) == [(Relation.ROW, [0, 1, 2, 3]), (Relation.COLUMN, [4, 5, 6])]


def test_two_things_or_things_of_different_sizes_are_neither() -> None:
    assert found([thing((50, 100, 50, 50)), thing((150, 100, 50, 50))]) == []
    assert found([thing((50, 100, 50, 50)), thing((150, 80, 90, 90)), thing((300, 110, 30, 30))]) == []


def test_labels_and_axes_beside_a_chart_belong_to_it() -> None:
    label, value = thing((52, 306, 30, 14), kind=LayerKind.TEXT), thing((55, 164, 26, 12), kind=LayerKind.TEXT)
    title, axis = thing((50, 10, 300, 30), kind=LayerKind.TEXT), thing((40, 301, 310, 3))
    elements = [*UPRIGHT, label, value, title, axis]
    boxes = [bounding_box(element.mask) for element in elements]
    assert beside(elements, boxes, [0, 1, 2, 3], with_axes=True) == {4, 5, 7}
    assert beside(elements, boxes, [0, 1, 2, 3], with_axes=False) == {4, 5}
