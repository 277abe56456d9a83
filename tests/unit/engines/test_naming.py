"""Layers are called what people would call them."""

import numpy as np
import pytest

from lamina.engines.classic.naming import text_name
from lamina.engines.colours import colour_word


@pytest.mark.parametrize(
    ("rgb", "word"),
    [
        ((255, 0, 0), "red"),
        ((0, 0, 0), "black"),
        ((255, 255, 255), "white"),
        ((48, 99, 142), "blue"),
        ((255, 165, 0), "orange"),
        ((0, 128, 128), "teal"),
        ((64, 160, 60), "green"),
        ((255, 192, 203), "pink"),
        ((101, 67, 33), "brown"),
        ((130, 130, 130), "grey"),
    ],
)
def test_plain_colours_have_their_everyday_names(rgb: tuple[int, int, int], word: str) -> None:
    assert colour_word(np.array([rgb] * 10, np.uint8)) == word


def test_an_outline_does_not_name_the_thing() -> None:
    pixels = np.array([(20, 20, 25)] * 60 + [(220, 40, 40)] * 40, np.uint8)
    assert colour_word(pixels) == "red"


def test_the_largest_text_is_the_headline_and_long_text_is_cut() -> None:
    assert text_name(["SUMMER", "SALE"], is_largest=True) == "Headline: SUMMER SALE"
    assert text_name(["up to 50 %"], is_largest=False) == "Text: up to 50 %"
    assert len(text_name(["word " * 40], is_largest=False)) <= 66
