"""What is hidden of a layer is filled by its own continuation, and the picture stays the same."""

from dataclasses import replace

import numpy as np
import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import BlendMode, Layer, LayerKind, LayerStack, Pixels
from lamina.stacks import operations as op
from lamina.stacks.applying import Tools, apply
from lamina.stacks.document import Document, LayerNode
from lamina.stacks.pixels import MemoryPixels
from lamina.stacks.rendering import composite_of, document_of, rendered

WIDTH, HEIGHT = 160, 120
GROUND, THING, COVER = 1, 2, 3


def disc(x: float, y: float, radius: float) -> np.ndarray:
    """(height, width) in 0..1: a disc with a soft edge."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return np.clip(radius + 0.5 - np.hypot(columns - x, rows - y), 0, 1)


def box(x: int, y: int, width: int, height: int) -> np.ndarray:
    alpha = np.zeros((HEIGHT, WIDTH))
    alpha[y : y + height, x : x + width] = 1
    return alpha


def layer(name: str, alpha: np.ndarray, colour: tuple[int, int, int]) -> Layer:
    pixels = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    pixels[..., :3] = colour
    pixels[..., 3] = np.rint(alpha * 255)
    return Layer(name, LayerKind.OBJECT, pixels)


class Scene:
    """A thing on a ground, of which a cover hides a part; what is hidden of the thing is cut away."""

    def __init__(self, thing: np.ndarray, cover: np.ndarray) -> None:
        self.pixels = MemoryPixels()
        self.thing, self.cover = thing, cover
        layers = (
            layer("Ground", np.ones((HEIGHT, WIDTH)), (240, 240, 230)),
            layer("Thing", np.where(cover >= 0.5, 0, thing), (200, 60, 40)),
            layer("Cover", cover, (30, 60, 150)),
        )
        self.document = document_of(LayerStack(WIDTH, HEIGHT, layers), self.pixels)

    def completed(self, node: int = THING) -> Document:
        return apply(self.document, op.Complete(node=node), Tools(self.pixels, _no_engine))

    def picture(self, document: Document) -> Pixels:
        canvas = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
        composite_of(document, self.pixels, canvas)
        return canvas

    def layer(self, document: Document, node: int) -> Pixels:
        found = document.find(node)
        assert isinstance(found, LayerNode)
        return rendered(found, self.pixels).on_canvas(WIDTH, HEIGHT)

    def hidden_iou(self, document: Document) -> float:
        """How well the thing is completed where the cover hides it entirely."""
        alpha = self.layer(document, THING)[..., 3] / 255
        hidden = self.cover == 1
        common = np.minimum(alpha, self.thing)[hidden].sum()
        return float(common / np.maximum(alpha, self.thing)[hidden].sum())


def _no_engine() -> None:
    raise AssertionError("nothing here needs an engine")


SCENES = {
    "the side of a disc": (disc(70, 60, 40), box(85, 10, 60, 100), 0.95),
    "the corner of a box": (box(30, 30, 80, 60), disc(115, 95, 35), 0.98),
    "a box behind a disc across its edge": (box(30, 30, 80, 60), disc(70, 25, 15), 0.98),
    "a stroke behind a bar": (box(10, 55, 140, 12), box(70, 20, 30, 80), 0.97),
    "a ring's hole within a disc": (disc(80, 60, 45), disc(80, 60, 20), 0.99),
}


@pytest.mark.parametrize("name", SCENES)
def test_a_hidden_part_is_filled_by_its_form_and_colour(name: str) -> None:
    thing, cover, at_least = SCENES[name]
    scene = Scene(thing, cover)
    after = scene.completed()
    assert scene.hidden_iou(scene.document) == 0
    assert scene.hidden_iou(after) >= at_least
    assert np.array_equal(scene.picture(after), scene.picture(scene.document))
    filled = scene.layer(after, THING)
    assert np.abs(filled[filled[..., 3] == 255][:, :3].astype(int) - (200, 60, 40)).max() <= 1
    node = after.find(THING)
    assert isinstance(node, LayerNode)
    assert node.is_guessed


def test_the_soft_edges_of_the_cover_are_solved_anew() -> None:
    scene = Scene(disc(70, 60, 40), disc(110, 60, 30))
    after = scene.completed()
    assert np.array_equal(scene.picture(after), scene.picture(scene.document))
    seam = (scene.cover > 0) & (scene.cover < 0.5) & (disc(70, 60, 36) == 1)
    assert (scene.layer(after, THING)[seam][:, 3] == 255).all()


def test_nothing_but_what_is_covered_changes() -> None:
    scene = Scene(disc(70, 60, 40), disc(110, 60, 30))
    after = scene.completed()
    before, now = scene.layer(scene.document, THING), scene.layer(after, THING)
    changed = (before != now).any(-1) & ((before[..., 3] > 0) | (now[..., 3] > 0))
    assert changed.any()
    assert (disc(110, 60, 34)[changed] > 0).all()
    assert scene.layer(after, GROUND).tobytes() == scene.layer(scene.document, GROUND).tobytes()


def test_a_locked_cover_stays_as_it_is() -> None:
    scene = Scene(disc(70, 60, 40), disc(110, 60, 30))
    scene.document = scene.document.substituted(COVER, [replace(scene.document.find(COVER), is_locked=True)])
    after = scene.completed()
    assert after.find(COVER) == scene.document.find(COVER)
    assert np.array_equal(scene.picture(after), scene.picture(scene.document))
    assert scene.hidden_iou(after) > 0.9


@pytest.mark.parametrize(
    "change", [{"is_hidden": True}, {"opacity": 200}, {"blend": BlendMode.MULTIPLY}], ids=["hidden", "faint", "blended"]
)
def test_a_layer_that_hides_nothing_is_no_cover(change: dict[str, object]) -> None:
    scene = Scene(disc(70, 60, 40), box(85, 10, 60, 100))
    cover = scene.document.find(COVER)
    assert isinstance(cover, LayerNode)
    scene.document = scene.document.substituted(COVER, [replace(cover, **change)])  # pyright: ignore[reportArgumentType]
    with pytest.raises(LaminaError, match="Nothing of the layer 'Thing' is hidden") as caught:
        scene.completed()
    assert caught.value.code is ErrorCode.TASK_INVALID


def test_the_topmost_layer_has_nothing_to_complete() -> None:
    with pytest.raises(LaminaError, match="Nothing of the layer 'Cover' is hidden"):
        Scene(disc(70, 60, 40), disc(110, 60, 30)).completed(COVER)


def test_what_a_cover_does_not_touch_goes_on_nowhere() -> None:
    with pytest.raises(LaminaError, match="Nothing tells how the layer 'Thing' goes on"):
        Scene(disc(30, 60, 20), disc(120, 60, 30)).completed()


def test_a_layer_is_completed_once() -> None:
    scene = Scene(disc(70, 60, 40), box(85, 10, 60, 100))
    scene.document = scene.completed()
    with pytest.raises(LaminaError, match="goes on"):
        scene.completed()


def test_what_is_beyond_the_canvas_is_kept() -> None:
    scene = Scene(box(0, 30, 90, 60), box(60, 10, 60, 100))
    thing = scene.document.find(THING)
    assert isinstance(thing, LayerNode)
    wide = np.pad(scene.pixels.get(thing.pixels), ((0, 0), (40, 0), (0, 0)), mode="edge")
    scene.document = scene.document.substituted(THING, [replace(thing, pixels=scene.pixels.put(wide), left=-40)])
    after = scene.completed().find(THING)
    assert isinstance(after, LayerNode)
    completed = rendered(after, scene.pixels)
    assert completed.left == -40
    assert (completed.pixels[30 - completed.top : 90 - completed.top, :100, 3] == 255).all()


def test_a_translucent_layer_goes_on_translucent() -> None:
    scene = Scene(box(30, 30, 80, 60) * 0.7, disc(70, 60, 20))
    after = scene.completed()
    inside = disc(70, 60, 18) == 1
    filled = scene.layer(after, THING)[inside]
    assert (np.abs(filled.astype(int) - (200, 60, 40, 178)).max(-1) <= 1).all()
    assert np.array_equal(scene.picture(after), scene.picture(scene.document))
