"""A layer with several blocks of text is not set as one; text that was set as one with empty lines stays one."""

from dataclasses import replace

import numpy as np
import pytest
from test_text_setting import STYLE, Page, needs_the_font, text_layer

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Layer
from lamina.stacks import operations as op
from lamina.stacks.document import Document
from lamina.stacks.lettering import Row

__all__ = ["needs_the_font"]


def two_blocks() -> Layer:
    """A headline, and a line of half its size below."""
    headline = text_layer([Row("Summer sale", 40.0, 60.0)], STYLE)
    line = text_layer([Row("Up to half the price", 40.0, 150.0)], replace(STYLE, size_px=16.0, line_height_px=20.0))
    pixels = headline.on_canvas(400, 240) | line.on_canvas(400, 240)
    return replace(headline, pixels=pixels, left=0, top=0, text=(*headline.text, *line.text))


def words_of(document: Document) -> list[str]:
    return [line.string for line in next(document.layers()).text]


@pytest.mark.parametrize("change", [{"words": "Winter"}, {"size_px": 20.0}, {"colour": (0, 0, 0)}])
def test_several_blocks_are_refused_by_their_words(change: dict[str, object]) -> None:
    page = Page(two_blocks())
    with pytest.raises(LaminaError) as caught:
        page.after(replace(op.SetText(node=1), **change))
    assert caught.value.code is ErrorCode.TASK_INVALID
    assert caught.value.message == (
        "The layer 'Title' has 2 blocks of text, which are not set as one: 'Summer sale', 'Up to half the price'."
    )
    assert "separate" in caught.value.hint


def test_text_with_empty_lines_stays_one_text() -> None:
    page = Page(text_layer([Row("Hello", 60.0, 40.0)], replace(STYLE, size_px=16.0, line_height_px=20.0)))
    written = page.after(op.SetText(node=1, words="One\n\n\n\nTwo"))
    again = page.after(op.SetText(node=1, words="One\n\n\n\nTwo"), op.SetText(node=1, colour=(0, 0, 255)))
    assert words_of(again) == words_of(written) == ["One", "Two"]
    assert np.abs(np.array(page.ink(again)) - page.ink(written)).max() <= 1
    assert words_of(page.after(op.SetText(node=1, words="One\n\n\n\nTwo"), op.SetText(node=1, words="Three"))) == [
        "Three"
    ]
