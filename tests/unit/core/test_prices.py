"""What jobs cost, as the vendors publish it and as a setting says."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.api.pixazo.wire import PIXAZO_TRAINER
from lamina.core.catalog import MODELS
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.prices import (
    KINDS,
    TRAIN,
    TRAINERS,
    Price,
    PriceList,
    PriceUnit,
    parse_prices,
    price_of,
    price_of_training,
    render_prices,
)
from lamina.core.tasks import TaskKind

VENDORS = PriceList()


@pytest.mark.parametrize(
    ("kind", "model", "amounts", "micros"),
    [
        (TaskKind.DECOMPOSE, "qwen-image-layered", {}, 50_000),
        (TaskKind.GENERATE, "qwen-image", {}, 45_000),
        (TaskKind.GENERATE, "qwen-image", {"pictures": 4}, 180_000),
        (TaskKind.GENERATE, "qwen-image-max", {}, 45_000),
        (TaskKind.EDIT, "qwen-image-edit", {}, 45_000),
        (TaskKind.EDIT, "qwen-image-edit-2509", {"pictures": 2}, 110_000),
        (TaskKind.EDIT, "qwen-image-edit-plus", {}, 55_000),
        (TaskKind.EDIT, "qwen-image-max-edit", {}, 45_000),
        (TRAIN, PIXAZO_TRAINER, {"steps": 10_000}, 40_000),
        (TRAIN, "qwen-image-trainer", {"steps": 1000}, 4_000_000),
        (TRAIN, "qwen-image-edit-plus-trainer", {"steps": 1}, 4_000),
        (TRAIN, "qwen-image-layered-trainer", {"steps": 1000, "layers": 4}, 17_000_000),
    ],
)
def test_jobs_cost_what_the_vendors_publish(kind: str, model: str, amounts: dict[str, int], micros: int) -> None:
    assert price_of(VENDORS, kind, model, **amounts) == micros


def test_the_steps_of_sampling_and_the_layers_asked_for_cost_nothing() -> None:
    assert price_of(VENDORS, TaskKind.DECOMPOSE, "qwen-image-layered", steps=50, layers=10) == 50_000


@pytest.mark.parametrize("kind", KINDS)
def test_a_task_without_a_model_has_the_price_of_its_kind(kind: str) -> None:
    assert price_of(VENDORS, kind, "", steps=1) > 0


def test_training_a_model_costs_as_trainings_do() -> None:
    assert price_of(VENDORS, TRAIN, "qwen-image", steps=10) == 40_000


def test_a_model_that_is_trained_has_a_price_for_that_beside_its_own() -> None:
    assert price_of(VENDORS, TRAIN, "qwen-image-layered", steps=100, layers=8) == 3_400_000
    prices = parse_prices("train:qwen-image-layered=0.01/step,qwen-image-edit-2511=0.02/step")
    assert price_of(prices, TRAIN, "qwen-image-layered", steps=100, layers=8) == 1_000_000
    assert price_of(prices, TRAIN, "qwen-image-edit-2511", steps=100) == 2_000_000
    assert price_of(prices, TaskKind.DECOMPOSE, "qwen-image-layered") == 50_000
    with pytest.raises(LaminaError, match="does not train"):
        parse_prices("train:qwen-image=0.01/step")


def test_a_training_that_was_stopped_costs_its_steps_and_nothing_where_the_price_is_by_the_job() -> None:
    for is_whole, micros in ((True, 40_000), (False, 0)):
        assert price_of_training(VENDORS, PIXAZO_TRAINER, 500, 1, is_whole) == micros
    for is_whole in (True, False):
        assert price_of_training(VENDORS, "qwen-image-edit-2511-trainer", 500, 1, is_whole) == 2_000_000
        assert price_of_training(VENDORS, "qwen-image-layered-trainer", 500, 3, is_whole) == 6_375_000


def test_a_setting_changes_what_it_names_and_nothing_else() -> None:
    prices = parse_prices(" qwen-image = 0.01 / picture , nano=0/picture,\n qwen-image-layered-trainer=$2/job ")
    assert price_of(prices, TaskKind.GENERATE, "qwen-image", pictures=3) == 30_000
    assert price_of(prices, TaskKind.DECOMPOSE, "nano") == 0
    assert price_of(prices, TRAIN, "qwen-image-layered-trainer", steps=1000, layers=8) == 2_000_000
    assert price_of(prices, TaskKind.EDIT, "qwen-image-edit") == 45_000


def test_a_table_is_read_as_a_line_is() -> None:
    table = {"qwen-image": "0.01/picture", "edit:*": "0.02/job"}
    assert parse_prices(table) == parse_prices("qwen-image=0.01/picture,edit:*=0.02/job")


def test_the_more_exact_price_counts() -> None:
    prices = parse_prices("*=0.01/picture,edit:*=0.02/picture,nano=0.03/picture,edit:nano=0.04/picture")
    assert price_of(prices, TaskKind.EDIT, "nano") == 40_000
    assert price_of(prices, TaskKind.GENERATE, "nano") == 30_000
    assert price_of(prices, TaskKind.EDIT, "qwen-image-edit") == 20_000
    assert price_of(prices, TaskKind.GENERATE, "qwen-image") == 10_000


def test_a_price_by_the_picture_for_everything_leaves_trainings_as_they_were() -> None:
    prices = parse_prices("*=0.01/picture")
    assert price_of(prices, TRAIN, "qwen-image-trainer", steps=10) == 40_000
    assert price_of(parse_prices("*=0/job"), TRAIN, "qwen-image-trainer", steps=10) == 0


def test_an_alias_is_the_model() -> None:
    prices = parse_prices("qwen-image-edit-plus=0.01/picture")
    assert price_of(prices, TaskKind.EDIT, "qwen-image-edit-2509") == 10_000


def test_no_setting_is_the_vendors_prices() -> None:
    assert parse_prices("") == parse_prices({}) == VENDORS


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("qwen-image", "MODEL=USD/UNIT"),
        ("qwen-imag=0.05/picture", "Did you mean 'qwen-image'"),
        ("zzz=0.05/picture", "Available names: qwen-image"),
        ("paint:*=0.05/picture", "generate, edit, decompose, train"),
        ("edit:qwen-image=0.05/picture", "does not edit"),
        ("qwen-image=0.05", "0.045/picture"),
        ("qwen-image=/picture", "0.045/picture"),
        ("qwen-image=-0.05/picture", "0.045/picture"),
        ("qwen-image=nan/picture", "0.045/picture"),
        ("qwen-image=1e9999999/picture", "0.045/picture"),
        ("qwen-image=0.0000001/picture", "six decimal places"),
        ("qwen-image=0.05/pixel", "/step_layer"),
        ("qwen-image=0.05/step", "per picture or job"),
        ("train:*=0.05/picture", "per step or step_layer or job"),
        ("qwen-image-edit-plus=1/job,qwen-image-edit-2509=2/job", "given twice"),
        ({"qwen-image": 0.05}, "0.045/picture"),
        ({"": "1/job"}, "unknown model"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_in_words(setting: str | dict[str, object], words: str) -> None:
    with pytest.raises(LaminaError) as refused:
        parse_prices(setting)
    assert refused.value.code is ErrorCode.SETTINGS_INVALID
    assert words in str(refused.value)


LISTS = st.dictionaries(
    st.sampled_from([*MODELS, "generate:*", "decompose:nano"]),
    st.builds(Price, st.integers(0, 10**15 - 1), st.sampled_from([PriceUnit.PICTURE, PriceUnit.JOB])),
) | st.dictionaries(
    st.sampled_from([*TRAINERS, "train:*"]),
    st.builds(Price, st.integers(0, 10**15 - 1), st.sampled_from([PriceUnit.STEP, PriceUnit.STEP_LAYER])),
)


@given(LISTS.map(PriceList))
def test_a_list_is_the_same_after_it_was_written_and_read(prices: PriceList) -> None:
    assert parse_prices(render_prices(prices)) == prices


@given(st.text(alphabet=string.printable + "é٣", max_size=60) | st.dictionaries(st.text(), st.integers() | st.text()))
def test_any_setting_is_read_or_refused(setting: str | dict[str, object]) -> None:
    try:
        prices = parse_prices(setting)
    except LaminaError as error:
        assert error.code is ErrorCode.SETTINGS_INVALID
    else:
        assert all(price_of(prices, kind, "", steps=1) >= 0 for kind in KINDS)


@given(st.integers(1, 20), st.integers(0, 40_000), st.integers(1, 8), st.sampled_from(TRAINERS))
def test_a_cost_is_whole_micro_dollars_and_grows_with_what_is_asked_for(
    pictures: int, steps: int, layers: int, trainer: str
) -> None:
    cost = price_of(VENDORS, TRAIN, trainer, pictures=pictures, steps=steps, layers=layers)
    assert type(cost) is int
    assert 0 <= cost <= price_of(VENDORS, TRAIN, trainer, pictures=pictures, steps=steps + 1, layers=layers + 1)
