"""TIFF pages and WebP frames as Pillow shows them: a full canvas for each visible layer."""

from pathlib import Path

import numpy as np
import pytest
from drawn_stacks import STACKS, full_stack, noise
from hypothesis import HealthCheck, given, settings
from PIL import Image, ImageSequence

from lamina.core.composite import composite
from lamina.core.layers import Layer, LayerKind, LayerStack, Pixels, have_same_pixels
from lamina.imaging.saving import save


def _pages(path: Path) -> list[Pixels]:
    with Image.open(path) as image:
        return [np.array(page.convert("RGBA")) for page in ImageSequence.Iterator(image)]


def _as_stack(pages: list[Pixels]) -> LayerStack:
    height, width = pages[0].shape[:2]
    return LayerStack(width, height, tuple(Layer("", LayerKind.OBJECT, page) for page in pages))


@pytest.mark.parametrize("name", ["a.tif", "a.webp"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stack=STACKS)
def test_each_visible_layer_is_a_page_with_its_opacity_in_the_alpha(
    name: str, tmp_path: Path, stack: LayerStack
) -> None:
    pages = _pages(save(stack, tmp_path / name))
    visible = [layer for layer in stack if layer.is_visible]
    assert len(pages) == max(1, len(visible))
    for page, layer in zip(pages, visible, strict=False):
        expected = layer.on_canvas(stack.width, stack.height)
        expected[..., 3] = (expected[..., 3].astype(int) * layer.opacity + 127) // 255
        assert have_same_pixels(page, expected)


@pytest.mark.parametrize("name", ["a.tif", "a.webp"])
def test_the_pages_add_up_to_the_picture(name: str, tmp_path: Path) -> None:
    assert np.array_equal(composite(_as_stack(_pages(save(full_stack(), tmp_path / name)))), composite(full_stack()))


@pytest.mark.parametrize("name", ["a.tif", "a.webp"])
def test_layers_that_are_alike_stay_separate(name: str, tmp_path: Path) -> None:
    stack = LayerStack(8, 8, tuple(Layer(str(i), LayerKind.OBJECT, noise(8, 8)) for i in range(3)))
    assert len(_pages(save(stack, tmp_path / name))) == 3


def test_a_tiff_page_tells_the_name_of_its_layer(tmp_path: Path) -> None:
    with Image.open(save(full_stack(), tmp_path / "a.tif")) as image:
        described = []
        for page in range(image.n_frames):
            image.seek(page)
            described.append([image.tag_v2[tag].encode("latin-1").decode() for tag in (270, 285)])
    assert described == [[layer.name] * 2 for layer in full_stack() if not layer.is_hidden]
