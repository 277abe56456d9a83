"""Boxes and points of the example picture mean what a person would say, also if they are not exact."""

from pathlib import Path

import numpy as np
import pytest

from lamina.core.ports import no_progress
from lamina.core.selections import Place
from lamina.engines.classic.engine import working_copy
from lamina.engines.classic.observation import observe
from lamina.engines.classic.raster import Mask, bounding_box
from lamina.engines.classic.thing_finder import ThingFinder
from lamina.imaging.picture import read_picture

POSTER = Path(__file__).parents[3] / "examples" / "poster.png"
SIDE = 1024

BALL, CAR, BALLOON = (606, 528, 196, 204), (217, 596, 240, 162), (76, 285, 242, 311)
ON_THE_BALL, ON_THE_CAR = (660, 690), (330, 685)
PLATE, TITLE, ON_THE_TITLE = (60, 785, 906, 171), (62, 94, 901, 113), (530, 110)
_NEAR_PX = 8


@pytest.fixture(scope="module")
def finder() -> ThingFinder:
    return ThingFinder(observe(working_copy(read_picture(POSTER.read_bytes()).pixels), no_progress))


def box(x: float, y: float, width: float, height: float) -> Place:
    return Place(x=x, y=y, width=width, height=height)


def found(finder: ThingFinder, place: Place) -> Mask:
    mask = finder.mask_at(place)
    assert mask is not None
    return mask


def is_near(mask: Mask, expected: tuple[int, int, int, int]) -> bool:
    x, y, width, height = bounding_box(mask)
    sides = np.array([x, y, x + width, y + height])
    left, top, across, down = expected
    return bool(np.abs(sides - (left, top, left + across, top + down)).max() <= _NEAR_PX)


@pytest.mark.parametrize("thing", [BALL, CAR, BALLOON])
def test_a_box_means_the_thing_in_it(finder: ThingFinder, thing: tuple[int, int, int, int]) -> None:
    assert is_near(found(finder, box(*thing)), thing)


@pytest.mark.parametrize("thing", [BALL, CAR, BALLOON])
@pytest.mark.parametrize("error", [0.04, -0.04])
def test_a_box_that_is_too_large_or_too_small_means_nearly_the_same(
    finder: ThingFinder, thing: tuple[int, int, int, int], error: float
) -> None:
    x, y, width, height = thing
    loose = box(x - error * width, y - error * height, (1 + 2 * error) * width, (1 + 2 * error) * height)
    mask, exact = found(finder, loose), found(finder, box(*thing))
    assert np.count_nonzero(mask & exact) > 0.8 * np.count_nonzero(mask | exact)


@pytest.mark.parametrize(("point", "thing"), [(ON_THE_BALL, BALL), (ON_THE_CAR, CAR)])
def test_a_point_means_the_whole_thing(
    finder: ThingFinder, point: tuple[int, int], thing: tuple[int, int, int, int]
) -> None:
    assert is_near(found(finder, Place(x=point[0], y=point[1])), thing)


def test_a_box_around_a_plate_means_the_plate_and_not_its_text(finder: ThingFinder) -> None:
    outline = finder.found_at(box(*PLATE))
    assert outline is not None
    assert outline.lines == ()
    assert is_near(outline.candidate.full(), PLATE)


@pytest.mark.parametrize("place", [box(*TITLE), Place(x=ON_THE_TITLE[0], y=ON_THE_TITLE[1])])
def test_a_box_around_a_title_and_a_point_on_it_mean_its_text(finder: ThingFinder, place: Place) -> None:
    outline = finder.found_at(place)
    assert outline is not None
    assert "".join(finder.lettering[index].string for index in outline.lines).replace(" ", "") == "SUMMERFAIR"


def test_the_same_place_means_the_same_thing_again(finder: ThingFinder) -> None:
    other = ThingFinder(observe(working_copy(read_picture(POSTER.read_bytes()).pixels), no_progress))
    for place in (box(*CAR), Place(x=ON_THE_BALL[0], y=ON_THE_BALL[1])):
        np.testing.assert_array_equal(found(finder, place), found(other, place))


def test_an_excluded_point_is_in_no_outline(finder: ThingFinder) -> None:
    seen = observe(working_copy(read_picture(POSTER.read_bytes()).pixels), no_progress, tuple(finder.lettering))
    without_wheel = ThingFinder(seen, (Place(x=403, y=716),))
    assert not found(without_wheel, Place(x=ON_THE_CAR[0], y=ON_THE_CAR[1]))[716, 403]
