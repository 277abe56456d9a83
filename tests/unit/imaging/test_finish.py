"""Finishing: the picture comes back to within a level, and layers are nearer the truth than resized ones."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.evaluation.coverage import soft_iou
from lab.evaluation.perturbations import blurred, compressed, noised, recoloured, reduced, resized, shifted
from lamina.core.composite import composite
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layer_tree import grouped
from lamina.core.layers import BlendMode, Group, Layer, LayerKind, LayerStack, TextLine
from lamina.imaging.finish import finish, finishing
from lamina.imaging.metrics import recomposition_error, visible_alphas

SIZE = 256
WAYS = {
    "blur": blurred,
    "reduction": lambda stack: reduced(stack, 160),
    "half size and JPEG": lambda stack: compressed(reduced(stack, 128)),
    "shift": shifted,
    "noise": noised,
    "colour cast": recoloured,
    "all together": lambda stack: noised(compressed(reduced(shifted(blurred(stack, 1.0)), 160))),
}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(before)


def drawn(name, kind, colour, draw):
    """A layer of one colour (or a picture of colours) with an antialiased shape."""
    large = np.zeros((SIZE * 4, SIZE * 4), np.uint8)
    draw(large)
    alpha = cv2.resize(large, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    pixels = np.empty((SIZE, SIZE, 4), np.uint8)
    pixels[..., :3], pixels[..., 3] = colour, alpha
    return Layer(name, kind, pixels).cropped()


def true_stack(has_background=True):
    down, across = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) / SIZE
    sky = np.stack([40 + 120 * across, 90 + 100 * down, 200 - 90 * across * down], -1).astype(np.uint8)
    ball = np.stack([200 - 90 * down, 60 + 60 * across, 50 + 0 * down], -1).astype(np.uint8)
    star = [(512 + 320 * s * np.cos(k * np.pi / 5), 600 + 320 * s * np.sin(k * np.pi / 5))
            for k, s in enumerate([1, 0.45] * 5)]  # fmt: skip
    layers = [
        drawn("Panel", LayerKind.PANEL, (245, 240, 225), lambda m: cv2.rectangle(m, (90, 120), (640, 860), 255, -1)),
        drawn("Star", LayerKind.OBJECT, (250, 200, 40), lambda m: cv2.fillPoly(m, [np.array(star, np.int32)], 255)),
        drawn("Ball", LayerKind.OBJECT, ball, lambda m: cv2.ellipse(m, (700, 560), (200, 150), 25, 0, 360, 255, -1)),
        drawn("Disc", LayerKind.OBJECT, (60, 160, 90), lambda m: cv2.circle(m, (720, 300), 130, 255, -1)),
        drawn("Words", LayerKind.TEXT, (25, 25, 40), words),
    ]
    if has_background:
        layers.insert(0, Layer("Background", LayerKind.BACKGROUND, np.dstack([sky, np.full_like(sky[..., 0], 255)])))
    return LayerStack(SIZE, SIZE, tuple(layers))


def words(canvas):
    for start in range(140, 560, 60):
        cv2.line(canvas, (start, 180), (start, 290), 255, 18)
        cv2.line(canvas, (start, 180), (start + 36, 290), 255, 18)


def own_alphas(stack):
    return [layer.on_canvas(stack.width, stack.height)[..., 3] / 255 for layer in stack]


def own_ious(found, truth):
    return np.array([soft_iou(one, other) for one, other in zip(own_alphas(found), own_alphas(truth), strict=True)])


def hidden_error(found, truth):
    """Mean difference, in levels, of the layers' colours where they are covered in the truth."""
    errors = []
    for mine, true, seen in zip(found, truth, visible_alphas(truth), strict=True):
        one, other = mine.on_canvas(SIZE, SIZE), true.on_canvas(SIZE, SIZE)
        is_hidden = (other[..., 3] > 127) & (seen < 0.5 * other[..., 3] / 255)
        errors.append(np.abs(one[is_hidden][:, :3].astype(float) - other[is_hidden][:, :3]))
    return np.concatenate(errors).mean()


@pytest.mark.parametrize("way", WAYS)
def test_wrong_layers_come_back_exact_and_nearer_the_truth(way):
    truth = true_stack()
    source = composite(truth)
    raw = WAYS[way](truth)
    finished = finish(raw, source)
    assert recomposition_error(finished, source).max_abs_error <= 1 / 255
    assert [(layer.name, layer.kind) for layer in finished] == [(layer.name, layer.kind) for layer in truth]
    ious = own_ious(finished, truth)
    for how in (cv2.INTER_LINEAR, cv2.INTER_CUBIC):
        plain = resized(raw, SIZE, SIZE, how)
        plain_ious = own_ious(plain, truth)
        assert (ious >= plain_ious - 0.002).all()
        if way != "colour cast":  # where alpha was right from the beginning
            assert ious.mean() > plain_ious.mean() + 0.005
        assert hidden_error(finished, truth) <= hidden_error(plain, truth) + 0.5


@pytest.mark.parametrize("way", WAYS)
def test_no_layer_merely_holds_what_is_left_over(way):
    truth = true_stack()
    seen = [alpha.sum() for alpha in visible_alphas(finish(WAYS[way](truth), composite(truth)))]
    for mine, true in zip(seen, (alpha.sum() for alpha in visible_alphas(truth)), strict=True):
        assert mine == pytest.approx(true, rel=0.06)


def test_a_colour_cast_is_undone_where_nobody_sees_it():
    truth = true_stack()
    wrong = recoloured(truth)
    assert hidden_error(finish(wrong, composite(truth)), truth) < 0.2 * hidden_error(wrong, truth)


def test_a_shift_is_undone_where_nobody_sees_it():
    random = np.random.default_rng(0)
    ground = np.full((SIZE, SIZE, 4), 255, np.uint8)
    ground[..., :3] = cv2.resize(random.integers(0, 256, (40, 40, 3)).astype(np.uint8), (SIZE, SIZE))
    truth = true_stack(has_background=False)
    truth = LayerStack(SIZE, SIZE, (Layer("Ground", LayerKind.BACKGROUND, ground), *truth.layers))
    wrong = shifted(truth, 2.4, -1.6)
    assert hidden_error(finish(wrong, composite(truth)), truth) < 0.2 * hidden_error(wrong, truth)


@pytest.mark.parametrize("way", WAYS)
def test_a_picture_with_transparency_comes_back(way):
    truth = true_stack(has_background=False)
    source = composite(truth)
    raw = WAYS[way](truth)
    finished = finish(raw, source)
    assert recomposition_error(finished, source).max_abs_error <= 1 / 255
    for alpha in own_alphas(finished):
        assert alpha[source[..., 3] == 0].max() == 0
    assert own_ious(finished, truth).mean() > own_ious(resized(raw, SIZE, SIZE), truth).mean() - 0.002


def test_a_stack_that_is_exact_keeps_its_pixels():
    truth = true_stack()
    assert finish(truth, composite(truth)).has_same_content(truth)


def test_the_same_layers_give_the_same_result():
    truth = true_stack()
    raw = noised(reduced(truth, 160))
    assert finish(raw, composite(truth)).has_same_content(finish(raw, composite(truth)))


def test_tiles_leave_no_seam(monkeypatch):
    truth = true_stack()
    raw, source = noised(reduced(truth, 100)), composite(truth)
    whole = finish(raw, source)
    monkeypatch.setattr(finishing, "TILE_PX", 70)
    for one, other in zip(own_alphas(whole), own_alphas(finish(raw, source)), strict=True):
        assert np.abs(one - other).max() <= 2 / 255


def test_text_moves_along_and_flags_stay():
    line = TextLine("A", ((1, 2), (5, 2), (5, 4), (1, 4)), (0, 0, 0), 2.0)
    ground = Layer("g", LayerKind.BACKGROUND, np.full((20, 20, 4), 255, np.uint8), is_locked=True)
    text = Layer("t", LayerKind.TEXT, np.full((2, 4, 4), (0, 0, 0, 255), np.uint8), 1, 2, opacity=128, text=(line,))
    hidden = Layer("h", LayerKind.OBJECT, np.full((5, 5, 4), (9, 9, 9, 255), np.uint8), 10, 10, is_hidden=True)
    raw = LayerStack(20, 20, (ground, *grouped((text, hidden), Group("G"))))
    source = composite(resized(raw, 40, 60, cv2.INTER_LINEAR))
    finished = finish(raw, source)
    assert finished[0].is_locked
    assert finished[1].text[0].quad == ((2, 6), (10, 6), (10, 12), (2, 12))
    assert finished[1].text[0].size_px == 6
    assert finished[2].is_hidden
    assert [layer.groups for layer in finished] == [layer.groups for layer in raw]
    assert finished[2].pixels[..., 3].max() == 255
    assert recomposition_error(finished, source).max_abs_error <= 1 / 255


@st.composite
def cases(draw):
    width, height, raw_width, raw_height = (draw(st.integers(1, 40)) for _ in range(4))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    layers = []
    for index in range(draw(st.integers(1, 10))):
        pixels = random.integers(0, 256, (*random.integers(1, 50, 2), 4)).astype(np.uint8)
        kind = draw(st.sampled_from(["noise", "clear", "opaque", "even", "hard"]))
        alpha = pixels[..., 3]
        pixels[..., 3] = {"noise": alpha, "clear": 0, "opaque": 255, "even": alpha[0, 0], "hard": (alpha > 90) * 255}[
            kind
        ]
        opacity = draw(st.sampled_from([255, 120, 0]))
        left, top = (int(place) for place in random.integers(0, 20, 2))
        layers.append(Layer(f"{index}", LayerKind.OBJECT, pixels, left, top, opacity))
    source = random.integers(0, 256, (height, width, 4)).astype(np.uint8)
    lowest = draw(st.sampled_from([0, 128, 255]))
    source[..., 3] = np.where(source[..., 3] >= lowest, np.maximum(source[..., 3], lowest), 0) if lowest < 255 else 255
    return LayerStack(raw_width, raw_height, tuple(layers)), source


@settings(max_examples=60, deadline=None, derandomize=True)
@given(cases())
def test_any_layers_give_any_picture(case):
    raw, source = case
    finished = finish(raw, source)
    assert len(finished) == len(raw)
    assert (finished.height, finished.width) == source.shape[:2]
    assert recomposition_error(finished, source).max_abs_error <= 1 / 255


def test_what_cannot_be_finished_is_refused():
    source = np.zeros((2, 2, 4), np.uint8)
    pixels = np.zeros((2, 2, 4), np.uint8)
    for layers, hint in (
        ((), "All layers are hidden"),
        ((Layer("a", LayerKind.OBJECT, pixels, is_hidden=True),), "All layers are hidden"),
        ((Layer("a", LayerKind.OBJECT, pixels, blend=BlendMode.MULTIPLY),), "blend mode"),
    ):
        with pytest.raises(LaminaError, match=hint) as raised:
            finish(LayerStack(2, 2, layers), source)
        assert raised.value.code is ErrorCode.STACK_INVALID
    with pytest.raises(LaminaError, match="RGBA"):
        finish(LayerStack(2, 2, (Layer("a", LayerKind.OBJECT, pixels),)), source[..., :3])


@pytest.mark.parametrize("shape", [(0, 4, 4), (4, 0, 4), (0, 0, 4)])
def test_a_picture_without_pixels_is_refused(shape: tuple[int, int, int]) -> None:
    layer = Layer("a", LayerKind.OBJECT, np.full((2, 2, 4), 255, np.uint8))
    with pytest.raises(LaminaError, match="no pixels"):
        finish(LayerStack(2, 2, (layer,)), np.zeros(shape, np.uint8))
