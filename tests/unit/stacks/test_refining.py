"""A layer gets the edge that the picture has near that of a rough mask, and the picture stays the same."""

from dataclasses import replace

import numpy as np
import pytest
from test_completing import HEIGHT, WIDTH, disc, layer

from lamina.core.composite import over
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import LayerKind, LayerStack, Pixels
from lamina.stacks import operations as op
from lamina.stacks.applying import Tools, apply
from lamina.stacks.document import Document, LayerNode
from lamina.stacks.pixels import MemoryPixels
from lamina.stacks.rendering import composite_of, document_of, rendered

GROUND, THING = 1, 2
TRUTH = disc(70, 60, 40)


def ground() -> Pixels:
    noise = np.random.default_rng(3).integers(-6, 7, (HEIGHT, WIDTH, 1))
    pixels = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    pixels[..., :3] = np.clip(np.array((225, 220, 200)) + noise, 0, 255)
    return pixels


def thing() -> Pixels:
    pixels = layer("Thing", TRUTH, (190, 60, 40)).pixels.copy()
    pixels[..., 1] += np.arange(WIDTH).astype(np.uint8) // 4
    return pixels


class Scene:
    """A red disc on a light ground, which `cut` (0 or 1) has divided into a layer and the layer below it."""

    def __init__(self, cut: np.ndarray, *, is_alone: bool = False) -> None:
        self.pixels = MemoryPixels()
        self.flat = over(ground(), thing())
        lower = np.where(cut[..., None] > 0, np.uint8([225, 220, 200, 255]), self.flat)
        upper = np.where(cut[..., None] > 0, self.flat, np.uint8(0))
        layers = [replace(layer("Ground", TRUTH, (0, 0, 0)), pixels=lower)]
        layers.append(replace(layers[0], name="Thing", pixels=upper))
        self.document = document_of(LayerStack(WIDTH, HEIGHT, tuple(layers[is_alone:])), self.pixels)

    def refined(self, mask: np.ndarray, node: int = THING) -> Document:
        grey = np.full((*mask.shape, 4), 255, np.uint8)
        grey[..., :3] = np.rint(mask * 255)[..., None]
        return apply(self.document, op.Refine(node=node, mask=self.pixels.put(grey)), Tools(self.pixels, _no_engine))

    def picture(self, document: Document) -> Pixels:
        canvas = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
        composite_of(document, self.pixels, canvas)
        return canvas

    def layer(self, document: Document, node: int) -> Pixels:
        found = document.find(node)
        assert isinstance(found, LayerNode)
        return rendered(found, self.pixels).on_canvas(WIDTH, HEIGHT)


def _no_engine() -> None:
    raise AssertionError("nothing here needs an engine")


def iou(alpha: Pixels, truth: np.ndarray) -> float:
    return float(np.minimum(alpha / 255, truth).sum() / np.maximum(alpha / 255, truth).sum())


CUTS = {"too much": disc(76, 60, 45) > 0.5, "too little": disc(66, 58, 33) > 0.5, "aside": disc(78, 66, 40) > 0.5}


@pytest.mark.parametrize("name", CUTS)
def test_the_edge_of_the_picture_is_found(name: str) -> None:
    scene = Scene(CUTS[name])
    after = scene.refined(CUTS[name].astype(float))
    assert iou(scene.layer(scene.document, THING)[..., 3], TRUTH) < 0.85
    assert iou(scene.layer(after, THING)[..., 3], TRUTH) > 0.98
    assert np.array_equal(scene.picture(after), scene.picture(scene.document))


@pytest.mark.parametrize("name", CUTS)
def test_no_ghost_stays_below(name: str) -> None:
    scene = Scene(CUTS[name])
    below = scene.layer(scene.refined(CUTS[name].astype(float)), GROUND)
    assert (below[..., 3] == 255).all()
    error = np.abs(below[..., :3].astype(int) - ground()[..., :3]).max(-1)
    assert (error > 30).mean() < 0.005


def test_the_new_edge_is_soft_and_has_the_things_own_colour() -> None:
    scene = Scene(CUTS["too much"])
    own = scene.layer(scene.refined(CUTS["too much"].astype(float)), THING)
    soft = (own[..., 3] > 60) & (own[..., 3] < 200)
    assert soft.sum() > 50
    assert np.abs(own[soft][:, 0].astype(int) - 190).mean() < 25


def test_a_mask_may_have_the_size_of_the_layer() -> None:
    scene = Scene(CUTS["too much"])
    node = scene.document.find(THING)
    assert isinstance(node, LayerNode)
    layer_alpha = rendered(node, scene.pixels).cropped()
    scene.document = scene.document.substituted(
        THING, [replace(node, pixels=scene.pixels.put(layer_alpha.pixels), left=layer_alpha.left, top=layer_alpha.top)]
    )
    after = scene.refined((layer_alpha.pixels[..., 3] > 0).astype(float))
    assert iou(scene.layer(after, THING)[..., 3], TRUTH) > 0.98


def test_pixels_that_leave_the_lowest_layer_become_a_layer() -> None:
    scene = Scene(np.ones((HEIGHT, WIDTH)), is_alone=True)
    after = scene.refined(CUTS["aside"].astype(float), node=1)
    rest, own = after.layers()
    assert (rest.name, own.id) == ("Rest of Thing", 1)
    assert iou(scene.layer(after, 1)[..., 3], TRUTH) > 0.98
    assert np.array_equal(scene.picture(after), scene.picture(scene.document))


def test_a_locked_layer_below_is_left_alone() -> None:
    scene = Scene(CUTS["too much"])
    scene.document = scene.document.substituted(GROUND, [replace(scene.document.find(GROUND), is_locked=True)])
    after = scene.refined(CUTS["too much"].astype(float))
    assert after.find(GROUND) == scene.document.find(GROUND)
    assert [node.name for node in after.layers()] == ["Ground", "Rest of Thing", "Thing"]
    assert np.array_equal(scene.picture(after), scene.picture(scene.document))


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (op.Hide(node=THING), "is hidden"),
        (op.SetOpacity(node=THING, opacity=99), "is translucent or blends"),
        (op.Lock(node=THING), "is locked"),
    ],
)
def test_a_layer_that_cannot_be_refined_is_refused(operation: op.Operation, message: str) -> None:
    scene = Scene(CUTS["aside"])
    scene.document = apply(scene.document, operation, Tools(scene.pixels, _no_engine))
    with pytest.raises(LaminaError, match=message) as caught:
        scene.refined(CUTS["aside"].astype(float))
    assert caught.value.code is ErrorCode.TASK_INVALID


def test_masks_of_another_size_or_without_anything_are_refused() -> None:
    scene = Scene(CUTS["aside"])
    with pytest.raises(LaminaError, match="The mask is 20 x 10 pixels") as caught:
        scene.refined(np.ones((10, 20)))
    assert f"{WIDTH} x {HEIGHT}" in caught.value.hint
    with pytest.raises(LaminaError, match="leaves nothing of the layer 'Thing'"):
        scene.refined(np.zeros((HEIGHT, WIDTH)))


def test_a_layer_between_that_is_not_concerned_is_left_alone() -> None:
    scene = Scene(CUTS["too much"])
    between = LayerNode(
        id=9,
        name="Between",
        kind=LayerKind.OBJECT,
        pixels=scene.pixels.put(np.full((12, 30, 4), 90, np.uint8)),
        left=125,
    )
    ground, upper = scene.document.members
    scene.document = replace(scene.document, members=(ground, between, upper), next_id=10)
    after = scene.refined(CUTS["too much"].astype(float))
    assert after.find(9) == between
    assert iou(scene.layer(after, THING)[..., 3], TRUTH) > 0.98
    assert np.array_equal(scene.picture(after), scene.picture(scene.document))
