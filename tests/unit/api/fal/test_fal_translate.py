"""What fal's inputs become, without a service."""

from dataclasses import asdict
from typing import Any

import pytest

from lamina.api.fal.endpoints import ENDPOINTS
from lamina.api.fal.headers import parse_lifetime_s, parse_options, parse_switch
from lamina.api.fal.hosts import place_of
from lamina.api.fal.routes.queue import QueuePath, parse_queue_path
from lamina.api.fal.translate import InvalidInput, RequestOptions, parse_input
from lamina.core.jobs import InputRole, JobInput, JobRequest
from lamina.core.tasks import TaskKind

PICTURE = "https://example.org/a.png"


def parsed(endpoint: str, **sent: Any) -> JobRequest:
    return parse_input(ENDPOINTS[f"fal-ai/{endpoint}"], sent, RequestOptions(), 77)


def test_taking_apart_works_without_a_model_and_wants_one_for_loras() -> None:
    request = parsed("qwen-image-layered", image_url=PICTURE, num_layers=6, output_format="webp", prompt="a poster")
    assert (request.kind, request.model, request.dialect) == (TaskKind.DECOMPOSE, "qwen-image-layered", "fal")
    assert (asdict(request.task)["layers"], asdict(request.task)["prompt"]) == (6, "a poster")
    assert request.inputs == (JobInput(InputRole.PICTURE, PICTURE),)
    sampling = asdict(request.task)["sampling"]
    assert (sampling["model"], sampling["seed"], sampling["steps"], sampling["guidance"]) == (None, 77, 28, 5)
    assert sampling["acceleration"]["level"] == "regular"
    assert sorted(sampling["unasked"]) == ["acceleration", "guidance", "negative", "steps"]
    with_steps = asdict(parsed("qwen-image-layered", image_url=PICTURE, num_inference_steps=30).task)["sampling"]
    assert "steps" not in with_steps["unasked"]
    assert (request.delivery.format, request.delivery.quality) == ("webp", 100)
    loras = [{"path": "owner/name", "scale": 0.5}]
    with_lora = asdict(parsed("qwen-image-layered/lora", image_url=PICTURE, loras=loras).task)["sampling"]
    assert with_lora["model"] == "qwen-image-layered"
    assert [dict(lora) for lora in with_lora["loras"]] == loras


def test_making_pictures() -> None:
    request = parsed("qwen-image", prompt="a disc", num_images=3, output_format="jpeg", enable_safety_checker=False)
    task = asdict(request.task)
    assert (task["width"], task["height"], task["count"]) == (1024, 768, 3)
    assert (task["sampling"]["steps"], task["sampling"]["guidance"]) == (30, 2.5)
    assert task["sampling"]["negative"] == ""
    assert (request.delivery.format, request.delivery.safety) == ("jpg", False)
    turbo = asdict(parsed("qwen-image", prompt="a disc", use_turbo=True).task)["sampling"]
    assert (turbo["steps"], turbo["guidance"]) == (10, 1.2)
    started = parsed("qwen-image/image-to-image", prompt="x", image_url=PICTURE, strength=0.2)
    assert started.inputs == (JobInput(InputRole.START, PICTURE),)
    assert (asdict(started.task)["strength"], asdict(started.task)["width"]) == (0.2, None)
    assert asdict(parsed("qwen-image-max/text-to-image", prompt="x").task)["is_expanded"] is True


@pytest.mark.parametrize(
    ("given", "size"),
    [
        ("square_hd", (1024, 1024)),
        ({"width": 500, "height": 300}, (496, 304)),
        ({"width": 70}, (64, 512)),
        ({}, (512, 512)),
    ],
)
def test_sizes_are_rounded_to_what_models_work_in(given: Any, size: tuple[int, int]) -> None:
    task = asdict(parsed("qwen-image", prompt="x", image_size=given).task)
    assert (task["width"], task["height"]) == size


def test_several_pictures_keep_their_order() -> None:
    request = parsed("qwen-image-edit-2511", prompt="x", image_urls=[PICTURE, "data:image/png;base64,AA=="])
    assert [one.source for one in request.inputs] == [PICTURE, "data:image/png;base64,AA=="]
    assert asdict(request.task)["width"] is None


@pytest.mark.parametrize(("given", "used"), [(5, 5), (2**64 - 1, 2**64 - 1), (-1, 2**64 - 2), (2**80, None)])
def test_any_seed_that_fal_takes_is_told_again(given: int, used: int | None) -> None:
    request = parsed("qwen-image", prompt="x", seed=given)
    assert request.extra["seed"] == given
    assert 0 <= asdict(request.task)["sampling"]["seed"] < 2**64
    assert used is None or asdict(request.task)["sampling"]["seed"] == used


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        parsed("qwen-image-edit-2511", prompt=" ", image_urls=[PICTURE, "nowhere"], image_size={"width": 1})
    assert [detail["loc"] for detail in caught.value.details] == [
        ["body", "prompt"], ["body", "image_urls", 1], ["body", "image_size", "width"],
    ]  # fmt: skip


def test_headers_and_query() -> None:
    headers = {"x-fal-queue-priority": "low", "x-fal-request-timeout": "30.0"}
    options = parse_options(headers, {"fal_webhook": "https://example.org/hook", "fal_max_queue_length": "3"})
    assert options == RequestOptions(
        priority=-5, start_within_s=30.0, keep_s=None, webhook_url="https://example.org/hook", most_waiting=3
    )
    assert parse_lifetime_s({"x-fal-object-lifecycle": '{"expiration_duration_seconds": 60}'}) == 60
    for nonsense in ("", "[]", "{", '{"expiration_duration_seconds": true}', '{"expiration_duration_seconds": -1}'):
        assert parse_lifetime_s({"x-fal-object-lifecycle": nonsense}) is None
    assert [parse_switch(text) for text in ("1", "true", "0", "false", None)] == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("fal-ai/qwen-image", None),
        ("fal-ai/qwen-image/requests/7", QueuePath("fal-ai/qwen-image", "7", "")),
        ("fal-ai/qwen-image-2512/lora/requests/7/status/", QueuePath("fal-ai/qwen-image-2512", "7", "status")),
        ("fal-ai/qwen-image/requests/7/status/stream", QueuePath("fal-ai/qwen-image", "7", "status/stream")),
        ("fal-ai/qwen-image/requests/7/response", QueuePath("fal-ai/qwen-image", "7", "")),
        ("fal-ai/qwen-image/requests/", None),
    ],
)
def test_paths_of_the_queue(path: str, asked: QueuePath | None) -> None:
    assert parse_queue_path(path) == asked


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("fal.run", "run"), ("QUEUE.fal.run:443", "queue"), ("v3b.fal.media", "cdn"), ("rest.alpha.fal.ai", "rest"),
        ("evil-fal.run", None), ("fal.run.example.org", None), ("", None), ("127.0.0.1:8080", None),
    ],
)  # fmt: skip
def test_hosts(host: str, place: str | None) -> None:
    assert place_of(host) == place
