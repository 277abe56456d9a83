"""Things that the user selects become layers of their own, exactly by their outlines, before all others."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lamina.core.composite import composite
from lamina.core.layers import Layer, LayerKind, LayerStack, have_same_pixels
from lamina.core.selections import Place, Selection
from lamina.core.tasks import DecomposeTask
from lamina.engines.classic import ClassicEngine
from lamina.engines.segmentation import model_files
from lamina.imaging.metrics import canvas_alpha

HEIGHT, WIDTH = 360, 520


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    """A card with a button and a sun on it, a star, and two words."""
    pixels = np.full((HEIGHT, WIDTH, 4), (245, 240, 230, 255), np.uint8)
    cv2.rectangle(pixels, (40, 60), (300, 320), (40, 90, 160, 255), cv2.FILLED)
    cv2.circle(pixels, (170, 150), 60, (250, 200, 60, 255), cv2.FILLED, cv2.LINE_AA)
    cv2.rectangle(pixels, (90, 250), (250, 295), (230, 80, 70, 255), cv2.FILLED)
    points = [
        (420 + radius * np.sin(k * np.pi / 5), 230 - radius * np.cos(k * np.pi / 5))
        for k, radius in enumerate([70, 28] * 5)
    ]
    cv2.fillPoly(pixels, [np.array(points, np.int32)], (90, 160, 90, 255), cv2.LINE_AA)
    cv2.putText(pixels, "Hello", (340, 60), cv2.FONT_HERSHEY_DUPLEX, 1.4, (20, 20, 20, 255), 2, cv2.LINE_AA)
    cv2.putText(pixels, "there", (340, 105), cv2.FONT_HERSHEY_DUPLEX, 1.4, (20, 20, 20, 255), 2, cv2.LINE_AA)
    return pixels


def decomposed(picture: NDArray[np.uint8], layers: int | None = None, *selections: Selection) -> LayerStack:
    stack = ClassicEngine().decompose(picture, DecomposeTask(layers=layers, is_flat=True, selections=selections))
    assert have_same_pixels(composite(stack), picture)
    return stack


def named(stack: LayerStack, name: str) -> Layer:
    return next(layer for layer in stack if layer.name == name)


def disc_iou(stack: LayerStack, layer: Layer) -> float:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    disc = np.hypot(x - 170, y - 150) <= 60
    alpha = canvas_alpha(layer, stack) > 0.5
    return float((alpha & disc).sum() / (alpha | disc).sum())


def test_a_box_makes_a_layer_even_if_there_are_only_two(picture: NDArray[np.uint8]) -> None:
    box = Place(x=108, y=88, width=125, height=125)
    stack = decomposed(picture, 2, Selection(box, "Sun"))
    assert [layer.name for layer in stack] == ["Background", "Sun"]
    assert disc_iou(stack, stack[1]) > 0.97


def test_a_point_makes_a_layer(picture: NDArray[np.uint8]) -> None:
    stack = decomposed(picture, 2, Selection(Place(x=165, y=160), "Sun"))
    assert disc_iou(stack, named(stack, "Sun")) > 0.97


def test_the_rest_is_found_as_usual(picture: NDArray[np.uint8]) -> None:
    stack = decomposed(picture, None, Selection(Place(x=165, y=160), "Sun"))
    assert disc_iou(stack, named(stack, "Sun")) > 0.97
    assert len(stack) >= 5
    assert any(layer.kind is LayerKind.TEXT and layer.says.split() == ["Hello", "there"] for layer in stack)


def test_a_box_around_a_line_of_text_makes_it_a_layer(picture: NDArray[np.uint8]) -> None:
    stack = decomposed(picture, None, Selection(Place(x=335, y=22, width=130, height=44), "Greeting"))
    greeting = named(stack, "Greeting")
    assert (greeting.kind, greeting.says) == (LayerKind.TEXT, "Hello")
    assert any(layer.says == "there" for layer in stack)


def test_a_point_on_text_selects_its_block(picture: NDArray[np.uint8]) -> None:
    stack = decomposed(picture, 2, Selection(Place(x=400, y=48)))
    assert stack[1].says.split() == ["Hello", "there"]


def test_two_things_with_one_name_are_numbered(picture: NDArray[np.uint8]) -> None:
    selections = [Selection(Place(x=x, y=y), "Thing") for x, y in ((165, 160), (420, 230))]
    names = [layer.name for layer in decomposed(picture, 3, *selections)]
    assert sorted(names) == ["Background", "Thing", "Thing 2"]


def test_a_thing_that_is_selected_twice_is_one_layer_and_a_note_says_so(picture: NDArray[np.uint8]) -> None:
    selections = [Selection(Place(x=165, y=160), "Sun"), Selection(Place(x=108, y=88, width=125, height=125), "Again")]
    stack = decomposed(picture, 3, *selections)
    assert [layer.name for layer in stack if layer.name in ("Sun", "Again")] == ["Sun"]
    assert any(note.startswith("Selection 2 is a thing that was selected before") for note in stack.notes)


def test_an_excluded_point_belongs_to_no_selected_thing(picture: NDArray[np.uint8]) -> None:
    box, button = Place(x=40, y=60, width=261, height=261), Place(x=110, y=270)
    task = DecomposeTask(layers=2, is_flat=True, selections=(Selection(box, "Card"),), exclusions=(button,))
    stack = ClassicEngine().decompose(picture, task)
    assert have_same_pixels(composite(stack), picture)
    card = canvas_alpha(named(stack, "Card"), stack)
    assert card[100, 60] > 0.9
    assert card[270, 110] < 0.1


def test_without_the_networks_colours_are_enough(picture: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise model_files.ModelFileError("The file is missing.")

    monkeypatch.setattr("lamina.engines.classic.thing_finder.PromptableImage", missing)
    stack = decomposed(picture, 2, Selection(Place(x=108, y=88, width=125, height=125), "Sun"))
    assert disc_iou(stack, named(stack, "Sun")) > 0.97
