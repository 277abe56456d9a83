"""Every field of every endpoint: taken with a value of its own, and held to the bounds that fal's schemas set."""

import json
from pathlib import Path
from typing import Any

import pytest
from compat import shows

from serving import Served

FACTS: dict[str, dict[str, dict[str, Any]]] = json.loads(Path(__file__).with_name("facts.json").read_text("utf-8"))
"""By endpoint and field: type, default, least, most, enum, longest, required, as fal's OpenAPI documents had them."""

OWN_VALUES: dict[str, Any] = {
    "prompt": "a red disc",
    "negative_prompt": "blur",
    "num_inference_steps": 3,
    "guidance_scale": 2.5,
    "seed": 1234,
    "num_layers": 3,
    "num_images": 2,
    "enable_safety_checker": False,
    "acceleration": "none",
    "strength": 0.4,
    "image_size": {"width": 320, "height": 192},
    "loras": [],
    "use_turbo": True,
    "enable_prompt_expansion": False,
    "sync_mode": True,
}
ENDPOINTS = [pytest.param(name, marks=shows(name, *fields), id=name) for name, fields in FACTS.items()]
BOUNDED = [
    pytest.param(name, field, bound, id=f"{name}-{field}-{bound}")
    for name, fields in FACTS.items()
    for field, facts in fields.items()
    for bound in ("least", "most")
    if bound in facts
]
CHOICES = [
    pytest.param(name, field, id=f"{name}-{field}")
    for name, fields in FACTS.items()
    for field, facts in fields.items()
    if "enum" in facts
]


def needed(endpoint: str, picture_url: str) -> dict[str, Any]:
    """The least that an endpoint takes."""
    given = {"prompt": "a disc", "image_url": picture_url, "image_urls": [picture_url]}
    return {name: given[name] for name, facts in FACTS[endpoint].items() if facts.get("required")}


def details(answer: Any) -> list[dict[str, Any]]:
    """Of an answer that says what is wrong with an input."""
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-fal-request-id"]
    assert answer.headers["x-fal-billable-units"] == "0"
    assert answer.headers["x-fal-retryable"] == "false"
    found = answer.json()["detail"]
    for detail in found:
        assert {"loc", "msg", "type", "url"} <= set(detail)
        assert detail["url"] == f"https://docs.fal.ai/errors#{detail['type']}"
    return found


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_field_is_taken(fal: Served, picture_url: str, endpoint: str) -> None:
    own = {**OWN_VALUES, "image_url": picture_url, "image_urls": [picture_url], "output_format": "webp"}
    fields = FACTS[endpoint]
    sent = {name: own[name] for name in fields}
    if "webp" not in fields["output_format"]["enum"]:
        sent["output_format"] = "jpeg"
    answer = fal.client.post(f"/fal/run/{endpoint}", json=sent)
    assert answer.status_code == 200, answer.text
    output = answer.json()
    assert output["seed"] == 1234
    assert all(image["url"].startswith(f"data:image/{sent['output_format']};base64,") for image in output["images"])
    if endpoint.startswith("fal-ai/qwen-image-max"):
        assert set(output) == {"images", "seed"}
        assert all(set(one) == {"url", "content_type", "file_name", "file_size"} for one in output["images"])
    else:
        assert set(output) == {"images", "timings", "seed", "has_nsfw_concepts", "prompt"}
        assert output["prompt"] == "a red disc"
        assert output["has_nsfw_concepts"] == [False] * len(output["images"])


@pytest.mark.parametrize("endpoint", FACTS)
def test_what_is_needed_is_enough(fal: Served, picture_url: str, endpoint: str) -> None:
    answer = fal.client.post(f"/fal/run/{endpoint}", json=needed(endpoint, picture_url))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("endpoint", FACTS)
def test_what_is_missing_is_named(fal: Served, endpoint: str) -> None:
    found = details(fal.client.post(f"/fal/run/{endpoint}", json={}))
    wanted = {name for name, facts in FACTS[endpoint].items() if facts.get("required")}
    assert {detail["loc"][-1] for detail in found} == wanted
    assert {detail["type"] for detail in found} == {"missing"}


@pytest.mark.parametrize(("endpoint", "field", "bound"), BOUNDED)
def test_numbers_are_held_to_their_bounds(fal: Served, picture_url: str, endpoint: str, field: str, bound: str) -> None:
    limit = FACTS[endpoint][field][bound]
    beyond = limit - 1 if bound == "least" else limit + 1
    sent = {**needed(endpoint, picture_url), field: beyond}
    (detail,) = details(fal.client.post(f"/fal/run/{endpoint}", json=sent))
    assert detail["loc"] == ["body", field]
    if bound == "least":
        assert (detail["type"], detail["ctx"]) == ("greater_than_equal", {"ge": limit})
        assert detail["msg"] == f"Input should be greater than or equal to {limit}"
    else:
        assert (detail["type"], detail["ctx"]) == ("less_than_equal", {"le": limit})
    assert detail["input"] == beyond


@pytest.mark.parametrize(("endpoint", "field"), CHOICES)
def test_a_choice_that_there_is_not_is_refused(fal: Served, picture_url: str, endpoint: str, field: str) -> None:
    found = details(fal.client.post(f"/fal/run/{endpoint}", json={**needed(endpoint, picture_url), field: "neither"}))
    assert {detail["loc"][1] for detail in found} == {field}
    assert "literal_error" in {detail["type"] for detail in found}


@pytest.mark.parametrize("endpoint", FACTS)
def test_the_openapi_document_says_the_same(fal: Served, endpoint: str) -> None:
    document = fal.client.get("/api/openapi/queue/openapi.json", params={"endpoint_id": endpoint}).json()
    path = f"/{endpoint}"
    name = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    schema = document["components"]["schemas"][name.rpartition("/")[2]]
    assert schema["x-fal-order-properties"] == list(FACTS[endpoint])
    for field, facts in FACTS[endpoint].items():
        described = schema["properties"][field]
        for ours, theirs in (("default", "default"), ("minimum", "least"), ("maximum", "most")):
            assert described.get(ours) == facts.get(theirs), field
        assert (field in schema["required"]) == facts.get("required", False)
        assert described["description"]
    assert document["servers"][0]["url"].endswith("/fal/queue")


@shows("Routes", "GET /api/openapi/queue/openapi.json", "GET /models/{endpoint}/llms.txt", "GET /llms.txt")
def test_pages_for_reading(fal: Served) -> None:
    page = fal.client.get("/models/fal-ai/qwen-image-2512/lora/llms.txt")
    assert page.headers["content-type"].startswith("text/plain")
    assert f"`{fal.url}/fal/run/fal-ai/qwen-image-2512/lora`" in page.text
    for field in FACTS["fal-ai/qwen-image-2512/lora"]:
        assert f"**`{field}`**" in page.text
    assert "from `1` to `50`" in page.text
    assert all(f"/models/{endpoint}/llms.txt" in fal.client.get("/llms.txt").text for endpoint in FACTS)
    unknown = fal.client.get("/api/openapi/queue/openapi.json", params={"endpoint_id": "fal-ai/none"})
    assert (unknown.status_code, unknown.json()) == (404, None)


@shows("Fields", "image_size: a preset, or width and height, each rounded to 16 px")
@pytest.mark.parametrize(
    ("size", "kind", "ctx"),
    [
        ({"width": 10, "height": 512}, "greater_than_equal", {"ge": 64}),
        ({"width": 5000, "height": 512}, "less_than_equal", {"le": 4096}),
        ({"width": 0, "height": 512}, "greater_than", {"gt": 0}),
        ({"width": 4096, "height": 4096}, "image_too_large", {"max_height": 2048, "max_width": 2048}),
    ],
)
def test_a_size_that_cannot_be_made_is_refused(fal: Served, size: Any, kind: str, ctx: dict[str, int]) -> None:
    found = details(fal.client.post("/fal/run/fal-ai/qwen-image", json={"prompt": "x", "image_size": size}))
    assert (kind, ctx) in [(detail["type"], detail.get("ctx")) for detail in found]
    assert found[0]["loc"][:2] == ["body", "image_size"]


@shows("Fields", "loras: at most 3, from https addresses or the hub's cache")
@pytest.mark.parametrize(
    ("loras", "kind", "loc"),
    [
        ([{"path": "owner/name"}] * 4, "sequence_too_long", ["loras"]),
        ([{"path": "owner/name", "scale": 5}], "less_than_equal", ["loras", 0, "scale"]),
        ([{"path": "/etc/passwd"}], "value_error", ["loras", 0, "path"]),
        ([{"path": "http://user@host/x"}], "file_download_error", ["loras", 0, "path"]),
        ([{}], "missing", ["loras", 0, "path"]),
    ],
)
def test_loras_that_cannot_be_had_are_refused(fal: Served, loras: Any, kind: str, loc: list[Any]) -> None:
    (detail,) = details(fal.client.post("/fal/run/fal-ai/qwen-image", json={"prompt": "x", "loras": loras}))
    assert (detail["type"], detail["loc"]) == (kind, ["body", *loc])


def test_words_and_pictures_have_their_bounds(fal: Served, picture_url: str) -> None:
    def wrong(endpoint: str, **given: Any) -> tuple[list[Any], str, Any]:
        sent = {**needed(endpoint, picture_url), **given}
        (detail,) = details(fal.client.post(f"/fal/run/{endpoint}", json=sent))
        return detail["loc"][1:], detail["type"], detail.get("ctx")

    most = "fal-ai/qwen-image-max/edit"
    assert wrong(most, prompt="x" * 801) == (["prompt"], "string_too_long", {"max_length": 800})
    assert wrong(most, image_urls=[picture_url] * 4) == (["image_urls"], "sequence_too_long", {"max_length": 3})
    assert wrong(most, image_urls=[]) == (["image_urls"], "sequence_too_short", {"min_length": 1})
    assert wrong("fal-ai/qwen-image", prompt=" ") == (["prompt"], "string_too_short", {"min_length": 1})
    assert wrong("fal-ai/qwen-image", prompt=5) == (["prompt"], "string_type", None)
    assert wrong("fal-ai/qwen-image", seed="one")[1] == "int_parsing"
    assert wrong("fal-ai/qwen-image", sync_mode="maybe")[1] == "bool_parsing"
    plus = wrong("fal-ai/qwen-image-edit-2511", image_urls=[picture_url] * 11)
    assert plus == (["image_urls"], "sequence_too_long", {"max_length": 10})


def test_what_fal_lets_pass_is_let_pass(fal: Served) -> None:
    sent = {"prompt": "x", "seed": 2**70, "num_images": "2", "of_another_model": True, "image_size": "square"}
    answer = fal.client.post("/fal/run/fal-ai/qwen-image", json=sent)
    assert answer.status_code == 200, answer.text
    assert answer.json()["seed"] == 2**70
    assert fal.client.post("/fal/run/fal-ai/qwen-image", json={"prompt": "x", "seed": -1}).json()["seed"] == -1
