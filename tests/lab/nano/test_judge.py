"""The judge of nano's figures is right about true pictures, and is not talked into wrong ones."""

import numpy as np
import pytest

from lab.nano.drawing import flattened
from lab.nano.evaluation import edit_cases, generate_cases, mean_iou
from lab.nano.judge import follows_edit, shows_caption


@pytest.mark.parametrize("side", [64, 128])
def test_a_true_picture_shows_its_caption_and_not_another(side: int):
    cases = list(generate_cases(40, seed=9, size=(side, side)))
    pictures = [flattened(composition.layers())[:3] for composition in cases]
    assert sum(map(shows_caption, pictures, cases)) >= 39
    assert sum(map(shows_caption, pictures, cases[2:] + cases[:2])) == 0


@pytest.mark.parametrize("side", [64, 128])
def test_a_true_result_follows_its_edit_and_the_picture_before_does_not(side: int):
    edits = list(edit_cases(40, seed=9, size=(side, side)))
    assert sum(follows_edit(flattened(edit.result.layers())[:3], edit) for edit in edits) >= 39
    assert sum(follows_edit(flattened(edit.references[0].layers())[:3], edit) for edit in edits) <= 2


def test_a_change_elsewhere_is_noticed():
    edit = next(edit for edit in edit_cases(40, seed=9) if edit.kind == "recolour")
    picture = flattened(edit.result.layers())[:3]
    assert follows_edit(picture, edit)
    assert not follows_edit(np.clip(picture + 0.12, 0, 1), edit)


def test_iou_is_of_soft_alphas():
    half, whole = np.full((1, 4, 4), 0.5, np.float32), np.ones((1, 4, 4), np.float32)
    assert mean_iou(half, whole) == 0.5
    assert mean_iou(whole, whole) == 1.0
    assert mean_iou(whole[:0], whole[:0]) == 1.0
