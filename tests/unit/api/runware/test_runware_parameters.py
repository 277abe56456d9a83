"""Every parameter of the vendor's page, at the edges of its range and just outside them."""

from dataclasses import asdict
from typing import Any

import pytest
from runware_tasks import EDIT_PLUS, account_lora, edit, generation, layered, parsed

from lamina.api.runware.errors import RunwareError
from lamina.core.schedulers import SCHEDULERS

LORAS = {"mine:1@1": account_lora("0199a2f0-1c2d-7e3f-8a4b-5c6d7e8f9a0b")}
LORA = {"model": "mine:1@1"}
CACHE = "acceleratorOptions__"
FACES = "advancedFeatures__ultralytics__"
# Fixed: they stand in the names of the tests, which all the processes that run them must know.
_UUID, _OF_VERSION_1 = "4f9a2c1e-8b7d-4e63-9a51-0c2d7e8f9a0b", "5e1fa430-eb2e-11f1-97a1-0242ac120002"

# path, values at the edges of what the page allows, values just outside. As the page of alibaba:qwen-image@layered
# has them; "TIFF" and settings.layers are of the vendor's schemas since.
EDGES: dict[str, tuple[list[Any], list[Any]]] = {
    "outputType": (["URL", "base64Data", "dataURI", ["URL", "dataURI"]], ["url", "", [], ["URL", "x"], 1, {}]),
    "outputFormat": (["JPG", "PNG", "WEBP", "TIFF"], ["jpg", "GIF", "", 1]),
    "outputQuality": ([20, 99], [19, 100, 50.5, "95", True]),
    "webhookURL": (["https://example.org/hook?secret=1"], ["example.org", "ftp://example.org/x", "", 1]),
    "uploadEndpoint": (["https://example.org/put"], ["file:///etc/passwd", "http://user@example.org/x", ""]),
    "deliveryMethod": (["sync", "async"], ["stream", "", 1]),
    "safety": ([{}], [1, "none", []]),
    "safety__checkContent": ([True, False], ["true", 1]),
    "safety__mode": (["none", "fast"], ["full", "", 1]),
    "safety__other": ([], [1]),
    "ttl": ([60, 10**9], [59, 0, 60.5, "60"]),
    "includeCost": ([True, False], ["yes", 1]),
    "numberResults": ([1, 20], [0, 21, 1.5, "1", True]),
    f"{CACHE}cacheEndStep": ([1, 50], [0, 51, 1.5]),
    f"{CACHE}cacheEndStepPercentage": ([1, 100], [0, 101, 50.5]),
    f"{CACHE}cacheMaxConsecutiveSteps": ([1, 5], [0, 6, 1.5]),
    f"{CACHE}cacheStartStep": ([0, 49], [-1, 50, 1.5]),
    f"{CACHE}cacheStartStepPercentage": ([0, 99], [-1, 100, 0.5]),
    f"{CACHE}fbCache": ([True, False], [1, "true"]),
    f"{CACHE}fbCacheThreshold": ([0, 0.01, 1], [-0.01, 1.01, 0.255, "0"]),
    f"{CACHE}teaCache": ([True, False], [1]),
    f"{CACHE}teaCacheDistance": ([0, 0.5, 1], [-0.01, 1.01, 0.005]),
    f"{CACHE}dbCache": ([True, False], [1]),
    f"{CACHE}dbCacheThreshold": ([0, 1], [-0.01, 1.01, 0.333]),
    f"{CACHE}dbCacheSkipInterval": ([1, 100], [0, 1.5]),
    f"{CACHE}other": ([], [1]),
    "inputs__referenceImages": (
        [
            ["https://example.org/a.png"],
            [_UUID],
            ["data:image/png;base64,AAAA"],
            ["iVBORw0KGgoAAAANSUhEUg=="],
        ],
        [[], ["in.png"], ["ftp://example.org/a"], ["https://example.org/a", "https://example.org/b"], "x", [1], [""]],
    ),
    "inputs__other": ([], [1]),
    "model": (["alibaba-qwen-image-layered"], ["alibaba:qwen-image@layer", "", 1, "civitai:1@1"]),
    "positivePrompt": (["x", "x" * 32_000, "__BLANK__"], ["", "x" * 32_001, 1, ["x"], "\ud800"]),
    "negativePrompt": (["x", "x" * 32_000], ["", "x" * 32_001, 1]),
    "seed": ([0, 9223372036854776000], [-1, 9223372036854776001, 0.5, "1"]),
    "steps": ([1, 50], [0, 51, 1.5, "20"]),
    "scheduler": ([*SCHEDULERS, "UniPCMultistepScheduler"], ["default", "", 1]),
    "CFGScale": ([1, 4.01, 20], [0.99, 20.01, 4.005, "4"]),
    "lora": ([[LORA]], [[], {}, ["mine:1@1"], [{}], [{"model": "other:1@1"}], [{**LORA, "x": 1}], [{"model": 1}]]),
    "settings__trueCFGScale": ([0, 4.0, 50], [-0.1, 50.1, "4"]),
    "settings__layers": ([1, 10], [0, 11, 4.5]),
    "settings__other": ([], [1]),
    f"{FACES}CFGScale": ([0, 50], [-0.1, 50.1, 0.05]),
    f"{FACES}confidence": ([0, 1], [-0.01, 1.01, 0.005]),
    f"{FACES}maskBlur": ([0, 100], [-1, 101, 0.5]),
    f"{FACES}maskPadding": ([0, 20], [-1, 21, 0.5]),
    f"{FACES}negativePrompt": (["", "x"], [1]),
    f"{FACES}positivePrompt": (["", "x"], [1]),
    f"{FACES}steps": ([1, 100], [0, 101, 1.5]),
    f"{FACES}strength": ([0, 1], [-0.01, 1.01, 0.005]),
    f"{FACES}other": ([], [1]),
    "advancedFeatures__other": ([], [1]),
    "taskUUID": ([_UUID.upper()], ["x", "", 1, _OF_VERSION_1, _UUID.replace("-", "")]),
    "unknown": ([], [1]),
}
LORA_EDGES: dict[str, tuple[list[Any], list[Any]]] = {
    "weight": ([-4, 0, 4, 0.01], [-4.01, 4.01, 0.005, "1"]),
    "transformer": (["high", "low", "both"], ["", "all", 1]),
}


def told(path: str) -> str:
    return path.replace("__", ".")


@pytest.mark.parametrize(("path", "value"), [(path, one) for path, (good, _) in EDGES.items() for one in good])
def test_the_edge_is_taken(path: str, value: Any) -> None:
    wanted = parsed(layered(steps=50, **{path: value}) if path != "steps" else layered(steps=value), LORAS, 7)
    assert wanted.requests


@pytest.mark.parametrize(("path", "value"), [(path, one) for path, (_, bad) in EDGES.items() for one in bad])
def test_what_is_just_outside_is_refused_by_name(path: str, value: Any) -> None:
    with pytest.raises(RunwareError) as caught:
        parsed(layered(**{"steps": 50, path: value}), LORAS, 7)
    assert caught.value.status == 400
    body = caught.value.body("imageInference", "a-uuid")
    assert str(body["parameter"]).startswith(told(path))
    assert body["message"].strip()
    assert (body["taskType"], body["taskUUID"]) == ("imageInference", "a-uuid")


@pytest.mark.parametrize(("name", "value"), [(name, one) for name, (good, _) in LORA_EDGES.items() for one in good])
def test_the_edges_of_a_lora_are_taken(name: str, value: Any) -> None:
    assert parsed(layered(lora=[{**LORA, name: value}]), LORAS, 7).requests


@pytest.mark.parametrize(("name", "value"), [(name, one) for name, (_, bad) in LORA_EDGES.items() for one in bad])
def test_what_is_just_outside_of_a_lora_is_refused(name: str, value: Any) -> None:
    with pytest.raises(RunwareError) as caught:
        parsed(layered(lora=[{**LORA, name: value}]), LORAS, 7)
    assert caught.value.details["parameter"] == f"lora[0].{name}"


@pytest.mark.parametrize("side", ["width", "height"])
@pytest.mark.parametrize(("value", "is_good"), [(128, True), (2048, True), (112, False), (2064, False), (520, False)])
def test_sides_are_multiples_of_16_from_128_to_2048(side: str, value: int, is_good: bool) -> None:
    task = layered(**{"width": 512, "height": 512, side: value})
    if is_good:
        assert asdict(parsed(task, {}, 7).requests[0].task)[side] == value
        return
    with pytest.raises(RunwareError) as caught:
        parsed(task, {}, 7)
    body = caught.value.body()
    assert body["code"] == f"invalid{side.title()}"
    assert (body["min"], body["max"], body["multiplier"], body["type"]) == (128, 2048, 16, "integer")


@pytest.mark.parametrize("missing", ["taskUUID", "model", "positivePrompt", "inputs"])
def test_what_is_required_is_missed_by_name(missing: str) -> None:
    with pytest.raises(RunwareError) as caught:
        parsed(layered(**{missing: ...}), {}, 7)
    assert caught.value.code.startswith("missing")
    assert caught.value.details["parameter"] == missing


def test_models_without_a_size_of_their_own_need_one() -> None:
    with pytest.raises(RunwareError) as caught:
        parsed(generation(width=...), {}, 7)
    assert caught.value.details["parameter"] == "width"


def test_one_side_alone_is_not_enough() -> None:
    with pytest.raises(RunwareError) as caught:
        parsed(layered(width=512), {}, 7)
    assert caught.value.details["parameter"] == "height"


def test_an_edit_takes_as_many_references_as_its_model() -> None:
    many = [f"https://example.org/{number}.png" for number in range(3)]
    with pytest.raises(RunwareError) as caught:
        parsed(edit(inputs__referenceImages=many), {}, 7)
    assert caught.value.code == "invalidReferenceImagesCount"
    plus = edit(EDIT_PLUS, inputs__referenceImages=many, width=512, height=512)
    assert len(parsed(plus, {}, 7).requests[0].inputs) == 3


def test_tiff_is_for_layers() -> None:
    with pytest.raises(RunwareError) as caught:
        parsed(generation(outputFormat="TIFF"), {}, 7)
    assert caught.value.details["allowedValues"] == ["JPG", "PNG", "WEBP"]


@pytest.mark.parametrize(
    ("options", "parameters"),
    [
        ({"cacheStartStep": 10, "cacheEndStep": 10}, ["cacheStartStep", "cacheEndStep"]),
        ({"cacheStartStep": 10, "cacheEndStep": 9}, ["cacheStartStep", "cacheEndStep"]),
        ({"cacheStartStepPercentage": 50, "cacheEndStepPercentage": 50}, ["Start", "End"]),
        ({"cacheStartStep": 1, "cacheStartStepPercentage": 1}, ["cacheStartStep", "cacheStartStepPercentage"]),
        ({"cacheEndStep": 9, "cacheEndStepPercentage": 9}, ["cacheEndStep", "cacheEndStepPercentage"]),
        ({"cacheStartStep": 30, "cacheEndStepPercentage": 50}, ["cacheStartStep", "cacheEndStepPercentage"]),
        ({"fbCache": True, "teaCache": True}, ["fbCache", "teaCache"]),
        ({"teaCache": True, "dbCache": True}, ["teaCache", "dbCache"]),
    ],
)
def test_accelerator_options_are_checked_against_each_other(options: dict[str, Any], parameters: list[str]) -> None:
    with pytest.raises(RunwareError) as caught:
        parsed(layered(steps=50, acceleratorOptions=options), {}, 7)
    assert caught.value.code == "incompatibleParameters"
    named = caught.value.details["parameter"]
    assert all(any(part in name for name in named) for part in parameters)
