"""What the name of a layer may say: where it is, and whether it is a button, a badge, a picture or a photograph."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lamina.core.layers import Box, LayerKind, TextLine
from lamina.engines.classic.layer_traits import place_of, traits_of
from lamina.engines.classic.shape_kinds import ShapeKind
from lamina.engines.classic.solve import Element

HEIGHT, WIDTH = 400, 600


@pytest.mark.parametrize(
    ("box", "place"),
    [
        ((0, 0, 100, 100), "top left"),
        ((250, 10, 100, 60), "top"),
        ((500, 0, 100, 100), "top right"),
        ((0, 150, 100, 100), "left"),
        ((250, 150, 100, 100), "centre"),
        ((500, 150, 100, 100), "right"),
        ((0, 320, 100, 80), "bottom left"),
        ((0, 320, 600, 80), "bottom"),
        ((599, 399, 1, 1), "bottom right"),
        ((10, 10, 580, 380), ""),
        ((0, 0, 150, 400), "left"),
    ],
)
def test_a_place_is_one_of_nine_or_none(box: Box, place: str) -> None:
    assert place_of(box, (HEIGHT, WIDTH)) == place


def thing(
    mask: NDArray[np.bool_], kind: LayerKind = LayerKind.OBJECT, seen: NDArray[np.uint8] | None = None
) -> Element:
    """A thing of one colour, or with the picture (h, w, 3) that is seen."""
    visible = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    visible[mask, :3] = (200, 40, 40)
    if seen is not None:
        visible[..., :3] = seen
    return Element(name="", kind=kind, mask=mask, edge_area=mask, visible=visible, backdrop=visible)


def text(box: Box, *strings: str, size_px: float = 20) -> Element:
    """Bars in the box stand for its letters."""
    x, y, width, height = box
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[y : y + height, x : x + width : 3] = True
    mask[y : y + height, x + width - 1] = True
    quad = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    lines = tuple(TextLine(string, quad, (0, 0, 0), size_px) for string in strings)
    blank = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    return Element(name="", kind=LayerKind.TEXT, mask=mask, edge_area=mask, visible=blank, backdrop=blank, text=lines)


def rectangle(left: int, top: int, width: int, height: int) -> NDArray[np.bool_]:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[top : top + height, left : left + width] = True
    return mask


def disc(x: int, y: int, radius: int) -> NDArray[np.bool_]:
    return cv2.circle(np.zeros((HEIGHT, WIDTH), np.uint8), (x, y), radius, 1, -1).astype(bool)


HEADLINE = text((50, 20, 400, 60), "SUMMER FAIR", size_px=70)


def test_the_only_line_in_the_middle_of_a_small_wide_rectangle_is_the_label_of_a_button() -> None:
    label, _, button = traits_of(
        [text((80, 215, 100, 20), "Book now"), HEADLINE, thing(rectangle(60, 200, 140, 50))], None
    )
    assert (label.is_button_label, label.says, button.is_button) == (True, "Book now", True)


@pytest.mark.parametrize(
    ("texts", "mask"),
    [
        ([text((80, 215, 100, 20), "Book", "now")], rectangle(60, 200, 140, 50)),
        ([text((80, 205, 100, 15), "Book"), text((80, 230, 100, 15), "now")], rectangle(60, 200, 140, 50)),
        ([text((62, 203, 60, 20), "Book")], rectangle(60, 200, 140, 50)),
        ([text((80, 215, 30, 20), "Go")], rectangle(20, 200, 150, 50)),
        ([text((80, 215, 100, 20), "Book now")], rectangle(60, 165, 140, 120)),
        ([text((150, 215, 300, 20), "Tickets at the door")], rectangle(40, 130, 520, 190)),
        ([text((80, 215, 100, 20), "Book now")], disc(130, 225, 70)),
        ([text((80, 260, 100, 20), "Book now")], rectangle(60, 200, 140, 50)),
    ],
    ids=["two lines", "two texts", "in a corner", "much smaller", "high", "large", "round", "beside"],
)
def test_no_other_text_is_a_button_label(texts: list[Element], mask: NDArray[np.bool_]) -> None:
    traits = traits_of([*texts, HEADLINE, thing(mask, LayerKind.PANEL)], None)
    assert not any(it.is_button_label or it.is_button for it in traits)


def test_the_largest_text_is_the_headline_on_a_button_too() -> None:
    label, other, panel = traits_of(
        [
            text((80, 215, 100, 20), "SALE", size_px=22),
            text((80, 300, 90, 10), "until Sunday"),
            thing(rectangle(60, 200, 140, 50)),
        ],
        None,
    )
    assert (label.is_headline, label.is_button_label, panel.is_button, panel.bears_text) == (True, False, False, True)
    assert not other.is_headline


def test_a_small_disc_with_text_is_a_badge_and_a_large_one_is_not() -> None:
    label = text((480, 80, 60, 20), "-50 %")
    assert traits_of([label, HEADLINE, thing(disc(510, 90, 50))], None)[2].is_badge
    assert not traits_of([label, HEADLINE, thing(disc(470, 110, 110))], None)[2].is_badge
    assert not traits_of([HEADLINE, thing(disc(510, 90, 50))], None)[1].is_badge


def test_pictures_and_photographs_are_told_from_plain_rectangles() -> None:
    rng = np.random.default_rng(7)
    coarse = cv2.resize(rng.normal(128, 40, (25, 38, 3)), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    photograph = np.clip(coarse + rng.normal(0, 12, coarse.shape), 0, 255).astype(np.uint8)
    drawing = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    drawing[(np.add.outer(np.arange(HEIGHT), np.arange(WIDTH)) // 4) % 2 == 0] = (40, 60, 160)
    mask = rectangle(100, 100, 300, 200)
    plain, pictured, photographed = (
        traits_of([thing(mask, seen=seen)], None)[0] for seen in (None, drawing, photograph)
    )
    assert (plain.is_detailed, plain.is_picture, plain.shape) == (False, False, ShapeKind.RECTANGLE)
    assert (pictured.is_picture, pictured.is_photo) == (True, False)
    assert (photographed.is_picture, photographed.is_photo) == (True, True)
    (icon,) = traits_of([thing(rectangle(100, 100, 40, 40), seen=photograph)], None)
    assert (icon.is_detailed, icon.is_picture, icon.is_photo) == (True, False, False)


def test_the_subject_is_the_object_that_shows_most_of_it() -> None:
    elements = [HEADLINE, thing(disc(100, 200, 40)), thing(disc(400, 250, 90))]
    assert [it.is_subject for it in traits_of(elements, disc(390, 240, 90))] == [False, False, True]
    assert not any(it.is_subject for it in traits_of(elements, None))


def test_an_image_without_layers_has_no_traits() -> None:
    assert traits_of([], None) == []
