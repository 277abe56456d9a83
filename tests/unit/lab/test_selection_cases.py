"""Boxes and points of known layers: where they are, what is stored of them, and that a choice is learned from them."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from lab.evaluation.designs import Design
from lab.selections.cases import SelectionCase, case_of, load_case
from lab.selections.fitting import Choice, fit_choices
from lab.selections.prompts import central_point, prompts_for
from lamina.core.composite import composite
from lamina.core.layers import Layer, LayerKind, LayerStack
from lamina.core.ports import no_progress
from lamina.engines.classic.observation import observe

SIDE = 240


@pytest.fixture(scope="module")
def case() -> SelectionCase:
    """Of a design with a disc on a plain ground."""
    ground = np.full((SIDE, SIDE, 4), (240, 240, 235, 255), np.uint8)
    disc = np.zeros((SIDE, SIDE, 4), np.uint8)
    cv2.circle(disc, (100, 120), 60, (200, 60, 50, 255), cv2.FILLED)
    layers = tuple(
        Layer(name=name, kind=kind, pixels=pixels, left=0, top=0)
        for name, kind, pixels in (("Ground", LayerKind.BACKGROUND, ground), ("Disc", LayerKind.OBJECT, disc))
    )
    stack = LayerStack(SIDE, SIDE, layers)
    design = Design(name="disc", author="a", picture=composite(stack), truth=stack)
    return case_of(design, observe(design.picture, no_progress), np.random.default_rng(0))


def test_boxes_and_points_are_on_the_layer() -> None:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[50:150, 20:60] = True
    box, loose, centre, point = (prompt.place for prompt in prompts_for(mask, np.random.default_rng(1)))
    assert (box.x, box.y, box.width, box.height) == (20, 50, 40, 100)
    assert 0 < abs(loose.x - 20) <= 2
    assert abs(loose.width - 40) <= 4
    assert abs(loose.height - 100) <= 10
    assert mask[int(centre.y), int(centre.x)]
    assert mask[int(point.y), int(point.x)]


def test_the_central_point_of_a_ring_is_on_the_ring() -> None:
    y, x = np.mgrid[:SIDE, :SIDE]
    distance = np.hypot(x - 120, y - 120)
    ring = (distance < 100) & (distance > 70)
    centre = central_point(ring)
    assert ring[int(centre.y), int(centre.x)]


def test_a_case_has_two_boxes_and_two_points_for_a_layer(case: SelectionCase) -> None:
    assert [(p.measures.is_point, p.is_exact) for p in case.prompts] == [
        (False, True), (False, False), (True, True), (True, False),
    ]  # fmt: skip
    assert all(prompt.ious.max() > 0.97 for prompt in case.prompts)
    assert case.best.max() > 0.97


def test_a_stored_case_is_the_same(case: SelectionCase, tmp_path: Path) -> None:
    case.save(tmp_path / "disc.npz")
    stored = load_case(tmp_path / "disc.npz")
    assert (stored.name, stored.author, len(stored.prompts)) == ("disc", "a", 4)
    for own, other in zip(case.prompts, stored.prompts, strict=True):
        merits = np.linspace(0, 1, len(own.ious))
        np.testing.assert_allclose(own.measures.inputs(merits), other.measures.inputs(merits), rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(own.ious, other.ious, atol=1e-6)


def test_the_fit_learns_which_measure_tells() -> None:
    random = np.random.default_rng(0)
    choices = [Choice(inputs=inputs, ious=1 / (1 + np.exp(-inputs[:, 1]))) for inputs in random.normal(size=(60, 8, 3))]
    networks = fit_choices(("a", "b", "c"), choices)
    unseen = random.normal(size=(50, 8, 3))
    assert np.mean([networks.outputs(each).argmax() == each[:, 1].argmax() for each in unseen]) > 0.8
