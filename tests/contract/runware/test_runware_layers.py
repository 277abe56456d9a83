"""Real layers and real pictures: what the classic engine and nano make of Runware's tasks."""

import base64
import io
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
from compat import shows
from PIL import Image, ImageSequence
from sockets import generation, task

from serving import Served, poster, served

PICTURE = base64.b64encode(poster(240, 160)).decode()


@pytest.fixture(scope="module")
def classic(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    with served(tmp_path_factory.mktemp("classic"), child=None) as server:
        yield server


def made(server: Served, wanted: dict[str, Any]) -> Image.Image:
    answer = server.client.post("/v1", json=[wanted])
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(server.client.get(answer.json()["data"][0]["imageURL"]).content))


def layered(**changes: Any) -> dict[str, Any]:
    inputs = {"referenceImages": [PICTURE]}
    wanted = {"model": "alibaba:qwen-image@layered", "positivePrompt": "a poster", "inputs": inputs}
    return task("imageInference", **wanted, **changes)


@shows("imageInference", "settings.layers", "a page a layer that add up to the picture")
def test_the_pages_add_up_to_the_picture(classic: Served) -> None:
    tiff = made(classic, layered(settings={"layers": 5}))
    pages = [page.copy() for page in ImageSequence.Iterator(tiff)]
    assert 2 <= len(pages) <= 5
    assert {(page.mode, page.size) for page in pages} == {("RGBA", (240, 160))}
    whole = pages[0]
    for page in pages[1:]:
        whole = Image.alpha_composite(whole, page)
    source = Image.open(io.BytesIO(poster(240, 160))).convert("RGBA")
    assert np.abs(np.asarray(whole).astype(int) - np.asarray(source)).max() <= 1


@shows("imageInference", "width and height of layers")
def test_layers_come_at_the_size_that_is_wanted(classic: Served) -> None:
    assert made(classic, layered(width=480, height=320)).size == (480, 320)
    assert made(classic, layered(width=128, height=128, outputFormat="PNG")).size == (128, 128)


@shows(
    "imageInference",
    "models by AIR",
    "inputs.referenceImages",
    "scheduler",
    "acceleratorOptions",
    "positivePrompt",
    "negativePrompt",
    "CFGScale",
    "steps",
)
@pytest.mark.parametrize(
    ("model", "references"),
    [("runware:108@1", 0), ("alibaba:qwen-image@2512", 0), ("runware:108@20", 1), ("runware:108@22", 2),
     ("alibaba:qwen-image-edit@2511", 2)],
)  # fmt: skip
def test_every_model_makes_pictures(classic: Served, model: str, references: int) -> None:
    pytest.importorskip("torch", reason="making pictures needs the extra qwen")
    inputs = {"inputs": {"referenceImages": [PICTURE] * references}} if references else {}
    options = {"fbCache": True, "fbCacheThreshold": 0.2, "cacheStartStep": 1, "cacheEndStepPercentage": 90}
    wanted = generation(
        model=model, steps=3, scheduler="DPM++ 2M Karras", acceleratorOptions=options, CFGScale=2, negativePrompt="x",
        outputFormat="PNG", **inputs,
    )  # fmt: skip
    assert made(classic, wanted).size == (128, 128)


@shows("imageInference", "inputs.seedImage, inputs.maskImage and strength")
def test_a_picture_to_start_from(classic: Served) -> None:
    pytest.importorskip("torch", reason="making pictures needs the extra qwen")
    white = io.BytesIO()
    Image.new("RGB", (240, 160), "white").save(white, "PNG")
    inputs = {"seedImage": PICTURE, "maskImage": base64.b64encode(white.getvalue()).decode()}
    assert made(classic, generation(steps=3, strength=0.5, inputs=inputs)).size == (128, 128)


@shows("imageInference", "positivePrompt __BLANK__")
def test_no_words_at_all(classic: Served) -> None:
    pytest.importorskip("torch", reason="making pictures needs the extra qwen")
    assert made(classic, generation(steps=2, positivePrompt="__BLANK__")).size == (128, 128)
