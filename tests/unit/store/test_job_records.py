"""The JSON of stored jobs: as version 0.3.0 has written it, read by this one, and written again as it was."""

import json
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection
from store_rows import added_job

from lamina.core.job_results import PicturesResult, StackResult, TrainingResult
from lamina.core.jobs import AbsentTask, Job
from lamina.core.keys import ApiKey
from lamina.core.result_records import decode_result, encode_result
from lamina.core.tasks import GenerateTask, TaskKind
from lamina.store import jobs
from lamina.store.job_rows import request_record
from lamina.store.tables import jobs as table

REQUEST: dict[str, Any] = {
    "kind": "generate",
    "task": {
        "prompt": "a red cat",
        "sampling": {
            "model": "nano",
            "seed": 7,
            "steps": 4,
            "guidance": None,
            "negative": "",
            "loras": [{"path": "file:1", "scale": 0.5}],
            "scheduler": "Default",
            "acceleration": {
                "level": "none",
                "cache": "tea",
                "threshold": 0.2,
                "skip_interval": 5,
                "max_consecutive": 3,
                "start": 0.0,
                "end": 1.0,
            },
            "has_previews": False,
            "unasked": ["steps"],
        },
        "width": 64,
        "height": 64,
        "count": 2,
        "strength": 0.6,
        "is_expanded": False,
    },
    "inputs": [{"role": "start", "source": "file:2"}],
    "delivery": {
        "format": "png",
        "quality": 95,
        "is_watermarked": False,
        "safety": None,
        "has_pages": False,
        "keep_s": None,
    },
    "engine": "auto",
    "model": "nano",
    "dialect": "native",
    "extra": {},
    "priority": 0,
    "webhook_events": ["completed"],
    "named_model": "nano",
}
MADE: dict[str, Any] = {
    "engine": "nano",
    "checkpoint": "nano",
    "seed": None,
    "prompt": "a red cat",
    "timings_s": {"sampling": 1.5},
    "steps": 4,
    "skipped_steps": 0,
    "notes": ["A note."],
    "is_flagged": False,
    "width": 4,
    "height": 3,
}
FILE = {"file": "f", "content_type": "image/png", "size": 9}
SIZED = {**FILE, "width": 4, "height": 3}
PICTURES = {
    **MADE,
    "pictures": [{**SIZED, "seed": 7, "is_flagged": False}, {**SIZED, "seed": None, "is_flagged": True}],
}
LAYER = {
    **SIZED,
    "index": 0,
    "name": "Background",
    "kind": "background",
    "bbox": [0, 0, 4, 3],
    "opacity": 255,
    "is_hidden": False,
    "blend": "normal",
}
STYLE = {
    "size_px": 88.0,
    "line_height_px": 0.0,
    "letter_spacing_px": 1.5,
    "alignment": "left",
    "colour": [250, 16, 3],
    "gradient": {"start": [250, 16, 3], "end": [9, 9, 9], "degrees": 90.0},
    "outline": {"colour": [0, 0, 0], "width_px": 3.0},
    "shadow": {"colour": [0, 0, 0], "offset_px": [4.0, 4.0], "blur_px": 2.0, "opacity": 0.5},
    "rotation_degrees": 0.0,
    "arc_radius_px": 0.0,
    "script": "Latn",
    "typeface": {
        "family": "Lato",
        "confidence": 0.9,
        "weight": 700,
        "is_italic": False,
        "type_class": "sans",
        "alternatives": ["Carlito"],
    },
}
STACK = {
    **MADE,
    "recomposition": {"max_abs_error": 0.0, "mean_abs_error": 0.0},
    "stack": SIZED,
    "layers": [LAYER, {**LAYER, "index": 1, "text": "SALE", "style": STYLE, "group": 1}],
    "groups": [
        {"name": "Card", "kind": "panel", "is_hidden": True, "is_locked": False, "parent": None},
        {"name": "Text", "kind": "text", "is_hidden": False, "is_locked": True, "parent": 0},
    ],
    "flat": SIZED,
    "pages": SIZED,
    "pictures": [{**SIZED, "is_flagged": False}],
}
TRAINED = {"steps_done": 4, "layer_count": 1, "seed": 3, "engine": "nano", "checkpoint": "nano", "notes": []}
ADAPTER = {"lora": FILE, "config": FILE, "loss_plot": FILE}
LAST = {"last_checkpoint": {**FILE, "step": 4}}
STAND_IN = {"stands_in_for": "qwen-image", "is_free": False}


@pytest.mark.parametrize(
    ("kind", "record", "of"),
    [
        (TaskKind.GENERATE, PICTURES, PicturesResult),
        (TaskKind.EDIT, {**PICTURES, **STAND_IN}, PicturesResult),
        (TaskKind.DECOMPOSE, STACK, StackResult),
        (TaskKind.DECOMPOSE, {**MADE, "recomposition": None, "stack": SIZED, "layers": [LAYER]}, StackResult),
        (TaskKind.TRAIN, {**TRAINED, **ADAPTER}, TrainingResult),
        (TaskKind.TRAIN, {name: TRAINED[name] for name in TRAINED if name != "notes"} | ADAPTER | LAST, TrainingResult),
        (TaskKind.TRAIN, {"steps_done": 4, "layer_count": 1, "engine": "nano", **LAST}, TrainingResult),
    ],
)
def test_a_result_is_written_as_it_was(kind: TaskKind, record: dict[str, Any], of: type) -> None:
    result = decode_result(kind, record)
    assert type(result) is of
    assert json.loads(json.dumps(encode_result(result))) == record


@pytest.mark.parametrize("kind", list(TaskKind))
def test_a_result_may_lack_what_it_had_not_yet_and_have_what_it_will_have(kind: TaskKind) -> None:
    result = decode_result(kind, {"engine": "classic", "of_a_later_version": 1})
    assert (result.engine, result.notes, result.files) == ("classic", (), ())


def stored(connection: Connection, key: ApiKey, request: dict[str, Any]) -> Job:
    job = added_job(connection, key)
    connection.execute(sa.update(table).where(table.c.id == job.id).values(request=request, kind=TaskKind.GENERATE))
    read = jobs.by_id(connection, job.id)
    assert read is not None
    return read


def test_a_request_is_written_as_it_was(connection: Connection, key: ApiKey) -> None:
    request = stored(connection, key, REQUEST).request
    assert isinstance(request.task, GenerateTask) and request.task.sampling.loras[0].scale == 0.5
    assert json.loads(json.dumps(request_record(request))) == REQUEST


def test_a_request_may_lack_what_it_had_not_yet_and_have_what_it_will_have(connection: Connection, key: ApiKey) -> None:
    older = {"kind": "generate", "task": {"prompt": "a red cat", "later": 1}, "model": "nano", "later": 1}
    request = stored(connection, key, older).request
    assert (request.task, request.model, request.inputs) == (GenerateTask("a red cat"), "nano", ())


@pytest.mark.parametrize("task", [{}, {"prompt": ""}, {"prompt": "a", "count": 10**6}, {"strength": 1}])
def test_a_task_that_is_not_known_leaves_its_job_readable(
    connection: Connection, key: ApiKey, task: dict[str, Any]
) -> None:
    request = stored(connection, key, {**REQUEST, "task": task}).request
    assert (request.task, request.has_task, request.loras) == (AbsentTask(TaskKind.GENERATE), False, ())
