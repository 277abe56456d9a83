"""Every parameter of every task, sent to a real service: taken as its page says, refused by its name beyond that."""

import base64
import uuid
from collections.abc import Generator, Iterable
from typing import Any

import numpy as np
import pytest
from compat import shows
from safetensors.numpy import save
from sockets import generation, task

from conftest import Hooks
from lamina.api.runware.airs import AIRS
from lamina.api.runware.fields import Field
from lamina.api.runware.wire import TASKS, Fields, inference_fields
from serving import Served, poster

PICTURE = base64.b64encode(poster(64, 48)).decode()
HOOK = "HOOK"  # becomes the address of a server that hears
LORA = "test:every-parameter@1"
CACHE, FACES = "acceleratorOptions.", "advancedFeatures.ultralytics."

# name: a value that is taken, one that is not. Of the layered model, but for what `FROM_WORDS` names.
INFERENCE: dict[str, tuple[Any, Any]] = {
    "taskUUID": (str(uuid.uuid4()), str(uuid.uuid1())),
    "model": ("alibaba:qwen-image@layered", "alibaba:qwen-image@none"),
    "positivePrompt": ("a poster", ""),
    "negativePrompt": ("blur", ""),
    "seed": (9223372036854776000, 9223372036854776001),
    "steps": (50, 51),
    "scheduler": ("Euler Karras", "Euler Nobody"),
    "CFGScale": (20, 20.01),
    "width": (128, 127),
    "height": (2048, 2064),
    "numberResults": (2, 21),
    "outputType": (["URL", "dataURI"], "file"),
    "outputFormat": ("WEBP", "GIF"),
    "outputQuality": (20, 19),
    "deliveryMethod": ("async", "stream"),
    "webhookURL": (HOOK, "ftp://127.0.0.1/x"),
    "uploadEndpoint": (HOOK, "file:///tmp/x"),
    "ttl": (60, 59),
    "includeCost": (True, "yes"),
    "safety": ({}, "none"),
    "safety.checkContent": (False, 1),
    "safety.mode": ("none", "full"),
    "settings": ({}, []),
    "settings.layers": (10, 11),
    "settings.trueCFGScale": (4.0, -1),
    "inputs": ({"referenceImages": [PICTURE]}, {}),
    "inputs.referenceImages": ([PICTURE], []),
    "lora": ([{"model": LORA}], []),
    "lora.model": (LORA, "test:nobody@1"),
    "lora.weight": (-4, -4.01),
    "acceleratorOptions": ({}, 1),
    f"{CACHE}cacheStartStep": (0, -1),
    f"{CACHE}cacheStartStepPercentage": (99, 100),
    f"{CACHE}cacheEndStep": (50, 51),
    f"{CACHE}cacheEndStepPercentage": (100, 101),
    f"{CACHE}cacheMaxConsecutiveSteps": (5, 6),
    f"{CACHE}fbCache": (True, 1),
    f"{CACHE}fbCacheThreshold": (0.01, 0.015),
    f"{CACHE}teaCache": (True, "true"),
    f"{CACHE}teaCacheDistance": (1, 1.01),
    f"{CACHE}dbCache": (True, 0),
    f"{CACHE}dbCacheThreshold": (0, -0.01),
    f"{CACHE}dbCacheSkipInterval": (1, 0),
    "strength": (1, 1.01),
    "inputs.seedImage": (PICTURE, "no picture"),
    "inputs.maskImage": (PICTURE, "no picture"),
}
NO_EFFECT: dict[str, tuple[Any, Any, str]] = {
    "advancedFeatures": ({}, 1, "faces are not enhanced for Qwen-Image models"),
    "advancedFeatures.ultralytics": ({}, 1, "checked; not for Qwen-Image models, which the job's log says"),
    f"{FACES}CFGScale": (50, 50.1, "checked"),
    f"{FACES}confidence": (1, 1.01, "checked"),
    f"{FACES}maskBlur": (100, 101, "checked"),
    f"{FACES}maskPadding": (20, 21, "checked"),
    f"{FACES}negativePrompt": ("", 1, "checked"),
    f"{FACES}positivePrompt": ("", 1, "checked"),
    f"{FACES}steps": (100, 101, "checked"),
    f"{FACES}strength": (0.3, 0.305, "checked"),
    f"{CACHE}deepCache": (True, 1, "for Stable Diffusion's networks, which the job's log says"),
    f"{CACHE}deepCacheInterval": (3, 0, "goes with deepCache"),
    f"{CACHE}deepCacheBranchId": (0, -1, "goes with deepCache"),
    f"{CACHE}deepCacheSkipMode": ("uniform", 1, "goes with deepCache"),
    "lora.transformer": ("high", "none", "one stage: high and low apply to all of it, which the job's log says"),
    "routing": ({}, 1, "there is one place that does the work"),
    "safety.tolerance": (True, 1, "the checker has one threshold"),
    "safety.checkInputs": (True, 1, "results are looked at"),
}
REFUSED = {
    "outpaint": ({"top": 64}, "not of Qwen-Image-Layered; the models here have no outpainting"),
    "maskMargin": (32, "a mask is used as it is"),
    "refiner": ({"model": "civitai:1@1"}, "of Stable Diffusion XL"),
    "controlNet": ([], "there are no such weights for these models here"),
    "ipAdapters": ([], "of other models"),
    "embeddings": ([], "of Stable Diffusion"),
    "vae": ("civitai:1@1", "the models have their own"),
    "promptWeighting": ("compel", "of Stable Diffusion's text encoders"),
    "clipSkip": (1, "of Stable Diffusion's text encoders"),
}
FROM_WORDS = ("strength", "inputs.seedImage", "inputs.maskImage")
HELD_TOGETHER = {"width": {"height": 128}, "height": {"width": 2048}, "lora.weight": {}, "lora.transformer": {}}

# task: what it needs; name: a value that is taken, one that is not.
UPLOAD: dict[str, Any] = {
    "category": "lora", "architecture": "qwen_image", "format": "safetensors", "name": "n", "version": "1",
    "downloadURL": HOOK,
}  # fmt: skip
OTHERS: dict[str, tuple[dict[str, Any], dict[str, tuple[Any, Any]]]] = {
    "imageUpload": ({"image": PICTURE}, {"taskUUID": (str(uuid.uuid4()), "x"), "image": (PICTURE, "no picture")}),
    "mediaStorage": (
        {"operation": "upload", "media": PICTURE},
        {"taskUUID": (str(uuid.uuid4()), "x"), "operation": ("upload", "list"), "media": (PICTURE, "no media")},
    ),
    "modelSearch": (
        {},
        {
            "taskUUID": (str(uuid.uuid4()), "x"), "search": ("qwen", 1), "tags": (["a"], "a"), "category": ("lora", 1),
            "type": ("base", 1), "architecture": ("qwen_image", 1), "conditioning": ("", 1),
            "visibility": ("private", "nobody"), "limit": (100, 101), "offset": (0, -1),
            "source": ("official", "elsewhere"), "capabilities": (["text-to-image"], [1]), "sort": ("-name", 1),
        },
    ),
    "accountManagement": (
        {"operation": "getDetails"},
        {"taskUUID": (str(uuid.uuid4()), "x"), "operation": ("getDetails", "getUsageErrors")},
    ),
}  # fmt: skip
UPLOADS: dict[str, tuple[Any, Any]] = {
    "taskUUID": (str(uuid.uuid4()), "x"), "category": ("lora", "checkpoint"), "architecture": ("qwen_image", "sdxl"),
    "format": ("safetensors", "ckpt"), "name": ("n", ""), "version": ("1", ""), "downloadURL": (HOOK, "file:///x"),
    "air": (LORA, "x"), "uniqueIdentifier": ("u", ""), "defaultWeight": (4, 4.1), "heroImageURL": (HOOK, "x"),
    "tags": (["a"], "a"), "positiveTriggerWords": ("x", 1), "negativeTriggerWords": ("x", 1),
    "shortDescription": ("xx", "x"), "comment": ("xx", "x"),
}  # fmt: skip
UPLOADS_NO_EFFECT: dict[str, tuple[Any, Any, str]] = {
    "private": (True, 1, "a LoRA is its account's own"),
    "type": ("base", 1, "LoRAs have no type"),
    "conditioning": ("", 1, "of controlnets"),
    "defaultScheduler": ("Euler", 1, "a request says it"),
    "defaultSteps": (100, 101, "a request says it"),
    "defaultCFG": (50, 51, "a request says it"),
    "defaultGuidanceScale": (50, 51, "a request says it"),
    "defaultStrength": (1, 1.1, "a request says it"),
    "retry": (0, -1, "a download that failed is asked for again by a new task"),
    "deliveryMethod": ("async", "stream", "each state is sent"),
    "webhookURL": (HOOK, "x", "each state is sent"),
}


def shown(group: str, table: Iterable[str]) -> list[Any]:
    return [pytest.param(name, id=name, marks=shows(group, name)) for name in table]


def without_effect(task_type: str, table: dict[str, tuple[Any, Any, str]]) -> list[Any]:
    group = "Accepted without effect"
    return [
        pytest.param(name, id=name, marks=shows(group, f"{task_type} {name}: {why}"))
        for name, (_, _, why) in table.items()
    ]


def every_name(fields: Fields, prefix: str = "") -> set[str]:
    found: set[str] = set()
    for name, field in fields.items():
        inner: Field | None = field.items if field.items is not None else field
        found |= {prefix + name} | (every_name(inner.fields, f"{prefix}{name}.") if inner and inner.fields else set())
    return found


def put(sent: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    """The task with that parameter; those of `lora` are of its one entry."""
    first, *rest = name.split(".")
    if first == "lora" and rest:
        return {**sent, "lora": [{"model": LORA, rest[0]: value}]}
    if not rest:
        return {**sent, first: value, **HELD_TOGETHER.get(first, {})}
    return {**sent, first: put(sent.get(first, {}), ".".join(rest), value)}


def inference(name: str, value: Any) -> dict[str, Any]:
    if name in FROM_WORDS:
        inputs = {"seedImage": PICTURE} if name == "inputs.maskImage" else {}
        return put(generation(**({"inputs": inputs} if inputs else {})), name, value)
    wanted = {"model": "alibaba:qwen-image@layered", "positivePrompt": "x", "steps": 50}
    return put(task("imageInference", **wanted, inputs={"referenceImages": [PICTURE]}), name, value)


def asked(server: Served, sent: dict[str, Any], hook: str = "") -> Any:
    told = {name: hook if value == HOOK else value for name, value in sent.items()}
    return server.client.post("/v1", json=[told])


def check_refused(answer: Any, name: str) -> None:
    assert answer.status_code == 400, answer.text
    (error,) = answer.json()["errors"]
    named = str(error["parameter"]).replace("[0]", "")
    assert named.startswith(name) or name.startswith(named), error
    assert error["message"]


@pytest.fixture(scope="module")
def lora(lamina_server: Served) -> Generator[str]:
    """Where a LoRA can be had; it is this account's under `LORA`."""
    module = "transformer.transformer_blocks.2.attn.to_v"
    pair = {f"{module}.lora_A.weight": np.ones((4, 192), "f4"), f"{module}.lora_B.weight": np.ones((192, 4), "f4")}
    stored = task("mediaStorage", operation="upload", media=base64.b64encode(save(pair)).decode())
    address = lamina_server.client.post("/v1", json=[stored]).json()["data"][0]["mediaURL"]
    made = asked(lamina_server, task("modelUpload", **UPLOAD, air=LORA), address)
    assert made.json()["data"][-1]["status"] == "ready", made.text
    yield address


@pytest.mark.usefixtures("lora")
@pytest.mark.parametrize(
    "name", shown("imageInference", INFERENCE) + without_effect("imageInference", NO_EFFECT)
)  # fmt: skip
def test_a_parameter_of_a_picture(lamina_server: Served, hooks: Hooks, name: str) -> None:
    good, bad, *_ = (INFERENCE | NO_EFFECT)[name]
    answer = asked(lamina_server, inference(name, good), hooks.url)
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["data"]
    check_refused(asked(lamina_server, inference(name, bad)), name)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, id=name, marks=shows("Refused", f"imageInference {name}: {why}"))
        for name, (_, why) in REFUSED.items()
    ],
)
def test_what_is_not_offered_is_refused_by_name(lamina_server: Served, name: str) -> None:
    for sent in (inference(name, REFUSED[name][0]), generation(**{name: REFUSED[name][0]})):
        answer = asked(lamina_server, sent)
        check_refused(answer, name)
        assert answer.json()["errors"][0]["code"] == "unsupportedParameter"


@pytest.mark.parametrize(
    ("task_type", "name"),
    [
        pytest.param(task_type, name, id=f"{task_type} {name}", marks=shows(task_type, name))
        for task_type, (_, table) in OTHERS.items()
        for name in table
    ],
)
def test_a_parameter_of_another_task(lamina_server: Served, task_type: str, name: str) -> None:
    needed, table = OTHERS[task_type]
    good, bad = table[name]
    answer = asked(lamina_server, {**task(task_type, **needed), name: good})
    assert answer.status_code == 200, answer.text
    check_refused(asked(lamina_server, {**task(task_type, **needed), name: bad}), name)


@pytest.mark.parametrize(
    "name", shown("modelUpload", UPLOADS) + without_effect("modelUpload", UPLOADS_NO_EFFECT)
)  # fmt: skip
def test_a_parameter_of_a_model(lamina_server: Served, lora: str, name: str) -> None:
    good, bad, *_ = (UPLOADS | UPLOADS_NO_EFFECT)[name]
    own = {"air": f"test:{uuid.uuid4()}@1"} if name != "air" else {}
    answer = asked(lamina_server, {**task("modelUpload", **UPLOAD), **own, name: good}, lora)
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"][-1]["status"] == "ready"
    check_refused(asked(lamina_server, {**task("modelUpload", **UPLOAD), **own, name: bad}, lora), name)


@shows("getResponse", "taskUUID", "numberResults")
@shows("getTaskDetails", "taskUUID")
@pytest.mark.parametrize("task_type", ["getResponse", "getTaskDetails"])
def test_a_task_is_asked_for_by_its_uuid(lamina_server: Served, task_type: str) -> None:
    sent = generation()
    assert asked(lamina_server, sent).status_code == 200
    more = {"numberResults": 1} if task_type == "getResponse" else {}
    answer = asked(lamina_server, {"taskType": task_type, "taskUUID": sent["taskUUID"], **more})
    assert answer.json()["data"][0]["taskUUID"] == sent["taskUUID"]
    check_refused(asked(lamina_server, {"taskType": task_type, "taskUUID": "x"}), "taskUUID")


def test_no_parameter_is_left_out() -> None:
    known = set().union(*(every_name(inference_fields(air)) for air in AIRS.values()))
    assert known - {"taskType"} == set(INFERENCE) | set(NO_EFFECT)
    for task_type, (_, table) in OTHERS.items():
        assert every_name(TASKS[task_type]) - {"taskType"} == set(table)
    assert every_name(TASKS["modelUpload"]) - {"taskType"} == set(UPLOADS) | set(UPLOADS_NO_EFFECT)
    assert set(TASKS) == {*OTHERS, "modelUpload", "getResponse", "getTaskDetails", "ping", "authentication"}
