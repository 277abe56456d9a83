"""What each API's request names, and that an answer tells no cost of what a stand-in made."""

from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pydantic import BaseModel

from lamina.api.fal.endpoints import ENDPOINTS
from lamina.api.fal.submit import answer_of
from lamina.api.fal.translate import RequestOptions, parse_input
from lamina.api.native.rendering import render_result
from lamina.api.native.translate import parse_decomposition, parse_generation, parse_training
from lamina.api.native.wire import DecompositionFields, GenerationFields, TrainingFields
from lamina.api.pixazo.translate import parse_edit_plus, parse_layered, parse_trainer
from lamina.api.pixazo.wire import EditPlusFields, LayeredFields, TrainerFields
from lamina.api.runware.rendering import render_images
from lamina.api.runware.task_fields import TaskFields
from lamina.api.runware.translate import parse_inference
from lamina.core.job_results import PictureFile, PicturesResult, Result
from lamina.core.jobs import Job, JobRequest, JobState
from lamina.store.database import Database
from services import service_on
from waiting import completed

F = TypeVar("F", bound=BaseModel)
PICTURE, ARCHIVE = "https://example.org/in.png", "https://example.org/in.zip"
PNG = PictureFile(file="f", content_type="image/png", size=9, width=4, height=3)
STOOD_IN = PicturesResult(engine="nano", stands_in_for="qwen-image", is_free=True, pictures=(PNG, PNG))


def fields(of: type[F], **given: Any) -> F:
    return of.model_validate(given)


def fal(endpoint: str, **sent: Any) -> JobRequest:
    return parse_input(ENDPOINTS[f"fal-ai/{endpoint}"], sent, RequestOptions(), 77)


def runware(model: str, **more: Any) -> JobRequest:
    task = {"taskType": "imageInference", "taskUUID": "0199a2f0-1c2d-4e3f-8a4b-5c6d7e8f9a0b", "model": model}
    sent = TaskFields({**task, "positivePrompt": "a disc", "includeCost": True, **more})
    return parse_inference(sent, {}, 7).requests[0]


@pytest.mark.parametrize(
    ("request_made", "named"),
    [
        (parse_generation(fields(GenerationFields, prompt="a")), ""),
        (parse_generation(fields(GenerationFields, prompt="a", model="qwen-image-max")), "qwen-image-2512"),
        (parse_generation(fields(GenerationFields, prompt="a", model="nano")), "nano"),
        (parse_generation(fields(GenerationFields, prompt="a", engine="nano")), ""),
        (parse_decomposition(fields(DecompositionFields, image=PICTURE)), ""),
        (parse_training(fields(TrainingFields, images=ARCHIVE)), ""),
        (parse_training(fields(TrainingFields, images=ARCHIVE, model="qwen-image-layered")), "qwen-image-layered"),
        (fal("qwen-image", prompt="a"), "qwen-image"),
        (fal("qwen-image-layered", image_url=PICTURE), "qwen-image-layered"),
        (fal("qwen-image-edit-plus-trainer", image_data_url=ARCHIVE), "qwen-image-edit-2509"),
        (parse_layered(fields(LayeredFields, image_url=PICTURE)), "qwen-image-layered"),
        (parse_edit_plus(fields(EditPlusFields, prompt="a", image_urls=[PICTURE])), "qwen-image-edit-2509"),
        (parse_trainer(fields(TrainerFields, image_data_url=ARCHIVE)), "qwen-image-edit-2509"),
        (runware("runware:108@1", width=512, height=512), "qwen-image"),
    ],
)
def test_a_request_names_its_model_in_its_body_or_by_its_address(request_made: JobRequest, named: str) -> None:
    assert request_made.named_model == named


def succeeded(request: JobRequest, result: Result) -> Job:
    return Job(
        id="j",
        key_id="key",
        request=request,
        state=JobState.SUCCEEDED,
        attempt=1,
        created_at=1000.0,
        queued_at=1000.0,
        price_micros=45_000,
        result=result,
    )


def test_runware_tells_a_cost_of_nothing() -> None:
    job = succeeded(runware("runware:108@1", width=512, height=512), STOOD_IN)
    assert [item["cost"] for item in render_images(job, lambda *_: "", {})] == [0, 0]
    paid = replace(job, result=replace(STOOD_IN, is_free=False))
    assert [item["cost"] for item in render_images(paid, lambda *_: "", {})] == [0.045, 0]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_fal_counts_no_units(database: Database, tmp_path: Path) -> None:
    service = service_on(database, tmp_path)
    job = succeeded(fal("qwen-image", prompt="a", num_images=2), STOOD_IN)
    free = completed(answer_of(service, job))
    paid = completed(answer_of(service, replace(job, result=replace(STOOD_IN, is_free=False))))
    assert [one.headers["X-Fal-Billable-Units"] for one in (free, paid)] == ["0", "2"]


def test_the_native_result_says_for_whom_nano_stood_in() -> None:
    job = succeeded(parse_generation(fields(GenerationFields, prompt="a", model="qwen-image")), STOOD_IN)
    shown = render_result(job, STOOD_IN, lambda *_: "")
    assert (shown.engine, shown.stands_in_for, shown.is_free) == ("nano", "qwen-image", True)
