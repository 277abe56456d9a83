"""fal's endpoints with the real engines: classic takes a picture apart, nano makes and changes pictures."""

import io
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
from compat import shows
from PIL import Image

from serving import Served, poster, served

_PATIENCE_S = 180


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    folder = tmp_path_factory.mktemp("engines")
    with served(folder, child=None, LAMINA_ALLOW_PRIVATE_URLS="true") as service:
        service.client.headers["Authorization"] = f"Key {service.key}"
        yield service


def run(engines: Served, endpoint: str, **sent: Any) -> Any:
    return engines.client.post(f"/fal/run/fal-ai/{endpoint}", json=sent, timeout=_PATIENCE_S)


def pictures(engines: Served, output: dict[str, Any]) -> list[Image.Image]:
    found: list[Image.Image] = []
    for image in output["images"]:
        content = engines.client.get(image["url"]).content
        picture = Image.open(io.BytesIO(content))
        assert (picture.width, picture.height) == (image["width"], image["height"])
        assert len(content) == image["file_size"]
        assert picture.get_format_mimetype() == image["content_type"]
        found.append(picture.convert("RGBA"))
    return found


def uploaded(engines: Served, content: bytes) -> str:
    return engines.client.post("/fal/cdn/files/upload", content=content).json()["access_url"]


@shows("With real engines", "layers, bottom first, add up to the picture, in PNG and in WebP", by="classic")
@pytest.mark.parametrize("kind", ["png", "webp"])
def test_layers_add_up_to_the_picture(engines: Served, kind: str) -> None:
    source = poster()
    answer = run(engines, "qwen-image-layered", image_url=uploaded(engines, source), output_format=kind, seed=5)
    assert answer.status_code == 200, answer.text
    output = answer.json()
    assert len(output["images"]) == len(output["has_nsfw_concepts"]) > 1
    assert output["seed"] == 5
    flat = Image.new("RGBA", Image.open(io.BytesIO(source)).size)
    for layer in pictures(engines, output):
        flat = Image.alpha_composite(flat, layer)
    wanted = np.asarray(Image.open(io.BytesIO(source)).convert("RGBA"), int)
    assert np.abs(np.asarray(flat, int) - wanted).max() <= 1


@shows("With real engines", "text to image, image to image, edit", by="nano")
def test_pictures_are_made_and_changed(engines: Served) -> None:
    pytest.importorskip("torch")
    size = {"width": 128, "height": 96}
    made = run(engines, "qwen-image", prompt="a red circle", num_images=2, image_size=size, num_inference_steps=4)
    assert made.status_code == 200, made.text
    first, second = pictures(engines, made.json())
    assert first.size == (128, 96)
    assert np.asarray(first).tobytes() != np.asarray(second).tobytes()
    address = made.json()["images"][0]["url"]
    for endpoint in ("qwen-image/image-to-image", "qwen-image-edit"):
        again = run(
            engines, endpoint, prompt="a blue circle", image_url=address, num_inference_steps=4, output_format="jpeg"
        )
        assert again.status_code == 200, again.text
        (changed,) = pictures(engines, again.json())
        assert abs(changed.width / changed.height - 128 / 96) < 0.2


@shows("With real engines", "image_size left out: that of the last of several pictures", by="nano")
def test_without_a_size_several_pictures_give_the_size_of_the_last(engines: Served) -> None:
    pytest.importorskip("torch")
    addresses = [uploaded(engines, poster(*size)) for size in ((240, 160), (160, 240))]
    made = run(engines, "qwen-image-edit-2511", prompt="a red circle", image_urls=addresses, num_inference_steps=2)
    assert made.status_code == 200, made.text
    (picture,) = pictures(engines, made.json())
    assert picture.size == (160, 240)


@shows("Refused", "a LoRA that does not fit the model that is here: value_error at loras", by="nano")
def test_what_a_checkpoint_cannot_do_is_refused(engines: Served) -> None:
    pytest.importorskip("torch")
    for endpoint in ("qwen-image", "qwen-image-layered/lora"):
        sent = {"prompt": "x", "loras": [{"path": "no-such-owner/no-such-lora"}], "num_inference_steps": 2}
        if endpoint.startswith("qwen-image-layered"):
            sent["image_url"] = uploaded(engines, poster())
        answer = run(engines, endpoint, **sent)
        assert answer.status_code == 422, answer.text
        assert answer.json()["detail"][0]["loc"][:2] == ["body", "loras"]
