"""What Pixazo's JSON becomes, and what its answers are made of."""

import json
from dataclasses import asdict, replace
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, FastAPI

from lamina.api.pixazo.errors import BODIES, invalid_fields, render_error, status_of
from lamina.api.pixazo.rendering import (
    BARE,
    check_id,
    parse_id,
    render_queued,
    render_result,
    render_status,
    render_webhook_body,
)
from lamina.api.pixazo.routes import PixazoRoute
from lamina.api.pixazo.sizes import parse_image_size, parse_size
from lamina.api.pixazo.translate import (
    parse_edit_plus,
    parse_generation,
    parse_layered,
    parse_max,
    parse_trainer,
    parse_webhook,
)
from lamina.api.pixazo.wire import (
    PIXAZO_TRAINER,
    EditPlusFields,
    LayeredFields,
    MaxFields,
    MultimodeFields,
    SizeFields,
    TrainerFields,
)
from lamina.core.acceleration import AccelerationLevel
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.job_results import LayerFile, StackResult
from lamina.core.jobs import Failure, Job, JobRequest, JobState, WebhookEvent
from lamina.core.tasks import DecomposeTask, EditTask, GenerateTask, TaskKind
from lamina.server.metrics import Metrics
from lamina.server.requests import RequestMiddleware
from waiting import completed

URL = "https://example.com/picture.png"
ID = "0199a2f0-1c2d-7e3f-8a4b-5c6d7e8f9a0b"


def task(request: JobRequest) -> Any:
    return request.task


def a_job(state: JobState, asked: JobRequest, **facts: Any) -> Job:
    ended = {} if state.is_open else {"ended_at": 1_700_000_015.25}
    return replace(
        Job(
            id=ID,
            key_id="key",
            request=asked,
            state=state,
            attempt=1,
            created_at=1_700_000_000.0,
            queued_at=1_700_000_000.0,
            price_micros=50_000,
        ),
        **{**ended, **facts},
    )


def address(file_id: str, media_type: str) -> str:
    return f"file:{file_id}:{media_type}"


def test_fast_layers_are_looked_at_smaller_and_with_steps_skipped() -> None:
    regular, fast = (
        task(parse_layered(LayeredFields(image_url=URL, acceleration=level))) for level in ("regular", "fast")
    )
    assert isinstance(regular, DecomposeTask)
    assert (regular.resolution_px, regular.sampling.acceleration.level) == (1024, AccelerationLevel.NONE)
    assert (fast.resolution_px, fast.sampling.acceleration.level) == (640, AccelerationLevel.FAST)


def test_layers_have_the_defaults_of_the_contract() -> None:
    request = parse_layered(LayeredFields(image_url=URL))
    assert task(request) == DecomposeTask(4, resolution_px=1024, is_flat=True)
    assert (request.model, request.delivery.format, request.delivery.safety) == ("qwen-image-layered", "png", None)


@pytest.mark.parametrize(
    ("name", "size"), [("square_hd", (1328, 1328)), ("portrait_hd", (928, 1664)), ("landscape_hd", (1664, 928))]
)
def test_the_sizes_of_max_are_those_of_the_models_card(name: str, size: tuple[int, int]) -> None:
    made = task(parse_max(MaxFields(prompt="a tiger", image_size=name)))  # pyright: ignore[reportArgumentType]
    assert isinstance(made, GenerateTask)
    assert (made.width, made.height) == size
    assert made.is_expanded


def test_a_format_is_named_as_the_service_names_it() -> None:
    assert parse_max(MaxFields(prompt="a tiger", output_format="jpeg")).delivery.format == "jpg"


@pytest.mark.parametrize(("said", "safety"), [(None, None), (True, None), (False, False)])
def test_pictures_are_checked_as_the_operator_says_unless_the_client_wants_none(
    said: bool | None, safety: bool | None
) -> None:
    max_fields = MaxFields(prompt="a tiger", enable_safety_checker=said)
    layered_fields = LayeredFields(image_url=URL, enable_safety_checker=said)
    assert parse_max(max_fields).delivery.safety is parse_layered(layered_fields).delivery.safety is safety


def test_edit_plus_takes_all_that_its_page_lists() -> None:
    fields = EditPlusFields.model_validate(
        {
            "prompt": "both",
            "image_urls": [URL, URL],
            "seed": 7.0,
            "num_inference_steps": 50,
            "guidance_scale": 4,
            "negative_prompt": " ",
            "acceleration": "regular",
            "loras": [{"path": URL, "scale": 0.5}],
            "image_size": {"width": 1000, "height": 700},
        }
    )
    made = task(parse_edit_plus(fields))
    assert isinstance(made, EditTask)
    assert (made.width, made.height) == (992, 704)
    assert (made.sampling.seed, made.sampling.steps, made.sampling.guidance) == (7, 50, 4)
    assert made.sampling.acceleration.level is AccelerationLevel.REGULAR
    assert [(lora.path, lora.scale) for lora in made.sampling.loras] == [(URL, 0.5)]


def test_a_training_has_a_price_by_the_job_and_its_archive() -> None:
    request = parse_trainer(TrainerFields(image_data_url=URL))
    assert (request.kind, request.model, asdict(request.task)["steps"]) == (TaskKind.TRAIN, PIXAZO_TRAINER, 1000)
    assert [one.source for one in request.inputs] == [URL]


def test_text_to_image_has_the_defaults_of_its_page() -> None:
    content = {"messages": [{"role": "user", "content": [{"text": "a lake"}]}]}
    request = parse_generation(MultimodeFields.model_validate({"model": "qwen-image", "input": content}))
    made = task(request)
    assert (made.prompt, made.width, made.height, made.is_expanded) == ("a lake", 1328, 1328, True)
    assert request.delivery.is_watermarked


@pytest.mark.parametrize("text", ["1024*1024", "1024x1024", "1024X1024", " 1024 * 1024 ", "1024×1024"])
def test_a_size_is_written_in_two_ways(text: str) -> None:
    assert parse_size(text) == (1024, 1024)


@pytest.mark.parametrize("text", ["", "1024", "1024*", "1024*768", "1664*928", "1e3*1e3", "99999*99999"])
def test_a_size_that_is_not_offered(text: str) -> None:
    with pytest.raises(LaminaError, match="not offered") as caught:
        parse_size(text)
    assert caught.value.code is ErrorCode.TASK_INVALID


@pytest.mark.parametrize("size", [(1, 1), (55, 1024), (4200, 64), (4096, 4096), (10**9, 10**9)])
def test_a_size_that_no_model_draws(size: tuple[int, int]) -> None:
    with pytest.raises(LaminaError, match="not offered"):
        parse_image_size(SizeFields(width=size[0], height=size[1]))


def test_a_webhook_in_the_body_goes_before_the_header() -> None:
    both = (WebhookEvent.STARTED, WebhookEvent.COMPLETED)
    assert parse_webhook(URL, ["*"], "https://example.org/header") == (URL, both)
    assert parse_webhook(None, ["start"], URL) == (URL, (WebhookEvent.STARTED,))
    assert parse_webhook(None, None, URL) == parse_webhook(URL, [], None) == (URL, (WebhookEvent.COMPLETED,))
    assert parse_webhook(None, None, None)[0] is None


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (JobState.QUEUED, "QUEUED"),
        (JobState.RUNNING, "PROCESSING"),
        (JobState.SUCCEEDED, "COMPLETED"),
        (JobState.FAILED, "FAILED"),
        (JobState.ERRORED, "ERROR"),
        (JobState.CANCELLED, "FAILED"),
    ],
)
def test_every_state_has_a_word(state: JobState, word: str) -> None:
    failure = Failure("x", "It broke.", "Try again.") if state in (JobState.FAILED, JobState.ERRORED) else None
    told = render_status(a_job(state, parse_layered(LayeredFields(image_url=URL)), failure=failure), address)
    assert told["status"] == word
    assert (told["error"] is None) == (word in ("QUEUED", "PROCESSING", "COMPLETED"))
    assert (told["completed_at"] is None) == state.is_open
    assert told["created_at"] == "2023-11-14T22:13:20.000Z"
    assert told["updated_at"] == ("2023-11-14T22:13:20.000Z" if state.is_open else "2023-11-14T22:13:35.250Z")


def test_the_older_layered_api_has_words_of_its_own() -> None:
    asked = parse_layered(LayeredFields(image_url=URL))
    older = replace(asked, extra={**asked.extra, BARE: True})
    assert render_queued(a_job(JobState.QUEUED, older), "http://x")["status"] == "IN_QUEUE"
    assert render_result(a_job(JobState.QUEUED, older), address)["status"] == "IN_QUEUE"
    assert render_result(a_job(JobState.RUNNING, older), address)["status"] == "IN_PROGRESS"
    assert render_result(a_job(JobState.RUNNING, asked), address)["status"] == "PROCESSING"


def test_a_letter_of_the_start_tells_of_the_start_though_the_job_has_ended() -> None:
    made = StackResult(layers=(LayerFile(file="f", content_type="image/png"),))
    job = a_job(JobState.SUCCEEDED, parse_layered(LayeredFields(image_url=URL)), result=made)
    started, completed = (json.loads(render_webhook_body(event, job, address)) for event in WebhookEvent)
    assert (started["status"], started["output"], started["completed_at"]) == ("PROCESSING", None, None)
    assert completed["output"] == {"media_url": ["file:f:image/png"], "media_type": "image/png"}


def test_a_request_is_known_by_its_id_in_two_forms_and_in_no_other() -> None:
    job = a_job(JobState.QUEUED, parse_layered(LayeredFields(image_url=URL)))
    for known in (ID, f"qwen-image-layered_{ID}"):
        assert parse_id(known) == ID
        check_id(known, job)
    for unknown in ("", "x", f"_{ID}", f"{ID}_", ID.upper(), f"qwen image_{ID}", f"{ID}\n"):
        with pytest.raises(LaminaError):
            parse_id(unknown)
    for other in (f"qwen-image_{ID}", f"qwen-image-max_{ID}"):
        with pytest.raises(LaminaError):
            check_id(other, job)
    with pytest.raises(LaminaError):
        check_id(ID, replace(job, request=replace(job.request, dialect="native")))


def test_every_error_has_a_status_that_the_pages_know() -> None:
    for code in ErrorCode:
        answer = render_error(LaminaError(code, "It broke.", "Mend it."))
        assert answer.status_code == status_of(code)
        assert answer.status_code in BODIES
        body = json.loads(bytes(answer.body))
        if answer.status_code == 400 and code is not ErrorCode.MODEL_UNKNOWN:
            assert body == {"error": "Invalid request parameters", "message": "It broke. Mend it."}


def test_many_mistakes_are_told_in_few_words() -> None:
    errors = [{"loc": ("input", "messages", number), "msg": "Field required"} for number in range(7)]
    told = invalid_fields(errors).message
    assert told.startswith("input.messages.0: Field required.")
    assert told.endswith(" 2 more.")


def test_what_nobody_expected_is_told_in_the_vendors_words() -> None:
    router = APIRouter(route_class=PixazoRoute)

    @router.get("/broken")
    async def broken() -> None:  # pyright: ignore[reportUnusedFunction]
        raise ZeroDivisionError

    app = FastAPI()
    app.include_router(router, prefix="/pixazo")
    app.add_middleware(RequestMiddleware, metrics=Metrics(), max_body_bytes=1000)

    async def ask() -> httpx2.Response:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://lamina") as client:
            return await client.get("/pixazo/broken")

    answer = completed(ask())
    assert (answer.status_code, answer.json()) == (500, BODIES[500])
