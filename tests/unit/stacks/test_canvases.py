"""A file whose canvas was cropped or enlarged is taken back: layers are found again, and where it was is told."""

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest

from lamina.core.composite import composite
from lamina.core.layers import Layer, LayerKind, LayerStack
from lamina.stacks.adopting import adopted
from lamina.stacks.changes import Differences, Moved, Repainted
from lamina.stacks.comparing import diff
from lamina.stacks.document import Document
from lamina.stacks.pixels import MemoryPixels
from lamina.stacks.rendering import document_of, stack_of
from stacks_drawn import drawn_stack

BOXES = [(20, 10, 120, 90), (-15, -20, 240, 170), (30, -10, 190, 200), (0, 0, 201, 120), (50, 30, 60, 400)]


@pytest.fixture
def pixels() -> MemoryPixels:
    return MemoryPixels()


def moved_to(stack: LayerStack, box: tuple[int, int, int, int]) -> LayerStack:
    """The stack on another canvas; its layers may go beyond it, as Photoshop and Krita keep them."""
    x, y, width, height = box
    return replace(stack, width=width, height=height, layers=tuple(layer.moved(-x, -y) for layer in stack))


def clipped(stack: LayerStack) -> LayerStack:
    """The stack with layers that end at the canvas, as GIMP crops them."""
    return replace(stack, layers=tuple(_clipped(stack)))


def _clipped(stack: LayerStack) -> Iterator[Layer]:
    for layer in stack:
        yield replace(layer, pixels=layer.on_canvas(stack.width, stack.height), left=0, top=0).cropped()


def returned(stack: LayerStack, pixels: MemoryPixels) -> tuple[Document, Differences]:
    before = document_of(drawn_stack(), pixels)
    after = adopted(before, document_of(stack, pixels), pixels)
    return after, diff(before, after, pixels)


@pytest.mark.parametrize("box", BOXES)
def test_layers_keep_their_ids_on_another_canvas(box: tuple[int, int, int, int], pixels: MemoryPixels) -> None:
    sent = moved_to(drawn_stack(), box)
    after, differences = returned(sent, pixels)
    assert [node.id for node, _ in after.walk()] == list(range(1, after.next_id))
    assert (differences.changes, differences.origin) == ((), box[:2])
    assert not differences.is_empty
    place = f"; its top left was at {box[0]}, {box[1]}" if box[:2] != (0, 0) else ""
    assert differences.sentences()[0] == f"The canvas was 200 x 120 pixels and is {box[2]} x {box[3]}{place}."
    assert (composite(stack_of(after, pixels)) == composite(sent)).all()
    assert differences.picture.max_level == 0


def test_layers_that_were_cut_with_the_canvas_are_found_again(pixels: MemoryPixels) -> None:
    after, differences = returned(clipped(moved_to(drawn_stack(), (20, 10, 150, 105))), pixels)
    assert differences.origin == (20, 10)
    assert (after.width, after.height, after.find(1).name) == (150, 105, "Background")
    assert {type(change) for change in differences.changes} == {Repainted}
    assert len(differences.changes) + len(differences.kept) == 6


def test_a_layer_that_was_moved_on_a_cropped_canvas_is_told_alone(pixels: MemoryPixels) -> None:
    sent = moved_to(drawn_stack(), (20, 10, 150, 100))
    layers = (sent[0], sent[1].moved(7, -3), *sent.layers[2:])
    _, differences = returned(replace(sent, layers=layers), pixels)
    assert differences.changes == (Moved(node=2, name="Sun", right=7, down=-3),)
    assert differences.origin == (20, 10)


@pytest.mark.parametrize("box", [(300, 100, 500, 400), (-100, -40, 1500, 1100), (137, -41, 1000, 1100)])
def test_a_large_picture_of_one_layer_is_found_by_what_it_shows(
    box: tuple[int, int, int, int], pixels: MemoryPixels
) -> None:
    small = np.random.default_rng(5).integers(0, 256, (12, 16, 4), np.uint8)
    picture = np.asarray(cv2.resize(small, (1300, 900), interpolation=cv2.INTER_CUBIC), np.uint8)
    picture[..., 3] = 255
    before = document_of(LayerStack(1300, 900, (Layer("Photo", LayerKind.BACKGROUND, picture),)), pixels)
    sent = clipped(moved_to(stack_of(before, pixels), box))
    painted = sent[0].pixels.copy()
    painted[:9, :9] = 0, 255, 0, 255
    sent = replace(sent, layers=(replace(sent[0], pixels=painted),))
    after = adopted(before, document_of(sent, pixels), pixels)
    assert diff(before, after, pixels).origin == box[:2]
    assert after.find(1).name == "Photo"


def test_a_picture_that_was_scaled_has_no_place_on_the_old_canvas(pixels: MemoryPixels) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (120, 200, 4), np.uint8)
    noise[..., 3] = 255
    half = np.asarray(cv2.resize(noise, (100, 60), interpolation=cv2.INTER_AREA), np.uint8)
    before, scaled = (
        document_of(LayerStack(each.shape[1], each.shape[0], (Layer("Noise", LayerKind.OBJECT, each),)), pixels)
        for each in (noise, half)
    )
    assert diff(before, adopted(before, scaled, pixels), pixels).origin is None
