"""The scores of real designs: what is right gets 1, and each kind of failure lowers its own score."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from lab.evaluation.contact_sheets import contact_sheet
from lab.evaluation.designs import Design, mean_score, part_of, read_design, read_designs, score_design
from lamina.core.composite import composite
from lamina.core.layers import Layer, LayerKind, LayerStack


def layer(kind: LayerKind, box: tuple[int, int, int, int], colour: tuple[int, int, int]) -> Layer:
    x, y, width, height = box
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[:] = *colour, 255
    return Layer(str(kind), kind, pixels, x, y)


def design(*layers: Layer) -> Design:
    stack = LayerStack(200, 100, (layer(LayerKind.BACKGROUND, (0, 0, 200, 100), (250, 250, 250)), *layers))
    return Design(name="drawn", author="nobody", picture=composite(stack), truth=stack)


OBJECT = layer(LayerKind.OBJECT, (20, 20, 60, 60), (200, 30, 30))
TEXT = layer(LayerKind.TEXT, (110, 30, 80, 20), (20, 20, 20))


def test_the_true_layers_get_the_best_scores() -> None:
    drawn = design(OBJECT, TEXT)
    score = score_design(drawn, drawn.truth, 0.5)
    assert (score.object_iou, score.good_share, score.text_iou, score.text_union_iou) == (1, 1, 1, 1)
    assert (score.ghost_share, score.hidden_l1, score.confetti_share, score.error) == (0, 0, 0, 0)
    assert score.subject_iou == 1


def test_text_in_two_layers_counts_as_a_union_and_half_by_itself() -> None:
    drawn = design(OBJECT, TEXT)
    halves = [layer(LayerKind.TEXT, (x, 30, 40, 20), (20, 20, 20)) for x in (110, 150)]
    score = score_design(drawn, LayerStack(200, 100, (drawn.truth[0], OBJECT, *halves)), 0.5)
    assert score.text_iou == 0.5
    assert score.text_union_iou == 1


def test_a_picture_that_stays_flat_is_a_ghost() -> None:
    drawn = design(OBJECT)
    flat = LayerStack(200, 100, (Layer("Background", LayerKind.BACKGROUND, drawn.picture.copy()),))
    score = score_design(drawn, flat, 0.5)
    assert score.ghost_share == pytest.approx(60 * 60 / (200 * 100))
    assert score.object_iou == 0
    assert score.text_iou is None


def test_a_layer_of_many_crumbs_is_confetti_unless_it_is_text() -> None:
    crumbs = np.zeros((100, 200, 4), np.uint8)
    crumbs[10:90:16, 20:180:16] = 200, 30, 30, 255
    drawn = design(layer(LayerKind.OBJECT, (0, 0, 200, 100), (240, 240, 0)))
    scattered = LayerStack(200, 100, (*drawn.truth, Layer("Crumbs", LayerKind.OBJECT, crumbs)))
    assert score_design(drawn, scattered, 0.5).confetti_share == 0.5
    lettered = design(Layer("Text", LayerKind.TEXT, crumbs.copy()))
    assert score_design(lettered, lettered.truth, 0.5).confetti_share == 0


def test_designs_are_read_from_folders_and_divided_by_author(tmp_path: Path) -> None:
    for name, author in (("one", "Egon Elbre"), ("two", "Gravity UI")):
        folder = tmp_path / name
        folder.mkdir()
        picture = np.full((40, 60, 4), 255, np.uint8)
        cv2.imwrite(str(folder / "input.png"), picture)
        cv2.imwrite(str(folder / "L00.png"), picture)
        layers = [{"file": "L00.png", "name": "canvas", "kind": "background", "bbox": [0, 0, 60, 40]}]
        (folder / "manifest.json").write_text(json.dumps({"width": 60, "height": 40, "layers": layers}))
        (folder / "meta.json").write_text(json.dumps({"author": author}))
    assert [path.name for path in read_designs(tmp_path, "tuning")] == ["one"]
    assert [path.name for path in read_designs(tmp_path, "checking")] == ["two"]
    drawn = read_design(tmp_path / "two")
    score = score_design(drawn, drawn.truth, 0.5)
    assert score.object_iou is None
    assert mean_score([score], "object_iou") is None
    assert contact_sheet(drawn.picture, drawn.truth, drawn.truth).shape[2] == 3


def test_unlisted_authors_are_divided_by_their_names() -> None:
    assert {part_of(f"author {number}") for number in range(20)} == {"tuning", "checking"}
