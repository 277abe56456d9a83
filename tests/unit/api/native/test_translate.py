"""The native JSON becomes what the service does, and nothing gets in that the service could not do."""

from dataclasses import asdict
from typing import Any

import pytest
from pydantic import ValidationError

from lamina.api.native.translate import (
    body_hash,
    parse_decomposition,
    parse_edit,
    parse_generation,
    parse_training,
)
from lamina.api.native.wire import DecompositionFields, EditFields, GenerationFields, TrainingFields
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import InputRole, JobInput
from lamina.core.selections import Place, Selection, Unit
from lamina.core.tasks import DecomposeTask, EditTask, GenerateTask, Lora, TaskKind

FILE = "file:0199a2f0-1c2d-7e3f-8a4b-5c6d7e8f9a0b"
URL = "https://example.org/a.png"


def decomposition(**fields: Any) -> DecompositionFields:
    return DecompositionFields.model_validate({"image": FILE, **fields})


def generation(**fields: Any) -> GenerationFields:
    return GenerationFields.model_validate({"prompt": "a circle", **fields})


def edit(**fields: Any) -> EditFields:
    return EditFields.model_validate({"image": FILE, "prompt": "make it green", **fields})


def code_of(call: Any, *arguments: Any) -> ErrorCode:
    with pytest.raises(LaminaError) as caught:
        call(*arguments)
    assert caught.value.message
    assert caught.value.hint
    return caught.value.code


def test_a_decomposition_with_nothing_but_its_image() -> None:
    request = parse_decomposition(decomposition())
    assert request.task == DecomposeTask()
    assert [(one.role, one.source) for one in request.inputs] == [(InputRole.PICTURE, FILE)]
    assert (request.model, request.engine, request.dialect) == ("qwen-image-layered", "auto", "native")
    assert request.delivery.safety is None


def test_a_decomposition_with_everything() -> None:
    fields = decomposition(
        layers=4, prompt="a poster", resolution=1024, raw=True, model="nano", seed=2**64 - 1, steps=8, guidance=1.5,
        safety=False, engine="nano", priority=-3, start_within_s=60, run_within_s=30.5, webhook_url=URL,
    )  # fmt: skip
    request = parse_decomposition(fields)
    task = request.task
    assert isinstance(task, DecomposeTask)
    assert (task.layers, task.prompt, task.resolution_px, task.is_raw) == (4, "a poster", 1024, True)
    assert (task.sampling.model, task.sampling.seed, task.sampling.steps) == ("nano", 2**64 - 1, 8)
    assert (request.engine, request.priority, request.start_within_s, request.run_within_s) == ("nano", -3, 60, 30.5)
    assert (request.webhook_url, request.delivery.safety) == (URL, False)


def test_a_decomposition_with_selections() -> None:
    fields = decomposition(
        select=[{"box": [0.1, 0.2, 0.3, 0.4], "name": "Logo"}, {"point": [0.5, 0.5]}], exclude=[[0.9, 1]], unit="shares"
    )
    task = parse_decomposition(fields).task
    assert isinstance(task, DecomposeTask)
    assert task.selections == (
        Selection(Place(x=0.1, y=0.2, width=0.3, height=0.4, unit=Unit.SHARES), "Logo"),
        Selection(Place(x=0.5, y=0.5, unit=Unit.SHARES)),
    )
    assert task.exclusions == (Place(x=0.9, y=1, unit=Unit.SHARES),)


@pytest.mark.parametrize(
    "wrong",
    [
        {"select": [{"name": "Logo"}]},
        {"select": [{"box": [1, 1, 5, 5], "point": [1, 1]}]},
        {"select": [{"box": [1, 1, 0, 0]}]},
        {"select": [{"box": [0.5, 0.5, 0.6, 0.1]}], "unit": "shares"},
        {"select": [{"point": [1, 1]}], "layers": 1},
        {"select": [{"point": [1, 1]}], "engine": "qwen"},
        {"select": [{"point": [1, 1]}], "model": "qwen-image-layered"},
        {"exclude": [[1, 1]]},
    ],
)
def test_selections_that_cannot_be_are_errors(wrong: dict[str, Any]) -> None:
    assert code_of(parse_decomposition, decomposition(**wrong)) is ErrorCode.TASK_INVALID


def test_a_generation_from_a_picture() -> None:
    fields = generation(
        image=FILE, mask=URL, strength=0.3, count=2, width=640, height=480, expand=True, format="webp", quality=80,
        watermark=True, model="qwen-image-max", loras=[{"path": "owner/name", "scale": 0.5}],
    )  # fmt: skip
    request = parse_generation(fields)
    task = request.task
    assert isinstance(task, GenerateTask)
    assert (task.width, task.height, task.count, task.strength, task.is_expanded) == (640, 480, 2, 0.3, True)
    assert task.sampling.loras == (Lora("owner/name", 0.5),)
    assert [(one.role, one.source) for one in request.inputs] == [(InputRole.START, FILE), (InputRole.MASK, URL)]
    assert request.model == "qwen-image-2512"
    delivery = request.delivery
    assert (delivery.format, delivery.quality, delivery.is_watermarked) == ("webp", 80, True)


def test_an_edit_has_its_image_first() -> None:
    request = parse_edit(edit(references=[URL, FILE]))
    assert isinstance(request.task, EditTask)
    assert [one.source for one in request.inputs] == [FILE, URL, FILE]
    assert request.model == "qwen-image-edit-2511"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"image": "poster.png"}, ErrorCode.TASK_INVALID),
        ({"image": "/etc/passwd"}, ErrorCode.TASK_INVALID),
        ({"image": "file:../secret"}, ErrorCode.TASK_INVALID),
        ({"image": "file:\0"}, ErrorCode.TASK_INVALID),
        ({"image": "ftp://example.org/a.png"}, ErrorCode.TASK_INVALID),
        ({"image": "http://user:word@example.org/"}, ErrorCode.ADDRESS_REFUSED),
        ({"image": "http://0177.0.0.1/"}, ErrorCode.ADDRESS_REFUSED),
        ({"model": "qwen-imag"}, ErrorCode.MODEL_UNKNOWN),
        ({"model": "qwen-image"}, ErrorCode.TASK_INVALID),
        ({"scheduler": "Fastest"}, ErrorCode.TASK_INVALID),
        ({"webhook_url": "file:///etc/passwd"}, ErrorCode.ADDRESS_REFUSED),
        ({"webhook_url": "https://example.org/\0"}, ErrorCode.ADDRESS_REFUSED),
        ({"loras": [{"path": "file:nothing"}]}, ErrorCode.TASK_INVALID),
        ({"loras": [{"path": "http://user@example.org/a"}]}, ErrorCode.ADDRESS_REFUSED),
    ],
)
def test_what_cannot_be_done_is_told_at_once(fields: dict[str, Any], code: ErrorCode) -> None:
    assert code_of(parse_decomposition, decomposition(**fields)) is code


def test_pictures_that_do_not_fit_together() -> None:
    assert code_of(parse_generation, generation(mask=FILE)) is ErrorCode.TASK_INVALID
    assert code_of(parse_generation, generation(width=640)) is ErrorCode.TASK_INVALID
    assert code_of(parse_edit, edit(model="qwen-image-edit", references=[URL])) is ErrorCode.TASK_INVALID


@pytest.mark.parametrize("fields", [{"layers": 0}, {"seed": -1}, {"guidance": float("nan")}, {"x": 1}])
def test_fields_out_of_bounds(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        decomposition(**fields)


def test_a_training_has_an_archive_and_the_newest_model_that_edits() -> None:
    whole = parse_training(TrainingFields.model_validate({"images": FILE, "steps": 7, "priority": 3}))
    assert (whole.kind, whole.model, whole.priority) == (TaskKind.TRAIN, "qwen-image-edit-2511", 3)
    assert whole.inputs == (JobInput(InputRole.ARCHIVE, FILE),)
    assert whole.task.steps == 7
    layered = parse_training(TrainingFields.model_validate({"images": FILE, "model": "qwen-image-layered"}))
    assert layered.model == "qwen-image-layered"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"model": "none"}, ErrorCode.MODEL_UNKNOWN),
        ({"model": "qwen-image"}, ErrorCode.TASK_INVALID),
        ({"model": "qwen-image-layered", "resolution": 512}, ErrorCode.TASK_INVALID),
        ({"images": "x"}, ErrorCode.TASK_INVALID),
        ({"webhook_url": "gopher://x"}, ErrorCode.ADDRESS_REFUSED),
    ],
)
def test_a_training_that_cannot_be_is_refused(wrong: dict[str, Any], code: ErrorCode) -> None:
    assert code_of(parse_training, TrainingFields.model_validate({"images": FILE, **wrong})) is code


def test_a_lora_may_be_named_by_the_job_that_trained_it() -> None:
    path = FILE.replace("file:", "job:")
    request = parse_generation(generation(loras=[{"path": path}]))
    assert asdict(request.task)["sampling"]["loras"] == ({"path": path, "scale": 1.0},)
    assert code_of(parse_generation, generation(loras=[{"path": "job:none"}])) is ErrorCode.TASK_INVALID


def test_a_body_has_the_same_hash_however_it_is_written() -> None:
    plain = body_hash(TaskKind.GENERATE, generation())
    assert body_hash(TaskKind.GENERATE, generation(count=1, seed=None)) == plain
    assert body_hash(TaskKind.GENERATE, generation(count=2)) != plain
    assert body_hash(TaskKind.EDIT, generation()) != plain
