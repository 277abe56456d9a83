"""Nano works at the asked size from 64 to 256 px, and for larger pictures at 128 px."""

import pytest
from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus, pipeline_qwenimage_layered

from lamina.core.catalog import NANO, model_named
from lamina.engines.qwen.pipelines import layer_size, sized_for
from lamina.engines.qwen.sizes import Sizes, sizes_for, working_size


@pytest.mark.parametrize("size", [(64, 64), (128, 128), (256, 256), (256, 64), (144, 208)])
def test_nano_works_at_sizes_that_it_was_taught(size: tuple[int, int]):
    assert working_size(NANO, size) == size
    assert sizes_for(NANO, size) == Sizes(size, size)
    assert layer_size(NANO, size, 640) == size


def test_layers_of_a_small_picture_of_an_odd_size_are_made_at_the_nearest_size():
    assert layer_size(NANO, (250, 131), 640) == (256, 128)


@pytest.mark.parametrize(
    ("size", "inner"), [((512, 512), (128, 128)), ((272, 272), (128, 128)), ((1024, 512), (176, 96))]
)
def test_larger_pictures_are_enlarged(size: tuple[int, int], inner: tuple[int, int]):
    assert sizes_for(NANO, size) == Sizes(inner, size)
    assert layer_size(NANO, size, 640) == inner


def test_the_released_models_work_at_the_asked_size():
    model = model_named("qwen-image")
    assert working_size(model, (256, 128)) == (256, 128)


def test_pipelines_scale_to_the_size_that_is_sampled_and_the_language_model_sees_the_native_one():
    edit, layered = pipeline_qwenimage_edit_plus, pipeline_qwenimage_layered
    before = edit.calculate_dimensions, layered.calculate_dimensions
    with sized_for(NANO, (192, 128)):
        assert edit.calculate_dimensions(edit.VAE_IMAGE_SIZE, 1.5) == (192, 128)
        assert edit.calculate_dimensions(edit.CONDITION_IMAGE_SIZE, 1.0) == (NANO.native_px, NANO.native_px)
        assert layered.calculate_dimensions(640 * 640, 1.5) == (192, 128)
    assert (edit.calculate_dimensions, layered.calculate_dimensions) == before
