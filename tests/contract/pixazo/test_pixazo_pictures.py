"""What Pixazo's parameters say of pictures is done: shown with the engines that come along, classic and nano."""

import io
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
from asking import EDIT, EDIT_PLUS, GENERATE, LAYERED, MAX, MAX_EDIT, TRAINER, Pixazo, data_uri, said
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


@pytest.fixture(scope="module")
def wary(tmp_path_factory: pytest.TempPathFactory) -> Generator[Pixazo]:
    """Finds every picture unsafe, if it looks; and has nano take pictures apart, too."""
    pytest.importorskip("diffusers", reason="torch and diffusers are not installed: scripts/venv qwen")
    settings = {"LAMINA_SAFETY_THRESHOLD": "0", "LAMINA_ENGINE": "nano"}
    with served(tmp_path_factory.mktemp("wary"), child=None, **settings) as service:
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


@shows("Pictures", "size is kept and reported in usage", by="raw requests, nano")
def test_a_picture_has_the_size_that_was_asked_for(real: Pixazo) -> None:
    made = real.post(GENERATE, said("qwen-image", {"text": PROMPT}, size="512*512", watermark=False)).json()
    image = picture(real, made["images"][0]["url"])
    assert image.size == (made["usage"]["width"], made["usage"]["height"]) == (512, 512)


@shows("Pictures", "image_size of qwen-image-max and qwen-image-edit-plus-lora is kept", by="raw requests, nano")
@pytest.mark.parametrize(
    ("route", "image_size", "size"),
    [
        (MAX, None, (1328, 1328)),
        (MAX, "portrait_hd", (928, 1664)),
        (MAX, "landscape_hd", (1664, 928)),
        (EDIT_PLUS, "portrait_4_3", (768, 1024)),
        (EDIT_PLUS, {"width": 640, "height": 480}, (640, 480)),
    ],
)
def test_an_image_size_is_kept(real: Pixazo, route: str, image_size: object, size: tuple[int, int]) -> None:
    pictures = {"image_urls": [data_uri()]} if route == EDIT_PLUS else {}
    submit = real.post(route, {"prompt": PROMPT, "image_size": image_size, **pictures}).json()
    assert picture(real, real.ended(submit["request_id"])["output"]["media_url"][0]).size == size


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
    body = {"prompt": PROMPT, "output_format": output_format, "num_images": 2}
    output = real.ended(real.post(MAX, body).json()["request_id"])["output"]
    assert output["media_type"] == f"image/{output_format}"
    images = [picture(real, url) for url in output["media_url"]]
    assert [image.format for image in images] == [kind, kind]


@shows("Pictures", "prompt_extend and enable_prompt_expansion make the prompt richer", by="raw requests, nano")
@pytest.mark.parametrize("is_wanted", [True, False, None])
def test_a_prompt_is_made_richer_unless_that_is_not_wanted(real: Pixazo, is_wanted: bool | None) -> None:
    queued = real.post(MAX, {"prompt": PROMPT, "enable_prompt_expansion": is_wanted}).json()["request_id"]
    real.ended(queued)
    body = said("qwen-image", {"text": PROMPT}, size="512*512", prompt_extend=is_wanted)
    waited_for = real.post(GENERATE, body).json()["request_id"]
    for job_id in (queued.partition("_")[2], waited_for):
        drawn = result_of(real, job_id)["prompt"]
        assert (drawn == PROMPT) == (is_wanted is False)


@shows("Pictures", "acceleration of layers: fast skips sampling steps, regular none", by="raw requests, nano")
def test_fast_layers_take_fewer_steps(wary: Pixazo) -> None:
    skipped: dict[str | None, int] = {}
    for acceleration in ("fast", "regular", None):
        body = {"image_url": data_uri(), "num_layers": 2, "acceleration": acceleration, "num_inference_steps": 10}
        done = wary.ended(wary.post(LAYERED, body).json()["request_id"])
        result = result_of(wary, done["request_id"].partition("_")[2])
        assert (result["engine"], result["steps"]) == ("nano", 10)
        skipped[acceleration] = result["skipped_steps"]
    assert skipped["fast"] > 0
    assert skipped["regular"] == skipped[None] == 0


@shows("Pictures", "enable_safety_checker: on by default; what is flagged comes back black", by="raw requests, nano")
@pytest.mark.parametrize(
    ("route", "body"),
    [
        (LAYERED, {"image_url": data_uri(), "num_layers": 2, "num_inference_steps": 2}),
        (MAX, {"prompt": PROMPT}),
        (MAX_EDIT, {"prompt": PROMPT, "image_urls": [data_uri()]}),
        (EDIT_PLUS, {"prompt": PROMPT, "image_urls": [data_uri()], "image_size": "square"}),
    ],
)  # fmt: skip
def test_what_the_safety_checker_flags_is_black(wary: Pixazo, route: str, body: dict[str, Any]) -> None:
    for is_wanted in (True, None, False):
        submit = wary.post(route, {**body, "enable_safety_checker": is_wanted}).json()
        done = wary.ended(submit["request_id"])
        assert done["status"] == "COMPLETED", done
        is_black = all(not pixels(picture(wary, url))[..., :3].any() for url in done["output"]["media_url"])
        assert is_black == (is_wanted is not False)


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


def result_of(pixazo: Pixazo, job_id: str) -> dict[str, Any]:
    return pixazo.service.client.get(f"/v1/jobs/{job_id}").json()["result"]


def is_marked(image: Image.Image) -> bool:
    """Whether there are edges in the corner at the bottom right."""
    corner = pixels(image)[-48:, -160:, :3].mean(-1)
    return bool(np.abs(np.diff(corner, axis=1)).max() > _EDGE)


def edited(real: Pixazo, body: dict[str, Any]) -> str:
    answer = real.post(EDIT, body)
    assert answer.status_code == 200, answer.text
    return answer.json()["output"]["choices"][0]["message"]["content"][0]["image"]
