"""Tasks of Runware's as tests send them."""

import uuid
from collections.abc import Mapping
from typing import Any

from lamina.api.runware.loras import LoraRecord
from lamina.api.runware.task_fields import TaskFields
from lamina.api.runware.translate import Inference, parse_inference

LAYERED = "alibaba:qwen-image@layered"
QWEN_IMAGE = "runware:108@1"
EDIT, EDIT_PLUS = "runware:108@20", "runware:108@22"
PICTURE = "https://example.org/in.png"


def parsed(task: dict[str, Any], loras: Mapping[str, LoraRecord], default_seed: int) -> Inference:
    return parse_inference(TaskFields(task), loras, default_seed)


def account_lora(file_id: str, weight: float = 1) -> LoraRecord:
    return LoraRecord(name="mine", version="1", architecture="qwen_image", file=file_id, defaultWeight=weight)


def layered(**changes: Any) -> dict[str, Any]:
    """A decomposition that is right, with what is named changed; `outer__inner` reaches into an object."""
    task = {
        "taskType": "imageInference",
        "taskUUID": str(uuid.uuid4()),
        "model": LAYERED,
        "positivePrompt": "a poster",
        "inputs": {"referenceImages": [PICTURE]},
    }
    return changed(task, changes)


def generation(**changes: Any) -> dict[str, Any]:
    task = {
        "taskType": "imageInference",
        "taskUUID": str(uuid.uuid4()),
        "model": QWEN_IMAGE,
        "positivePrompt": "a red circle",
        "width": 512,
        "height": 512,
    }
    return changed(task, changes)


def edit(model: str = EDIT, **changes: Any) -> dict[str, Any]:
    return layered(model=model, **changes)


def changed(task: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    for path, value in changes.items():
        place, *names = task, *path.split("__")
        for name in names[:-1]:
            place = place.setdefault(name, {})
        if value is ...:
            place.pop(names[-1], None)
        else:
            place[names[-1]] = value
    return task
