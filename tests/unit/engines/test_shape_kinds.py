"""Simple shapes are told by their masks, partly hidden ones too; anything else is none of them."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lamina.engines.classic.shape_kinds import ShapeKind, shape_kind

Mask = NDArray[np.bool_]
Draw = Callable[[NDArray[np.uint8]], object]
HEIGHT, WIDTH = 400, 600


def mask_of(*draw: Draw) -> Mask:
    canvas = np.zeros((HEIGHT, WIDTH), np.uint8)
    for step in draw:
        step(canvas)
    return canvas.astype(bool)


def nothing() -> Mask:
    return np.zeros((HEIGHT, WIDTH), bool)


def polygon(points: NDArray[np.float64], value: int = 1) -> Draw:
    return lambda canvas: cv2.fillPoly(canvas, [np.rint(points).astype(np.int32)], value)


def turned(width: float, height: float, degrees: float) -> NDArray[np.float64]:
    return np.asarray(cv2.boxPoints(((300.0, 200.0), (width, height), degrees)), float)


def star(points: int) -> NDArray[np.float64]:
    turns = np.arange(2 * points) * np.pi / points
    radius = np.where(np.arange(2 * points) % 2, 45, 110)
    return np.stack([300 + radius * np.sin(turns), 200 - radius * np.cos(turns)], -1)


def rounded(canvas: NDArray[np.uint8]) -> None:
    cv2.rectangle(canvas, (180, 100), (420, 300), 1, -1)
    for x, y, left, top in ((180, 100, 220, 140), (421, 100, 380, 140), (180, 301, 220, 260), (421, 301, 380, 260)):
        cv2.rectangle(canvas, (min(x, left), min(y, top)), (max(x, left), max(y, top)), 0, -1)
        cv2.circle(canvas, (left, top), 40, 1, -1)


SHAPES: dict[str, tuple[ShapeKind | None, Mask]] = {
    "circle": (ShapeKind.CIRCLE, mask_of(lambda canvas: cv2.circle(canvas, (300, 200), 80, 1, -1))),
    "small circle": (ShapeKind.CIRCLE, mask_of(lambda canvas: cv2.circle(canvas, (30, 40), 10, 1, -1))),
    "ellipse": (
        ShapeKind.ELLIPSE,
        mask_of(lambda canvas: cv2.ellipse(canvas, (300, 200), (150, 80), 30, 0, 360, 1, -1)),
    ),
    "rectangle": (ShapeKind.RECTANGLE, mask_of(lambda canvas: cv2.rectangle(canvas, (50, 60), (400, 300), 1, -1))),
    "turned rectangle": (ShapeKind.RECTANGLE, mask_of(polygon(turned(200, 120, 25)))),
    "rounded rectangle": (ShapeKind.ROUNDED_RECTANGLE, mask_of(rounded)),
    "pill": (ShapeKind.ROUNDED_RECTANGLE, mask_of(lambda canvas: cv2.line(canvas, (150, 200), (420, 200), 1, 60))),
    "triangle": (ShapeKind.TRIANGLE, mask_of(polygon(np.array([[300, 60], [420, 300], [160, 280]], float)))),
    "ring": (ShapeKind.RING, mask_of(lambda canvas: cv2.circle(canvas, (300, 200), 80, 1, 8))),
    "frame": (ShapeKind.FRAME, mask_of(lambda canvas: cv2.rectangle(canvas, (100, 60), (500, 340), 1, 20))),
    "line": (ShapeKind.LINE, mask_of(lambda canvas: cv2.line(canvas, (40, 60), (560, 90), 1, 5))),
    "star": (None, mask_of(polygon(star(5)))),
    "crescent": (
        None,
        mask_of(
            lambda canvas: cv2.circle(canvas, (300, 200), 80, 1, -1),
            lambda canvas: cv2.circle(canvas, (340, 190), 70, 0, -1),
        ),
    ),
    "two circles": (
        None,
        mask_of(
            lambda canvas: cv2.circle(canvas, (200, 200), 60, 1, -1),
            lambda canvas: cv2.circle(canvas, (420, 220), 60, 1, -1),
        ),
    ),
    "letter L": (
        None,
        mask_of(polygon(np.array([[200, 80], [260, 80], [260, 260], [400, 260], [400, 320], [200, 320]]))),
    ),
    "a window at the side": (
        None,
        mask_of(
            lambda canvas: cv2.rectangle(canvas, (100, 60), (500, 340), 1, -1),
            lambda canvas: cv2.rectangle(canvas, (120, 80), (260, 320), 0, -1),
        ),
    ),
    "scribble": (None, mask_of(lambda canvas: cv2.ellipse(canvas, (300, 200), (150, 80), 0, 0, 250, 1, 4))),
    "dot": (None, mask_of(lambda canvas: cv2.circle(canvas, (300, 200), 4, 1, -1))),
    "nothing": (None, nothing()),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_is_told_by_its_mask(name: str) -> None:
    kind, mask = SHAPES[name]
    assert shape_kind(mask, nothing()) is kind


@pytest.mark.parametrize("name", ["circle", "ellipse", "rectangle", "turned rectangle", "rounded rectangle", "frame"])
def test_a_rough_outline_does_not_hide_the_shape(name: str) -> None:
    kind, mask = SHAPES[name]
    noise = cv2.GaussianBlur(np.random.default_rng(3).normal(0, 1, mask.shape), (0, 0), 1.5)
    rough = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.5) + 0.6 * noise > 0.5
    assert shape_kind(rough & cv2.dilate(mask.astype(np.uint8), np.ones((5, 5))).astype(bool), nothing()) is kind


@pytest.mark.parametrize("name", ["circle", "rectangle", "rounded rectangle"])
def test_what_lies_in_front_does_not_change_the_shape(name: str) -> None:
    kind, mask = SHAPES[name]
    covered = mask_of(lambda canvas: cv2.circle(canvas, (370, 250), 55, 1, -1))
    assert shape_kind(mask & ~covered, nothing()) is not kind
    assert shape_kind(mask & ~covered, covered) is kind


def test_a_ring_around_other_things_is_a_ring() -> None:
    kind, mask = SHAPES["ring"]
    assert shape_kind(mask, mask_of(lambda canvas: cv2.circle(canvas, (300, 200), 40, 1, -1))) is kind


def test_what_is_mostly_hidden_could_be_anything() -> None:
    covered = mask_of(lambda canvas: cv2.rectangle(canvas, (0, 0), (330, HEIGHT), 1, -1))
    assert shape_kind(SHAPES["circle"][1] & ~covered, covered) is None
