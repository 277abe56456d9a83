"""`scripts/bench native_shapes`, on layers that are known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.native_shapes import is_simple, measured
from lab.posters import poster
from lamina.core.layers import Layer, LayerKind, LayerStack


def pixels(height: int, width: int, colour: tuple[int, int, int]) -> Layer:
    return Layer("Panel", LayerKind.PANEL, np.full((height, width, 4), (*colour, 255), np.uint8))


def drawn() -> LayerStack:
    background = replace(pixels(120, 160, (240, 230, 210)), name="Background", kind=LayerKind.BACKGROUND)
    return LayerStack(160, 120, (background, replace(pixels(40, 90, (30, 60, 120)), left=30, top=40)))


def test_a_ribbon_is_not_a_simple_shape() -> None:
    ribbon = pixels(60, 90, (30, 60, 120)).pixels.copy()
    ribbon[:20, 20:70] = 0
    assert is_simple(pixels(60, 90, (30, 60, 120)))
    assert not is_simple(Layer("Panel", LayerKind.PANEL, ribbon))
    assert not is_simple(replace(pixels(60, 90, (30, 60, 120)), kind=LayerKind.OBJECT))


def test_perfect_layers_all_come_back(tmp_path: Path) -> None:
    rows = list(measured("a", drawn(), drawn(), tmp_path))
    assert [(row.layer, row.has_come_back, row.is_wrong, row.residual) for row in rows] == [
        ("Background", True, False, 0),
        ("Panel", True, False, 0),
    ]


def test_a_shape_of_another_colour_is_wrong(tmp_path: Path) -> None:
    truth = drawn()
    found = replace(truth, layers=(truth[0], replace(pixels(40, 90, (35, 60, 120)), left=30, top=40)))
    background, panel = measured("a", truth, found, tmp_path)
    assert (background.is_wrong, panel.is_wrong, panel.residual) == (False, True, 5)


def test_a_layer_that_is_no_shape_in_truth_is_wrong(tmp_path: Path) -> None:
    truth = drawn()
    as_object = replace(truth, layers=(truth[0], replace(truth[1], kind=LayerKind.OBJECT)))
    _, found = measured("a", as_object, truth, tmp_path)
    assert (found.is_true, found.is_wrong) == (False, True)


@pytest.mark.parametrize("seed", [50000, 50001])
def test_the_true_layers_of_a_poster_come_back(seed: int, tmp_path: Path) -> None:
    truth = poster(seed, "flat", (320, 240)).stack
    rows = [row for row in measured("a", truth, truth, tmp_path) if row.layer == "Background"]
    assert [(row.has_come_back, row.is_wrong) for row in rows] == [(True, False)]
