"""Places in pixels and in shares, the errors about them, and their way through the wire."""

import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.records import decode, encode
from lamina.core.selections import Place, Selection, Unit
from lamina.core.tasks import AUTO_LAYERS, DEFAULT_LAYERS, DecomposeTask

BOX = Place(x=10, y=20, width=100, height=50)


def test_shares_become_pixels_of_the_picture() -> None:
    place = Place(x=0.1, y=0.5, width=0.25, height=0.5, unit=Unit.SHARES)
    assert place.in_pixels(200, 100) == Place(x=20, y=50, width=50, height=50)
    assert BOX.in_pixels(110, 70) == BOX
    assert str(place) == "10%,50%,25%,50%"


@pytest.mark.parametrize(
    ("place", "size"),
    [(BOX, (109, 70)), (BOX, (110, 69)), (Place(x=5, y=-1), (10, 10)), (Place(x=float("nan"), y=1), (10, 10))],
)
def test_a_place_outside_the_picture_is_an_error(place: Place, size: tuple[int, int]) -> None:
    with pytest.raises(LaminaError) as refused:
        place.in_pixels(*size)
    assert refused.value.code is ErrorCode.TASK_INVALID
    assert f"outside the picture of {size[0]} x {size[1]} pixels" in refused.value.message


@pytest.mark.parametrize(
    "values",
    [
        {"x": 1, "y": 1, "width": 0, "height": 5},
        {"x": 1, "y": 1, "width": 5, "height": -5},
        {"x": 0.5, "y": 0.5, "width": 0.6, "height": 0.1, "unit": Unit.SHARES},
        {"x": 20, "y": 0.5, "unit": Unit.SHARES},
    ],
)
def test_a_place_that_cannot_be_is_an_error(values: dict[str, float]) -> None:
    with pytest.raises(LaminaError):
        Place(**values)  # pyright: ignore[reportArgumentType]


def test_a_task_has_its_selections_in_pixels_of_the_resized_picture() -> None:
    task = DecomposeTask(
        width=128,
        height=64,
        selections=(Selection(BOX, "Logo"), Selection(Place(x=0.5, y=0.5, unit=Unit.SHARES))),
        exclusions=(Place(x=200, y=100),),
    )
    placed = task.with_selections_in_pixels(256, 256)
    assert placed.selections[0] == Selection(Place(x=5, y=5, width=50, height=12.5), "Logo")
    assert placed.selections[1].place == Place(x=64, y=32)
    assert placed.exclusions == (Place(x=100, y=25),)


def test_selections_need_a_layer_each_and_one_for_the_background() -> None:
    three = (Selection(BOX),) * 3
    assert DecomposeTask(layers=4, selections=three).selections == three
    many = (Selection(BOX),) * DEFAULT_LAYERS
    assert DecomposeTask(layers=AUTO_LAYERS, selections=many).selections == many
    for layers, selections in ((3, three), (None, many)):
        with pytest.raises(LaminaError, match="are more than"):
            DecomposeTask(layers=layers, selections=selections)


def test_an_exclusion_without_a_selection_is_an_error() -> None:
    with pytest.raises(LaminaError, match="nothing is selected"):
        DecomposeTask(exclusions=(Place(x=1, y=1),))


def test_a_name_is_bounded() -> None:
    with pytest.raises(LaminaError, match="201 characters"):
        Selection(BOX, "x" * 201)


def test_a_record_keeps_them() -> None:
    task = DecomposeTask(selections=(Selection(BOX, "Logo"),), exclusions=(Place(x=0.1, y=0.2, unit=Unit.SHARES),))
    assert decode(DecomposeTask, encode(task)) == task
    assert decode(DecomposeTask, {"layers": 3}) == DecomposeTask(3)
