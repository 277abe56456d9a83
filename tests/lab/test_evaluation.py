"""The evaluation: full marks for the truth, few for the untouched picture, and the picture as PNG or JPEG."""

from dataclasses import replace

import numpy as np
import pytest

from lab.evaluation.trials import Trial, summaries, trial, trials
from lab.posters import FIRST_TUNING_SEED, Background, Poster, poster
from lamina.core.composite import composite
from lamina.core.layers import Layer, LayerKind, LayerStack, Pixels
from lamina.core.ports import Progress
from lamina.core.tasks import DecomposeTask


class Oracle:
    """Knows the layers beforehand."""

    name = "oracle"
    is_exact = True
    follows_selections = True

    def __init__(self, truth: LayerStack) -> None:
        self._truth = truth
        self.tasks: list[DecomposeTask] = []

    def decompose(self, picture: Pixels, task: DecomposeTask, progress: Progress) -> LayerStack:  # noqa: ARG002
        self.tasks.append(task)
        return self._truth


class Untouched:
    """Gives the picture back as the only layer."""

    name = "untouched"
    is_exact = True
    follows_selections = True

    def decompose(self, picture: Pixels, task: DecomposeTask, progress: Progress) -> LayerStack:  # noqa: ARG002
        height, width = picture.shape[:2]
        return LayerStack(width, height, (Layer("Background", LayerKind.BACKGROUND, picture.copy()),))


@pytest.fixture(scope="module")
def drawn() -> Poster:
    return poster(FIRST_TUNING_SEED, "flat", (400, 300))


@pytest.fixture(scope="module")
def perfect(drawn: Poster) -> Trial:
    return trial(Oracle(drawn.stack), drawn)


def test_the_truth_gets_full_marks(drawn: Poster, perfect: Trial) -> None:
    score = perfect.score
    assert score.object_iou == pytest.approx(1)
    assert score.text_iou == pytest.approx(1)
    assert score.panel_iou is None or score.panel_iou == pytest.approx(1)
    assert (score.hidden_background_l1, score.max_abs_error, score.mean_abs_error) == (0, 0, 0)
    assert score.layers_found == score.layers_true == len(drawn.stack)
    assert (score.rgb_l1, score.alpha_iou) == pytest.approx((0, 1))
    assert (score.rgb_l1_merged, score.alpha_iou_merged) == pytest.approx((0, 1))


def test_the_untouched_picture_gets_few(drawn: Poster) -> None:
    score = trial(Untouched(), drawn).score
    assert score.object_iou < 0.1
    assert score.text_iou < 0.1
    assert score.hidden_background_l1 > 0.05
    assert score.max_abs_error == 0
    assert score.layers_found == 1


def test_a_missing_object_costs_its_share(drawn: Poster, perfect: Trial) -> None:
    objects = [layer for layer in drawn.stack if layer.kind is LayerKind.OBJECT]
    fewer = tuple(layer for layer in drawn.stack if layer is not objects[-1])
    score = trial(Oracle(replace(drawn.stack, layers=fewer)), drawn).score
    assert score.object_iou == pytest.approx(1 - 1 / len(objects), abs=0.02)
    assert score.max_abs_error > 0.1
    assert score.text_iou == perfect.score.text_iou


def test_the_engine_gets_a_budget_of_ten(drawn: Poster) -> None:
    engine = Oracle(drawn.stack)
    trial(engine, drawn)
    assert engine.tasks == [DecomposeTask(10)]


def test_as_jpeg_the_engine_sees_what_the_file_shows(drawn: Poster) -> None:
    done = trial(Untouched(), drawn, jpeg_quality=85)
    assert done.file.startswith(b"\xff\xd8")
    assert done.score.jpeg_quality == 85
    assert done.score.max_abs_error == 0  # against the JPEG, not against the drawing
    seen, flat = done.result[0].pixels.astype(int), composite(drawn.stack)
    assert 0 < np.abs(seen - flat).mean() < 5


def test_every_seed_on_every_ground_is_summed_up_by_ground(monkeypatch: pytest.MonkeyPatch) -> None:
    def small(seed: int, background: Background) -> Poster:
        return poster(seed, background, (320, 240))

    monkeypatch.setattr("lab.evaluation.trials.poster", small)
    seeds = (FIRST_TUNING_SEED, FIRST_TUNING_SEED + 1)
    scores = [done.score for done in trials(Untouched(), seeds, ("gradient", "textured"))]
    assert [(score.background, score.seed) for score in scores] == [
        (background, seed) for background in ("gradient", "textured") for seed in seeds
    ]
    gradient, textured = summaries(scores)
    assert (gradient.background, gradient.posters) == ("gradient", 2)
    assert textured.object_iou == pytest.approx((scores[2].object_iou + scores[3].object_iou) / 2)
    assert gradient.layers_found == 1
