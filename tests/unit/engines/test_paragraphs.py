"""Lines of a page hang together as paragraphs; a few lines stay by themselves."""

import numpy as np

from lamina.engines.classic.lettering import Lettering
from lamina.engines.classic.paragraphs import paragraphs


def line(x: int, y: int, width: int = 200, height: int = 12) -> Lettering:
    quad = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    return Lettering(
        box=(x, y, width, height),
        mask=np.ones((height, width), bool),
        string="words",
        quad=quad,
        colour=(0, 0, 0),
        size_px=12.0,
        score=1.0,
    )


def test_two_columns_of_a_page_are_two_paragraphs_and_the_title_a_third() -> None:
    columns = [line(x, 100 + 18 * row) for x in (20, 260) for row in range(20)]
    found = paragraphs([line(20, 20, 440, 40), *columns])
    assert sorted(map(len, found)) == [1, 20, 20]
    assert found[0] == [0]
    assert found[1] == list(range(1, 21))


def test_a_few_lines_are_never_gathered() -> None:
    assert paragraphs([line(20, 20 + 14 * row) for row in range(8)]) == [[row] for row in range(8)]
