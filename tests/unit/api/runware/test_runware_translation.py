"""What a task of Runware's becomes here."""

import uuid
from dataclasses import asdict
from typing import Any

import pytest
from runware_tasks import account_lora, generation, layered, parsed

from lamina.api.runware.acceleration import engine_threshold
from lamina.api.runware.translate import original_task
from lamina.api.runware.uuids import parse_uuid, render_uuid
from lamina.core.jobs import InputRole, JobRequest
from lamina.core.tasks import TaskKind

FILE = "0199a2f0-1c2d-7e3f-8a4b-5c6d7e8f9a0b"
LORAS = {"mine:1@1": account_lora(FILE, 0.8)}


def only(task: dict[str, Any]) -> JobRequest:
    (request,) = parsed(task, LORAS, 7).requests
    return request


def test_layers_are_four_where_nothing_is_said_and_come_as_pages() -> None:
    request = only(layered())
    assert request.kind is TaskKind.DECOMPOSE
    assert request.model == "qwen-image-layered"
    assert asdict(request.task)["layers"] == 4
    assert request.delivery.has_pages
    assert request.inputs[0].role is InputRole.PICTURE


def test_an_upload_endpoint_gets_pages_whatever_the_format() -> None:
    request = only(layered(outputFormat="PNG", uploadEndpoint="https://example.org/put"))
    assert request.delivery.format == "png"
    assert request.delivery.has_pages
    assert request.upload_url == "https://example.org/put"


def test_results_have_seeds_that_follow_one_another() -> None:
    wanted = parsed(generation(numberResults=3, seed=41), {}, 7)
    assert [asdict(request.task)["sampling"]["seed"] for request in wanted.requests] == [41, 42, 43]
    assert [request.extra["seed"] for request in wanted.requests] == [41, 42, 43]


def test_a_seed_that_is_not_given_is_drawn() -> None:
    assert asdict(only(generation()).task)["sampling"]["seed"] == 7


def test_the_largest_seed_of_the_page_is_echoed_as_it_was_sent() -> None:
    request = only(generation(seed=9223372036854776000))
    assert request.extra["seed"] == 9223372036854776000
    assert asdict(request.task)["sampling"]["seed"] == 9223372036854776000


@pytest.mark.parametrize(
    ("given", "guidance"),
    [({}, None), ({"CFGScale": 3}, 3), ({"CFGScale": 3, "settings__trueCFGScale": 5.0}, 5.0),
     ({"settings__true_cfg_scale": 2.5}, 2.5)],
)  # fmt: skip
def test_true_guidance_goes_before_the_plain_one(given: dict[str, Any], guidance: float | None) -> None:
    assert asdict(only(layered(**given)).task)["sampling"]["guidance"] == guidance


def test_a_negative_prompt_is_ignored_where_guidance_is_off() -> None:
    assert asdict(only(layered(negativePrompt="blur", CFGScale=1)).task)["sampling"]["negative"] == ""
    assert asdict(only(layered(negativePrompt="blur", CFGScale=1.01)).task)["sampling"]["negative"] == "blur"


def test_a_blank_prompt_is_none() -> None:
    assert asdict(only(layered(positivePrompt="__BLANK__")).task)["prompt"] == ""
    assert "BLANK" not in asdict(only(generation(positivePrompt="__BLANK__")).task)["prompt"]


@pytest.mark.parametrize(
    ("safety", "checked"),
    [({}, None), ({"checkContent": True}, True), ({"checkContent": False}, False), ({"mode": "fast"}, True),
     ({"mode": "none"}, False), ({"checkContent": True, "mode": "none"}, False)],
)  # fmt: skip
def test_the_safety_mode_goes_before_check_content(safety: dict[str, Any], checked: bool | None) -> None:
    assert only(generation(safety=safety)).delivery.safety is checked


def test_a_lora_is_the_file_that_was_uploaded_at_its_own_weight() -> None:
    request = only(layered(lora=[{"model": "mine:1@1"}, {"model": "mine:1@1", "weight": -2}]))
    loras = asdict(request.task)["sampling"]["loras"]
    assert [(lora["path"], lora["scale"]) for lora in loras] == [(f"file:{FILE}", 0.8), (f"file:{FILE}", -2)]


def test_what_cannot_be_done_is_told_in_the_log() -> None:
    notes = parsed(
        layered(
            advancedFeatures__ultralytics={},
            lora=[{"model": "mine:1@1", "transformer": "high"}],
            outputFormat="JPG",
            acceleratorOptions={"deepCache": True},
        ),
        LORAS,
        7,
    ).notes
    assert [
        any(word in note for note in notes) for word in ("faces", "one transformer stage", "white", "DeepCache")
    ] == [True] * 4


def test_older_names_of_parameters_mean_the_same() -> None:
    old = layered(
        inputs=..., referenceImages=["https://example.org/a.png"], ultralytics={"steps": 5}, checkNSFW=True, steps=20,
        acceleratorOptions={"fbcache": True, "cacheStopStep": 10, "cacheStartStep": None},
    )  # fmt: skip
    request = only(old)
    assert request.inputs[0].source == "https://example.org/a.png"
    assert request.delivery.safety is True
    acceleration = asdict(request.task)["sampling"]["acceleration"]
    assert acceleration["cache"] == "first_block"
    assert acceleration["end"] == 0.5


def test_a_threshold_that_reuses_more_at_the_vendor_reuses_more_here() -> None:
    assert engine_threshold(0) == 1  # always
    assert engine_threshold(0.25) == 0.25  # the default of both
    assert engine_threshold(1) == 0  # never
    steps = [engine_threshold(number / 100) for number in range(101)]
    assert steps == sorted(steps, reverse=True)
    request = only(layered(acceleratorOptions={"dbCache": True, "dbCacheThreshold": 0.1}))
    assert asdict(request.task)["sampling"]["acceleration"]["threshold"] == pytest.approx(0.7)


def test_a_distance_is_the_same_on_both_sides() -> None:
    request = only(layered(acceleratorOptions={"teaCache": True, "teaCacheDistance": 0.3}))
    assert asdict(request.task)["sampling"]["acceleration"]["threshold"] == 0.3


def test_pictures_come_in_four_ways() -> None:
    theirs = render_uuid(FILE)
    sources = [theirs, "https://example.org/a.png", "data:image/png;base64,AAAA", "iVBORw0KGgoAAAANSUhEUg=="]
    found = [only(layered(inputs__referenceImages=[source])).inputs[0].source for source in sources]
    assert found == [f"file:{FILE}", sources[1], sources[2], f"data:;base64,{sources[3]}"]


def test_a_picture_to_start_from_and_where_it_may_change() -> None:
    task = generation(inputs={"seedImage": "https://example.org/a", "maskImage": "https://example.org/b"}, strength=0.5)
    request = only(task)
    assert [one.role for one in request.inputs] == [InputRole.START, InputRole.MASK]
    assert asdict(request.task)["strength"] == 0.5


def test_what_was_asked_can_be_told_again() -> None:
    task = layered(steps=20)
    assert original_task(only(task)).to_json() == task


def test_clients_see_version_4_of_our_uuids() -> None:
    shown = render_uuid(FILE)
    assert uuid.UUID(shown).version == 4
    assert parse_uuid(shown) == FILE
    assert parse_uuid(shown.upper()) == FILE
    assert parse_uuid("in.png") is None


def test_two_results_cannot_have_the_same_name() -> None:
    wanted = parsed(generation(numberResults=20), {}, 2**32 - 1)
    assert len({request.extra["number"] for request in wanted.requests}) == 20
