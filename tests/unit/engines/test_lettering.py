"""Finding lettering: the masks of drawn lines of text against the exact truth, and no text where there is none."""

from dataclasses import replace
from io import BytesIO

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lab.posters.lettering import Lettering as Setting
from lab.posters.lettering import Shadow, Typeface, lettered
from lamina.core.composite import composite
from lamina.core.layers import Layer, LayerKind, LayerStack
from lamina.engines.classic.lettering import Lettering, find_lettering

WIDTH, HEIGHT = 480, 224
PLAIN = Setting("NEW MENU", Typeface.SANS, 64, (190, 30, 60))
OUTLINED = replace(PLAIN, colour=(250, 240, 230), outline=(20, 40, 120), outline_width=0.06)
HARD_SHADOW = replace(PLAIN, shadow=Shadow((30, 60, 110), 0.06, 0, 1.0))
SOFT_SHADOW = replace(PLAIN, shadow=Shadow((0, 0, 0), 0.05, 0.04, 0.6))
HAN = Setting("欢迎光临", Typeface.HAN, 64, (20, 60, 140))

Field = NDArray[np.uint8]


@pytest.mark.parametrize(
    ("setting", "least"),
    [
        pytest.param(PLAIN, 0.97, id="plain"),
        pytest.param(OUTLINED, 0.96, id="outlined"),
        pytest.param(HARD_SHADOW, 0.95, id="hard shadow"),
        pytest.param(SOFT_SHADOW, 0.90, id="soft shadow"),
        pytest.param(replace(PLAIN, turn=25), 0.96, id="turned to the right"),
        pytest.param(replace(PLAIN, turn=-25), 0.96, id="turned to the left"),
        pytest.param(HAN, 0.96, id="Han"),
    ],
)
@pytest.mark.parametrize("ground", ["flat", "gradient"])
def test_mask_is_the_lettering_that_was_drawn(setting: Setting, least: float, ground: str) -> None:
    picture, truth = _drawn(setting, _ground(ground))
    found = find_lettering(picture)
    assert [_bare(line.string) for line in found] == [_bare(setting.string)]
    assert _iou(_mask(found, picture), truth) >= least


@pytest.mark.parametrize(("quality", "least"), [(95, 0.94), (85, 0.90)])
@pytest.mark.parametrize("setting", [PLAIN, OUTLINED, HAN], ids=["plain", "outlined", "Han"])
def test_mask_survives_jpeg(setting: Setting, quality: int, least: float) -> None:
    picture, truth = _drawn(setting, _ground("gradient"))
    assert _iou(_mask(find_lettering(_as_jpeg(picture, quality)), picture), truth) >= least


def test_scenery_that_touches_the_letters_is_left_out() -> None:
    ground = _ground("flat")
    cv2.circle(ground, (60, 200), 70, (40, 140, 60), -1)
    cv2.rectangle(ground, (330, 20), (460, 96), (240, 180, 40), -1)
    picture, truth = _drawn(OUTLINED, ground)
    assert _iou(_mask(find_lettering(picture), picture), truth) >= 0.94


def test_letters_on_a_panel_with_the_panel_left_out() -> None:
    ground = _ground("gradient")
    cv2.rectangle(ground, (40, 60), (440, 164), (30, 60, 50), -1)
    picture, truth = _drawn(replace(PLAIN, colour=(240, 240, 200)), ground)
    assert _iou(_mask(find_lettering(picture), picture), truth) >= 0.96


def test_lines_come_top_to_bottom_with_masks_that_do_not_overlap() -> None:
    ground = _ground("flat")
    first, _ = _drawn(replace(PLAIN, size_px=56), ground, top=20)
    picture, _ = _drawn(replace(HARD_SHADOW, string="SUMMER SALE", size_px=56), first, top=92)
    found = find_lettering(picture)
    assert [_bare(line.string) for line in found] == ["NEWMENU", "SUMMERSALE"]
    counted = sum(_on_picture(line, picture).astype(int) for line in found)
    assert np.max(counted) == 1


def test_line_is_described() -> None:
    picture, _ = _drawn(OUTLINED, _ground("flat"))
    (line,) = find_lettering(picture)
    assert np.abs(np.subtract(line.colour, OUTLINED.colour)).max() <= 8
    assert line.size_px == pytest.approx(OUTLINED.size_px, rel=0.25)
    assert line.score > 0.9
    top_left, top_right, bottom_right, _ = line.quad
    assert top_left[0] < top_right[0]
    assert top_left[1] < bottom_right[1]


def test_no_text_in_shapes_and_noise() -> None:
    shapes = _ground("gradient")
    cv2.circle(shapes, (100, 100), 60, (200, 40, 40), -1)
    cv2.rectangle(shapes, (220, 40), (330, 170), (40, 80, 200), -1)
    cv2.fillPoly(shapes, [np.array([[400, 40], [450, 180], [350, 180]])], (30, 160, 80))
    noise = np.random.Generator(np.random.PCG64(1)).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    assert find_lettering(shapes) == []
    assert find_lettering(noise) == []
    assert find_lettering(np.zeros((1, 1, 3), np.uint8)) == []


def test_same_picture_gives_the_same_bytes() -> None:
    picture, _ = _drawn(SOFT_SHADOW, _ground("gradient"))
    one, other = find_lettering(picture), find_lettering(picture)
    assert [(line.box, line.string, line.quad, line.mask.tobytes()) for line in one] == [
        (line.box, line.string, line.quad, line.mask.tobytes()) for line in other
    ]


def _ground(kind: str) -> Field:
    picture = np.full((HEIGHT, WIDTH, 3), (236, 214, 160), np.uint8)
    if kind == "gradient":
        down = np.linspace(0, 1, HEIGHT)[:, None, None]
        picture[:] = np.rint(np.array([236, 214, 160]) * (1 - down) + np.array([150, 210, 225]) * down)
    return picture


def _drawn(setting: Setting, ground: Field, top: int | None = None) -> tuple[Field, NDArray[np.bool_]]:
    """The line in the middle of the ground, and where it covers the ground by half or, for a shadow, visibly."""
    letters = lettered(setting, "letters")
    letters = replace(
        letters,
        left=(WIDTH - letters.width) // 2,
        top=(HEIGHT - letters.height) // 2 if top is None else top,
    )
    opaque = np.concatenate([ground, np.full((HEIGHT, WIDTH, 1), 255, np.uint8)], -1)
    stack = LayerStack(WIDTH, HEIGHT, (Layer("ground", LayerKind.BACKGROUND, opaque), letters))
    alpha = letters.on_canvas(WIDTH, HEIGHT)[..., 3]
    least = 4 if setting.shadow and setting.shadow.blur else 127
    return np.ascontiguousarray(composite(stack)[..., :3]), alpha > least


def _as_jpeg(picture: Field, quality: int) -> Field:
    packed = BytesIO()
    Image.fromarray(picture).save(packed, "JPEG", quality=quality)
    return np.asarray(Image.open(packed).convert("RGB")).copy()


def _mask(found: list[Lettering], picture: Field) -> NDArray[np.bool_]:
    whole = np.zeros(picture.shape[:2], bool)
    for line in found:
        whole |= _on_picture(line, picture)
    return whole


def _on_picture(line: Lettering, picture: Field) -> NDArray[np.bool_]:
    whole = np.zeros(picture.shape[:2], bool)
    x, y, width, height = line.box
    whole[y : y + height, x : x + width] = line.mask
    return whole


def _iou(mask: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return float((mask & truth).sum() / (mask | truth).sum())


def _bare(string: str) -> str:
    return "".join(string.split())
