"""What Pixazo's parameters say of pictures is done: shown with the engines that come along, classic and nano."""

import io
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
from asking import EDIT, EDIT_PLUS, GENERATE, LAYERED, MAX, TRAINER, Pixazo, data_uri, said
from compat import shows
from PIL import Image

from archives import edits, given_out
from serving import poster, served

_EDGE = 40  # levels from one pixel to the next
PROMPT = "a red circle on a white background"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Generator[Pixazo]:
    pytest.importorskip("diffusers", reason="torch and diffusers are not installed: scripts/venv qwen")
    with served(tmp_path_factory.mktemp("real"), child=None, LAMINA_ALLOW_PRIVATE_URLS="true") as service:
        yield Pixazo(service, service.key)


def picture(pixazo: Pixazo, url: str) -> Image.Image:
    answer = pixazo.service.client.get(url)
    assert answer.status_code == 200
    return Image.open(io.BytesIO(answer.content))


def pixels(image: Image.Image) -> "np.ndarray[Any, Any]":
    return np.asarray(image.convert("RGBA")).astype(int)


@shows("Pictures", "layers, bottom first, add up to the picture; num_layers", by="raw requests, classic")
def test_layers_add_up_to_the_picture(real: Pixazo) -> None:
    submit = real.post(LAYERED, {"image_url": data_uri(), "num_layers": 3}).json()
    urls = real.ended(submit["request_id"])["output"]["media_url"]
    assert 1 < len(urls) <= 3
    source = Image.open(io.BytesIO(poster())).convert("RGBA")
    canvas = Image.new("RGBA", source.size)
    for url in urls:
        canvas.alpha_composite(picture(real, url).convert("RGBA"))
    assert np.abs(pixels(canvas) - pixels(source)).max() <= 1


@shows("Pictures", "size and image_size are kept; usage tells the size", by="raw requests, nano")
def test_a_picture_has_the_size_that_was_asked_for(real: Pixazo) -> None:
    made = real.post(GENERATE, said("qwen-image", {"text": PROMPT}, size="512*512", watermark=False)).json()
    image = picture(real, made["images"][0]["url"])
    assert image.size == (made["usage"]["width"], made["usage"]["height"]) == (512, 512)


@shows("Pictures", "watermark: on by default of text to image, off by default of edits", by="raw requests, nano")
def test_a_watermark_is_there_when_it_is_wanted(real: Pixazo) -> None:
    """nano's ground is plain, and so is a corner of it without a mark."""

    def made(**wanted: bool) -> str:
        answer = real.post(GENERATE, said("qwen-image", {"text": PROMPT}, size="512*512", **wanted))
        return answer.json()["images"][0]["url"]

    unmarked = made(watermark=False)
    content = ({"image": unmarked}, {"text": "make the circle green"})
    assert is_marked(picture(real, made()))
    assert is_marked(picture(real, made(watermark=True)))
    assert not is_marked(picture(real, unmarked))
    assert not is_marked(picture(real, edited(real, said("qwen-image-edit", *content))))
    assert is_marked(picture(real, edited(real, said("qwen-image-edit", *content, watermark=True))))


@shows("Pictures", "output_format: png, jpeg, webp; num_images", by="raw requests, nano")
@pytest.mark.parametrize(("output_format", "kind"), [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP")])
def test_a_picture_has_the_format_that_was_asked_for(real: Pixazo, output_format: str, kind: str) -> None:
    body = {"prompt": PROMPT, "output_format": output_format, "num_images": 2, "image_size": "portrait_hd"}
    output = real.ended(real.post(MAX, body).json()["request_id"])["output"]
    assert output["media_type"] == f"image/{output_format}"
    images = [picture(real, url) for url in output["media_url"]]
    assert [image.format for image in images] == [kind, kind]
    width, height = images[0].size
    assert width < height


@shows("Pictures", "prompt_extend and enable_prompt_expansion make the prompt richer", by="raw requests, nano")
def test_a_prompt_is_made_richer_when_it_is_wanted(real: Pixazo) -> None:
    prompts: list[str] = []
    for is_wanted in (True, False):
        body = {"prompt": PROMPT, "enable_prompt_expansion": is_wanted}
        done = real.ended(real.post(MAX, body).json()["request_id"])
        job = real.service.client.get(f"/v1/jobs/{done['request_id'].partition('_')[2]}").json()
        prompts.append(job["result"]["prompt"])
    assert prompts[0] != PROMPT
    assert prompts[1] == PROMPT


@shows("Pictures", "the same seed gives the same picture; several pictures go into one", by="raw requests, nano")
def test_a_seed_holds(real: Pixazo) -> None:
    body = {"prompt": "make it green", "image_urls": [data_uri(), data_uri()], "seed": 7, "image_size": "square"}
    urls = [real.ended(real.post(EDIT_PLUS, body).json()["request_id"])["output"]["media_url"][0] for _ in range(2)]
    first, second = (pixels(picture(real, url)) for url in urls)
    assert np.array_equal(first, second)


@shows("Pictures", "an adapter that was trained changes what the next request makes", by="raw requests, nano")
def test_an_adapter_changes_a_picture(real: Pixazo) -> None:
    with given_out({"pictures.zip": edits(references=2)}) as place:
        wanted = {"image_data_url": f"{place}/pictures.zip", "steps": 5, "learning_rate": 0.02}
        trained = real.ended(real.post(TRAINER, {**wanted, "reference_image_count": 2}).json()["request_id"])
    assert trained["status"] == "COMPLETED", trained
    (address,) = trained["output"]["media_url"]
    body = {"prompt": "make it blue", "image_urls": [data_uri()], "seed": 7, "num_inference_steps": 4}
    done = [
        real.ended(real.post(EDIT_PLUS, {**body, "loras": loras}).json()["request_id"])
        for loras in ([], [{"path": address}])
    ]
    plain, styled = (pixels(picture(real, one["output"]["media_url"][0])) for one in done)
    assert (plain != styled).any()


def is_marked(image: Image.Image) -> bool:
    """Whether there are edges in the corner at the bottom right."""
    corner = pixels(image)[-48:, -160:, :3].mean(-1)
    return bool(np.abs(np.diff(corner, axis=1)).max() > _EDGE)


def edited(real: Pixazo, body: dict[str, Any]) -> str:
    answer = real.post(EDIT, body)
    assert answer.status_code == 200, answer.text
    return answer.json()["output"]["choices"][0]["message"]["content"][0]["image"]
