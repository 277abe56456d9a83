"""The classic engine on pictures of every sort: exact, deterministic, within its budget, with names people can use."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from lab.posters import poster
from lamina.core.composite import composite
from lamina.core.layer_tree import tree_of
from lamina.core.layers import LayerKind, LayerStack, have_same_pixels
from lamina.core.tasks import DecomposeTask, LayerCount, Lora, Sampling
from lamina.engines.classic import ClassicEngine

PICTURES = Path(__file__).with_name("pictures")
SEED = 100_900  # never evaluated on


@pytest.fixture(scope="module")
def drawn() -> np.ndarray:
    return composite(poster(SEED, "gradient").stack)


@pytest.fixture(scope="module")
def found(drawn: np.ndarray) -> LayerStack:
    return decompose(drawn)


def decompose(picture: np.ndarray, layers: int | None = None) -> LayerStack:
    return ClassicEngine().decompose(picture, DecomposeTask(layers))


def oddities() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    noise = rng.integers(0, 256, (70, 90, 4), dtype=np.uint8)
    opaque = noise.copy()
    opaque[..., 3] = 255
    ramp = np.ascontiguousarray(np.broadcast_to(np.arange(120, dtype=np.uint8)[None, :, None], (40, 120, 4)).copy())
    blank = np.zeros((30, 30, 4), np.uint8)
    return {
        "one pixel": opaque[:1, :1],
        "one clear pixel": blank[:1, :1],
        "a row": opaque[:1],
        "a column": opaque[:, :1],
        "three by three": opaque[:3, :3],
        "noise": opaque,
        "noise with alpha": noise,
        "alpha ramp": ramp,
        "nothing at all": blank,
        "white": np.full((64, 48, 4), 255, np.uint8),
    }


@pytest.mark.parametrize("name", list(oddities()))
@pytest.mark.parametrize("layers", [1, 2, 10])
def test_the_layers_add_up_to_any_picture(name: str, layers: int) -> None:
    picture = oddities()[name]
    stack = decompose(picture, layers)
    assert 1 <= len(tree_of(stack)) <= layers
    assert have_same_pixels(composite(stack), picture)


@pytest.mark.parametrize("layers", [1, 2, 3, 4, 6, 10])
def test_a_poster_within_its_budget(drawn: np.ndarray, layers: int) -> None:
    stack = decompose(drawn, layers)
    assert len(tree_of(stack)) <= layers
    assert np.array_equal(composite(stack), drawn)
    assert stack[0].kind is LayerKind.BACKGROUND


@pytest.mark.parametrize("layers", [1, 4, 10])
def test_a_flat_stack_has_no_groups_and_no_more_layers_than_requested(drawn: np.ndarray, layers: int) -> None:
    stack = ClassicEngine().decompose(drawn, DecomposeTask(layers, is_flat=True))
    assert len(stack) <= layers
    assert not any(layer.groups for layer in stack)
    assert np.array_equal(composite(stack), drawn)


def slide() -> np.ndarray:
    """A bar chart with an axis, and a card with two icons on it."""
    picture = np.full((360, 640, 4), 255, np.uint8)
    for index, height in enumerate((90, 150, 60, 200, 120)):
        cv2.rectangle(picture, (40 + 50 * index, 300 - height), (70 + 50 * index, 299), (59, 125, 216, 255), -1)
    cv2.rectangle(picture, (30, 300), (290, 301), (136, 136, 153, 255), -1)
    cv2.rectangle(picture, (340, 60), (600, 300), (232, 238, 247, 255), -1)
    cv2.circle(picture, (400, 130), 34, (240, 138, 36, 255), -1)
    cv2.circle(picture, (520, 220), 50, (76, 175, 80, 255), -1)
    return picture


@pytest.mark.parametrize("layers", ["auto", 10, 5])
def test_the_bars_of_a_chart_are_layers_of_their_own(layers: LayerCount) -> None:
    picture = slide()
    stack = ClassicEngine().decompose(picture, DecomposeTask(layers))
    assert np.array_equal(composite(stack), picture)
    assert len(tree_of(stack)) <= (5 if layers == 5 else 10)
    bars = [layer for layer in stack if any(group.name.startswith("Chart") for group in layer.groups)]
    assert len(bars) >= 5
    assert not any(layer.kind is LayerKind.SMALL for layer in bars)


def test_what_lies_on_a_card_is_in_a_group_with_it_if_all_is_wanted() -> None:
    stack = ClassicEngine().decompose(slide(), DecomposeTask("auto"))
    circles = [layer for layer in stack if layer.name.startswith("Circle")]
    assert len(circles) == 2
    assert circles[0].groups
    assert circles[0].groups == circles[1].groups


@pytest.mark.parametrize("name", ["text_in_the_corner", "text_on_stripes", "tight_wordmark"])
def test_text_that_fills_or_leaves_the_picture_is_no_obstacle(name: str) -> None:
    picture = np.asarray(Image.open(PICTURES / f"{name}.png").convert("RGBA"))
    assert np.array_equal(composite(decompose(picture)), picture)


@pytest.mark.parametrize("name", ["turned_90", "turned_180", "turned_270"])
def test_text_is_read_whichever_way_up_it_stands(name: str) -> None:
    picture = np.asarray(Image.open(PICTURES / f"{name}.png").convert("RGBA"))
    stack = decompose(picture)
    assert [layer.name for layer in stack] == ["Background", "Headline: GRAND OPENING", "Text: Saturday 7 pm"]
    (one, other, *_) = stack[1].text[0].quad
    turned = {"turned_90": (0, -1), "turned_180": (-1, 0), "turned_270": (0, 1)}[name]
    assert np.sign(np.round(np.subtract(other, one) / 50)).tolist() == list(turned)
    assert np.array_equal(composite(stack), picture)


def test_text_that_is_upside_down_and_cut_off_is_no_gibberish() -> None:
    picture = np.asarray(Image.open(PICTURES / "upside_down.png").convert("RGBA"))
    assert [layer.name for layer in decompose(picture)] == ["Background", "Circle, bottom left", "Headline: D OPENING"]


@pytest.mark.parametrize(("name", "lines"), [("cyrillic", 3), ("arabic", 1), ("thai", 1)])
def test_text_in_a_script_that_is_not_read_is_a_text_layer_without_a_string(name: str, lines: int) -> None:
    picture = np.asarray(Image.open(PICTURES / f"{name}.png").convert("RGBA"))
    stack = decompose(picture)
    assert np.array_equal(composite(stack), picture)
    texts = [layer for layer in stack if layer.kind is LayerKind.TEXT]
    assert len({layer.name for layer in texts}) == lines
    assert all(layer.name.startswith("Text (not read)") for layer in texts)
    assert [(layer.says, layer.is_read) for layer in texts] == [("", False)] * lines
    ink = np.abs(picture[..., :3].astype(int) - picture[0, 0, :3]).max(-1) > 60
    shown = np.logical_or.reduce([layer.on_canvas(stack.width, stack.height)[..., 3] > 0 for layer in texts])
    assert shown[ink].mean() > 0.95


def test_a_tightly_cropped_wordmark_is_read() -> None:
    picture = np.asarray(Image.open(PICTURES / "tight_wordmark.png").convert("RGBA"))
    assert [layer.name for layer in decompose(picture)] == ["Background", "Headline: LAMINA CAFE"]


@pytest.mark.parametrize("cell_px", [5, 12, 40])
def test_checks_that_meet_at_corners_only_are_one_thing(cell_px: int) -> None:
    y, x = np.mgrid[:400, :400] // cell_px
    picture = np.full((500, 500, 4), 255, np.uint8)
    picture[50:450, 50:450, :3][(x + y) % 2 == 0] = 200, 30, 30
    stack = decompose(picture)
    assert np.array_equal(composite(stack), picture)
    assert len(tree_of(stack)) <= 4


def test_layers_have_names_kinds_and_text(found: LayerStack) -> None:
    names = [layer.name for layer in found]
    assert names[0] == "Background"
    assert len(set(names)) == len(names)
    assert sum(name.startswith("Headline: ") for name in names) == 1
    texts = [layer for layer in found if layer.kind is LayerKind.TEXT]
    assert texts
    assert all(layer.text and layer.text[0].size_px > 5 for layer in texts)
    assert sum(layer.kind is LayerKind.SMALL for layer in found) <= 1


def test_the_same_picture_gives_the_same_bytes(drawn: np.ndarray, found: LayerStack) -> None:
    assert decompose(drawn).has_same_content(found)


def test_a_large_picture_is_exact_and_finds_the_same_things(drawn: np.ndarray, found: LayerStack) -> None:
    large = np.asarray(cv2.resize(drawn, None, fx=2.3, fy=2.3, interpolation=cv2.INTER_CUBIC))
    stack = decompose(large)
    assert np.array_equal(composite(stack), large)
    assert abs(len(stack) - len(found)) <= 2


def test_transparency_is_kept_and_things_on_it_come_apart() -> None:
    picture = np.zeros((300, 400, 4), np.uint8)
    cv2.circle(picture, (100, 150), 70, (220, 40, 40, 255), -1, cv2.LINE_AA)
    cv2.rectangle(picture, (220, 80), (370, 230), (40, 60, 210, 255), -1)
    stack = decompose(picture)
    assert have_same_pixels(composite(stack), picture)
    things = [layer for layer in stack if layer.pixels[..., 3].max() >= 8]  # fainter pixels may stay behind
    assert {layer.name for layer in things} == {"Panel, right", "Circle, left"}


def test_overlapping_things_come_apart() -> None:
    picture = np.full((500, 700, 4), 255, np.uint8)
    picture[..., :3] = 250, 240, 215
    cv2.circle(picture, (300, 250), 110, (30, 90, 200, 255), -1, cv2.LINE_AA)
    cv2.circle(picture, (430, 290), 100, (230, 60, 50, 255), -1, cv2.LINE_AA)
    stack = decompose(picture)
    things = [layer for layer in stack if layer.kind is LayerKind.OBJECT]
    assert len(things) == 2
    assert np.array_equal(composite(stack), picture)
    beneath = stack[0].pixels[..., :3].astype(int)
    assert np.abs(beneath - (250, 240, 215)).max() <= 1


def test_texture_without_a_thing_stays_one_layer_and_says_so() -> None:
    rng = np.random.default_rng(3)
    octaves = [
        cv2.resize(rng.random((4 * 2**i, 6 * 2**i, 3)), (480, 320), interpolation=cv2.INTER_CUBIC) for i in range(6)
    ]
    uneven = np.clip(128 + 60 * (sum(octaves) - 3), 0, 255).astype(np.uint8)
    picture = np.dstack([uneven, np.full((320, 480), 255, np.uint8)])
    stack = decompose(picture)
    assert np.array_equal(composite(stack), picture)
    assert len(stack) <= 2


def test_what_only_a_model_heeds_is_told_since_it_went_unused() -> None:
    blank = np.zeros((30, 30, 4), np.uint8)
    sampling = Sampling(seed=4, steps=3, loras=(Lora("a.safetensors"),))
    asked = ClassicEngine().decompose(blank, DecomposeTask(prompt="a", sampling=sampling)).notes
    assert asked == ("The classic engine ignores prompt, steps and loras: only models support them.",)
    filled_in = Sampling(steps=28, guidance=5, unasked=("steps", "guidance"))
    assert ClassicEngine().decompose(blank, DecomposeTask(sampling=filled_in)).notes == ()
    assert ClassicEngine().decompose(blank, DecomposeTask(sampling=Sampling(seed=4))).notes == ()
