"""The weights in the package: small, loadable, and good for what the model card says, with room below its figures."""

from statistics import mean

import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline, QwenImageEditPlusPipeline

from lab.nano import evaluation, tokens
from lab.nano.assembly import WEIGHTS, Pipelines, pipelines
from lamina.core.catalog import NANO
from lamina.engines.qwen.pipelines import sized_for
from lamina.engines.qwen.processor import PictureProcessor

MOST_BYTES = 40_000_000


@pytest.fixture(scope="module")
def nano() -> Pipelines:
    torch.set_num_threads(1)
    return pipelines()


def test_the_weights_are_at_most_40_mb():
    assert sum(file.stat().st_size for file in WEIGHTS.rglob("*") if file.is_file()) <= MOST_BYTES


def test_the_folder_is_a_repository_that_diffusers_loads():
    pipeline = DiffusionPipeline.from_pretrained(
        WEIGHTS, processor=PictureProcessor.from_pretrained(WEIGHTS / "processor")
    )
    assert isinstance(pipeline, QwenImageEditPlusPipeline)
    assert pipeline.tokenizer.get_vocab() == tokens.tokenizer().get_vocab()
    assert '"video_processor"' in (WEIGHTS / "processor" / "processor_config.json").read_text("utf-8")


@pytest.mark.parametrize(
    ("size", "things", "count"),
    [((64, 64), (1, 2, 3), 15), ((128, 128), (1, 2, 3), 9), ((160, 96), (1, 2), 4), ((256, 256), (1, 2, 3), 3)],
    ids=lambda value: "x".join(map(str, value)) if isinstance(value, tuple) else str(value),
)
def test_captions_come_out_in_their_shapes_and_colours(
    nano: Pipelines, size: evaluation.Size, things: tuple[int, ...], count: int
):
    cases = evaluation.generate_cases(count, seed=11, size=size, things=things)
    verdicts = [evaluation.generated(nano, case, i) for i, case in enumerate(cases)]
    assert mean(verdict.are_colours_right or 0 for verdict in verdicts) >= LEAST_RIGHT_COLOURS
    assert mean(verdict.is_right for verdict in verdicts) >= LEAST_RIGHT_CAPTIONS


@pytest.mark.parametrize(("side", "count"), [(64, 14), (128, 14), (256, 6)])
def test_edits_do_what_was_asked_and_leave_the_rest(nano: Pipelines, side: int, count: int):
    cases = evaluation.edit_cases(count, seed=11, size=(side, side))
    verdicts = [evaluation.edited(nano, case, i) for i, case in enumerate(cases)]
    assert mean(verdict.is_right for verdict in verdicts) >= LEAST_RIGHT_EDITS


@pytest.mark.parametrize(("side", "count"), [(64, 16), (128, 8), (256, 4)])
def test_a_composition_comes_apart_into_its_layers(nano: Pipelines, side: int, count: int):
    cases = evaluation.decompose_cases(count, seed=11, size=(side, side))
    scores = [evaluation.decomposed(nano, case, i) for i, case in enumerate(cases)]
    assert mean(case.iou for case in scores if case.things) >= LEAST_IOU
    assert mean(case.recomposition_db for case in scores) >= LEAST_DB


def test_the_same_seed_gives_the_same_picture(nano: Pipelines):
    case = next(evaluation.decompose_cases(1, seed=11, things=(2,)))
    first, second = (evaluation.layers_of(nano, evaluation.image_of(case), case.caption, 3, seed=4) for _ in range(2))
    assert np.array_equal(first, second)


def test_sizes_are_put_back():
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_layered as module

    before = module.calculate_dimensions(640 * 640, 1.0)
    with sized_for(NANO):
        assert module.calculate_dimensions(640 * 640, 1.0) == (64, 64)
    assert module.calculate_dimensions(640 * 640, 1.0) == before


LEAST_RIGHT_COLOURS, LEAST_RIGHT_CAPTIONS, LEAST_RIGHT_EDITS, LEAST_IOU, LEAST_DB = 0.95, 0.85, 0.6, 0.75, 26
