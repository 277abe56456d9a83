"""fal's trainers: from a ZIP behind an address to an adapter that the next request changes a picture with."""

import io
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from compat import shows
from fal_clients import PYTHON, Python
from PIL import Image

from archives import data_uri, edits, given_out, layers, picture, zipped
from serving import Served, lamina, served

FACTS: dict[str, dict[str, dict[str, Any]]] = json.loads(
    Path(__file__).with_name("trainer_facts.json").read_text("utf-8")
)
"""By endpoint and field, as fal's OpenAPI documents had them."""

TRAINERS = [pytest.param(name, marks=shows(name, *fields), id=name) for name, fields in FACTS.items()]
LAYERED, PLUS = "fal-ai/qwen-image-layered-trainer", "fal-ai/qwen-image-edit-plus-trainer"
ADAPTER = {"diffusers_lora_file": "diffusers_lora_file.safetensors", "config_file": "config.json"}
_PATIENCE_S = 240


def archive_for(endpoint: str) -> bytes:
    return layers(2) if endpoint == LAYERED else edits(references=2)


@pytest.fixture(scope="module")
def archives() -> Generator[str]:
    """Where they are given out, each under the name of its endpoint."""
    with given_out({f"{name}.zip": archive_for(name) for name in FACTS}) as place:
        yield place


@pytest.fixture
def paying(fal: Served, fal_folder: Path) -> Generator[httpx2.Client]:
    """As a key with 20 dollars."""
    made = lamina(fal_folder, "keys", "create", "--json", "--credit", "20")
    with fal.as_key(json.loads(made.stdout)["key"]) as client:
        yield client


def balance(client: httpx2.Client) -> float:
    return float(client.get("/v1/wallet").json()["balance_usd"])


@shows("Trainers", "output: diffusers_lora_file, config_file", "priced by the step, of layers by step and layer")
@pytest.mark.parametrize("endpoint", TRAINERS)
def test_every_field_is_taken_and_the_answer_is_an_adapter(
    fal: Served, paying: httpx2.Client, archives: str, endpoint: str
) -> None:
    address = f"{archives}/{endpoint}.zip"
    sent = {"image_data_url": address, "learning_rate": 0.0002, "steps": 200, "default_caption": "x"}
    answer = paying.post(f"/fal/run/{endpoint}", json=sent)
    assert answer.status_code == 200, answer.text
    output = answer.json()
    assert {name: file["file_name"] for name, file in output.items()} == ADAPTER
    for file in output.values():
        content = fal.client.get(file["url"])
        assert (len(content.content), content.headers["content-type"]) == (file["file_size"], file["content_type"])
    layer_count = 2 if endpoint == LAYERED else 1
    assert answer.headers["x-fal-billable-units"] == str(200 * layer_count)
    price = 200 * (0.00425 * 2 if endpoint == LAYERED else 0.004)
    assert balance(paying) == pytest.approx(20 - price)


@pytest.mark.parametrize("endpoint", FACTS)
def test_numbers_are_held_to_their_bounds(fal: Served, archives: str, endpoint: str) -> None:
    steps = FACTS[endpoint]["steps"]
    for value, kind, ctx in (
        (steps["least"] - 100, "greater_than_equal", {"ge": steps["least"]}),
        (steps["most"] + 100, "less_than_equal", {"le": steps["most"]}),
        (150, "multiple_of", {"multiple_of": 100}),
    ):
        sent = {"image_data_url": f"{archives}/{endpoint}.zip", "steps": value}
        answer = fal.client.post(f"/fal/run/{endpoint}", json=sent)
        assert answer.status_code == 422
        (detail,) = answer.json()["detail"]
        assert (detail["loc"], detail["type"], detail["ctx"]) == (["body", "steps"], kind, ctx)
    answer = fal.client.post(f"/fal/run/{endpoint}", json={"image_data_url": f"{archives}/x", "learning_rate": 2})
    assert answer.json()["detail"][0]["loc"] == ["body", "learning_rate"]
    answer = fal.client.post(f"/fal/run/{endpoint}", json={})
    assert [(detail["loc"], detail["type"]) for detail in answer.json()["detail"]] == [
        (["body", "image_data_url"], "missing")
    ]


@pytest.mark.parametrize("endpoint", FACTS)
def test_the_openapi_document_says_the_same(fal: Served, endpoint: str) -> None:
    document = fal.client.get("/api/openapi/queue/openapi.json", params={"endpoint_id": endpoint}).json()
    assert document["info"]["x-fal-metadata"]["category"] == "training"
    name = document["paths"][f"/{endpoint}"]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    schemas = document["components"]["schemas"]
    schema = schemas[name.rpartition("/")[2]]
    assert (schema["x-fal-order-properties"], schema["required"]) == ([*FACTS[endpoint]], ["image_data_url"])
    for field, facts in FACTS[endpoint].items():
        described = schema["properties"][field]
        names = {"default": "default", "minimum": "least", "maximum": "most", "multipleOf": "multiple_of"}
        for ours, theirs in names.items():
            assert described.get(ours) == facts.get(theirs), field
    output = schemas[name.rpartition("/")[2].replace("Input", "Output")]
    assert output["required"] == output["x-fal-order-properties"] == [*ADAPTER]
    page = fal.client.get(f"/models/{endpoint}/llms.txt").text
    assert "a multiple of `100`" in page and "**`diffusers_lora_file`**" in page


@shows("Refused", "a bad archive: invalid_archive or value_error at image_data_url, the file named, no charge")
@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (b"no archive", "invalid_archive", "ZIP"),
        (zipped({"a_start.png": picture(), "a.txt": "x"}), "value_error", "a_start.png"),
        (zipped({"a_start.png": picture(), "a_end.png": picture()}), "value_error", "a_start.png"),
        (zipped({"a_start.png": picture(), "a_end.png": b"no picture", "a.txt": "x"}), "invalid_archive", "a_end.png"),
        (zipped({"../a_start.png": picture()}), "value_error", "../a_start.png"),
    ],
    ids=["no ZIP", "no partner", "no caption", "no picture", "a path that leads out"],
)
def test_a_bad_archive_is_refused_and_costs_nothing(
    paying: httpx2.Client, content: bytes, kind: str, words: str
) -> None:
    with given_out({"a.zip": content}) as place:
        answer = paying.post(f"/fal/run/{PLUS}", json={"image_data_url": f"{place}/a.zip"})
    assert answer.status_code == 422, answer.text
    (detail,) = answer.json()["detail"]
    assert (detail["loc"], detail["type"]) == (["body", "image_data_url"], kind)
    assert words in detail["msg"]
    assert answer.headers["x-fal-billable-units"] == "0"
    assert balance(paying) == 20


def test_an_archive_that_cannot_be_had_is_told(fal: Served) -> None:
    with given_out({}) as place:
        answer = fal.client.post(f"/fal/run/{PLUS}", json={"image_data_url": f"{place}/none.zip"})
    (detail,) = answer.json()["detail"]
    assert (detail["loc"], detail["type"]) == (["body", "image_data_url"], "file_download_error")


@shows("Trainers", "a ZIP sent as a data: URI")
def test_an_archive_may_be_sent_along(fal: Served) -> None:
    assert fal.client.post(f"/fal/run/{PLUS}", json={"image_data_url": data_uri(edits())}).status_code == 200
    answer = fal.client.post(f"/fal/run/{PLUS}", json={"image_data_url": data_uri(b"none")})
    (detail,) = answer.json()["detail"]
    assert (detail["loc"], detail["type"]) == (["body", "image_data_url"], "invalid_archive")


@shows("Refused", "another key's LoRA, and one whose address has expired: file_download_error at loras")
def test_an_adapter_is_its_keys_alone(fal: Served, paying: httpx2.Client, picture_url: str) -> None:
    made = fal.client.post(f"/fal/run/{PLUS}", json={"image_data_url": data_uri(edits())}).json()
    sent = {"prompt": "x", "image_urls": [picture_url], "loras": [{"path": made["diffusers_lora_file"]["url"]}]}
    assert fal.client.post("/fal/run/fal-ai/qwen-image-edit-plus-lora", json=sent).status_code == 200
    answer = paying.post("/fal/run/fal-ai/qwen-image-edit-plus-lora", json=sent)
    assert answer.status_code == 422
    (detail,) = answer.json()["detail"]
    assert (detail["loc"], detail["type"]) == (["body", "loras", 0, "path"], "file_download_error")


_SUBSCRIBES = """
url = fal_client.upload_file(os.environ["ARCHIVE"])
lines = []
def hear(update):
    lines.extend(line["message"] for line in getattr(update, "logs", None) or [])
given = {"image_data_url": url, "steps": 100, "default_caption": "wait 0.02"}
output = fal_client.subscribe(os.environ["ENDPOINT"], given, with_logs=True, on_queue_update=hear)
tell(output=output, lines=lines)
"""


@shows("Trainers", "subscribe with an archive that was uploaded, and with logs", by=PYTHON)
def test_fals_own_client_trains(python: Python, tmp_path: Path) -> None:
    path = tmp_path / "pairs.zip"
    path.write_bytes(edits())
    told = python.run(_SUBSCRIBES, ARCHIVE=str(path), ENDPOINT=PLUS)
    assert {name: file["file_name"] for name, file in told["output"].items()} == ADAPTER
    assert "2 examples" in told["lines"]
    assert any(": loss 0." in line for line in told["lines"])


@pytest.fixture(scope="module")
def nano(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    folder = tmp_path_factory.mktemp("nano")
    with served(folder, child=None, LAMINA_ALLOW_PRIVATE_URLS="true", LAMINA_SAFETY="off") as service:
        service.client.headers["Authorization"] = f"Key {service.key}"
        service.client.timeout = _PATIENCE_S
        yield service
    assert "exception" not in (folder / "log").read_text()


def pixels(service: Served, output: dict[str, Any]) -> list[Any]:
    contents = [service.client.get(image["url"]).content for image in output["images"]]
    return [np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"), int) for content in contents]


def ran(service: Served, endpoint: str, **sent: Any) -> Any:
    answer = service.client.post(f"/fal/run/fal-ai/{endpoint}", json=sent)
    assert answer.status_code == 200, answer.text
    return answer.json()


@shows("With real engines", "a ZIP becomes an adapter that changes what the next request makes", by="nano")
@pytest.mark.parametrize(
    ("trainer", "user"),
    [
        ("qwen-image-edit-plus-trainer", "qwen-image-edit-plus-lora"),
        ("qwen-image-edit-2509-trainer", "qwen-image-edit-2509-lora"),
        ("qwen-image-edit-2511-trainer", "qwen-image-edit-2511/lora"),
        ("qwen-image-layered-trainer", "qwen-image-layered/lora"),
    ],
)
def test_an_adapter_changes_a_picture(nano: Served, archives: str, trainer: str, user: str) -> None:
    pytest.importorskip("torch")
    address = f"{archives}/fal-ai/{trainer}.zip"
    made = ran(nano, trainer, image_data_url=address, steps=100, learning_rate=0.005)
    lora = [{"path": made["diffusers_lora_file"]["url"]}]
    with given_out({"a.png": picture()}) as place:
        image = f"{place}/a.png"
        sent: dict[str, Any] = {"prompt": "make it blue", "seed": 5, "num_inference_steps": 4}
        sent |= {"image_url": image, "num_layers": 2} if "layered" in user else {"image_urls": [image]}
        plain, styled = (pixels(nano, ran(nano, user, **sent, loras=loras)) for loras in ([], lora))
    assert any(one.shape != other.shape or (one != other).any() for one, other in zip(plain, styled, strict=False))
