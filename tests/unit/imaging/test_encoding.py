"""One picture in every format: the quality asked for, and a note on its making that another library reads."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tifffile import TiffFile

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Layer, LayerKind, LayerStack, Pixels
from lamina.core.provenance import Provenance
from lamina.imaging.encoding import Encoding, PictureFormat, encode, picture_format_of
from lamina.imaging.metadata import FileMetadata, SourceType, metadata_of, software
from lamina.imaging.saving import load, save

PROMPT = 'A <sign> & "SALE" 大\n减价\x00\ud800'
MADE = Provenance("qwen", "Qwen/Qwen-Image@main", 2**64 - 1, PROMPT)
MAKING = metadata_of(MADE, SourceType.GENERATED, model="qwen-image")
LOSSLESS = [
    Encoding(PictureFormat.PNG),
    Encoding(PictureFormat.PNG, quality=1),
    Encoding(PictureFormat.TIFF, quality=30),
    Encoding(PictureFormat.WEBP, quality=100),
    Encoding(PictureFormat.WEBP, quality=20, is_lossless=True),
]
TRAINED = "trainedAlgorithmicMedia"


def smooth(height: int = 120, width: int = 160, alpha: int = 255) -> Pixels:
    picture = np.empty((height, width, 4), np.uint8)
    picture[..., 0] = np.arange(width) % 256
    picture[..., 1] = np.arange(height)[:, None] % 256
    picture[..., 2] = np.random.default_rng(0).integers(90, 120, (height, width))
    picture[..., 3] = alpha
    return picture


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def facts(image: Image.Image) -> dict[str, Any]:
    """The properties of the XMP packet, as Pillow reads it."""
    return image.getxmp()["xmpmeta"]["RDF"]["Description"]


def distance(image: Image.Image, picture: Pixels) -> float:
    return float(np.abs(np.asarray(image.convert("RGB"), np.int16) - picture[..., :3]).mean())


@pytest.mark.parametrize("encoding", LOSSLESS, ids=str)
@pytest.mark.parametrize("alpha", [255, 90, 0])
def test_lossless_formats_keep_every_sample(encoding: Encoding, alpha: int) -> None:
    picture = smooth(alpha=alpha)
    image = opened(encode(picture, encoding, MAKING))
    assert image.mode == ("RGB" if alpha == 255 else "RGBA")
    assert np.array_equal(np.asarray(image.convert("RGBA")), picture)


@pytest.mark.parametrize("kind", [PictureFormat.JPEG, PictureFormat.WEBP])
def test_more_quality_is_a_larger_file_nearer_to_the_picture(kind: PictureFormat) -> None:
    files = [encode(smooth(), Encoding(kind, quality)) for quality in (1, 40, 85, 99)]
    assert sorted(files, key=len) == files
    distances = [distance(opened(file), smooth()) for file in files]
    assert sorted(distances, reverse=True) == distances and distances[-1] < 3


def test_jpeg_has_full_colour_from_90_on_and_stands_on_white() -> None:
    def sampling(quality: int) -> int:
        return opened(encode(smooth(), Encoding(PictureFormat.JPEG, quality))).layer[0][1]  # pyright: ignore[reportAttributeAccessIssue]

    assert [sampling(quality) for quality in (89, 90, 100)] == [2, 1, 1]
    see_through = opened(encode(smooth(alpha=0), Encoding(PictureFormat.JPEG)))
    assert np.asarray(see_through).min() == 255


@pytest.mark.parametrize("kind", PictureFormat)
def test_every_file_tells_how_it_was_made(kind: PictureFormat) -> None:
    image = opened(encode(smooth(), Encoding(kind), MAKING))
    told = facts(image)
    assert told["CreatorTool"] == software() and software().startswith("Lamina")
    assert told["DigitalSourceType"].endswith(f"/{TRAINED}")
    assert (told["engine"], told["model"], told["checkpoint"]) == ("qwen", "qwen-image", "Qwen/Qwen-Image@main")
    assert told["seed"] == str(2**64 - 1)
    assert told["prompt"] == 'A <sign> & "SALE" 大 减价  '
    if kind is not PictureFormat.PNG:
        assert image.getexif()[0x0131] == software()


def test_a_png_tells_it_in_text_chunks_too() -> None:
    image = opened(encode(smooth(), Encoding(PictureFormat.PNG), MAKING))
    assert image.info["Software"] == software()
    told = json.loads(image.info["lamina"])
    assert told == {
        "software": software(),
        "engine": "qwen",
        "model": "qwen-image",
        "checkpoint": "Qwen/Qwen-Image@main",
        "seed": 2**64 - 1,
        "prompt": PROMPT,
    }


@pytest.mark.parametrize("kind", PictureFormat)
def test_the_words_can_be_left_out_and_a_plain_picture_claims_no_model(kind: PictureFormat) -> None:
    data = encode(smooth(), Encoding(kind), metadata_of(MADE, SourceType.EDITED, has_prompt=False))
    assert b"SALE" not in data
    assert facts(opened(data))["DigitalSourceType"].endswith("/compositeWithTrainedAlgorithmicMedia")
    plain = facts(opened(encode(smooth(), Encoding(kind))))
    assert plain["CreatorTool"] == software()
    assert not {"DigitalSourceType", "prompt", "seed", "engine"} & set(plain)


@pytest.mark.parametrize("kind", PictureFormat)
@pytest.mark.parametrize("character", ["&", '"', "\x01", "😀", "\ud800"])
def test_a_prompt_without_end_is_cut_and_breaks_no_file(kind: PictureFormat, character: str) -> None:
    data = encode(
        smooth(), Encoding(kind), FileMetadata(source=SourceType.GENERATED, prompt="begin " + character * 200_000)
    )
    prompt = facts(opened(data))["prompt"]
    assert prompt.startswith("begin ") and prompt.endswith("…") and len(prompt) == 8000


def test_each_picture_of_a_request_has_its_own_seed() -> None:
    assert metadata_of(MADE, SourceType.GENERATED, number=2).seed == 1
    assert metadata_of(Provenance("classic"), SourceType.GENERATED, number=2).seed is None


@pytest.mark.parametrize(
    ("kind", "side"), [(PictureFormat.WEBP, 16_384), (PictureFormat.JPEG, 65_501), (PictureFormat.PNG, (1 << 20) + 1)]
)
def test_a_picture_too_long_for_a_format_is_refused(kind: PictureFormat, side: int) -> None:
    with pytest.raises(LaminaError, match=f"{side} x 1") as caught:
        encode(np.zeros((1, side, 4), np.uint8), Encoding(kind))
    assert caught.value.code is ErrorCode.OUTPUT_TOO_LARGE


def test_the_smallest_picture_fits_everywhere() -> None:
    for kind in PictureFormat:
        assert opened(encode(smooth(1, 1), Encoding(kind), MAKING)).size == (1, 1)


@pytest.mark.parametrize("quality", [0, 101, -3])
def test_a_quality_that_cannot_be_had(quality: int) -> None:
    with pytest.raises(LaminaError, match="Use a quality from 1 to 100"):
        Encoding(PictureFormat.JPEG, quality)


def test_a_path_says_which_format_is_meant() -> None:
    assert picture_format_of("out/A.JPEG") is PictureFormat.JPEG
    assert picture_format_of(Path("a.tif")) is PictureFormat.TIFF
    for path in ("a.psd", "a", ""):
        with pytest.raises(LaminaError, match=r"\.png, \.jpg, \.jpeg, \.webp, \.tif, \.tiff\.") as caught:
            picture_format_of(path)
        assert caught.value.code is ErrorCode.OUTPUT_UNKNOWN_FORMAT


def stack(made: Provenance | None) -> LayerStack:
    over = Layer("Thing", LayerKind.OBJECT, smooth(20, 20, 128), 4, 4)
    return LayerStack(160, 120, (Layer("Background", LayerKind.BACKGROUND, smooth()), over), made=made)


@pytest.mark.parametrize("ending", ["psd", "tif", "png"])
def test_layered_files_tell_it_where_they_can(ending: str, tmp_path: Path) -> None:
    with Image.open(save(stack(None), tmp_path / f"plain.{ending}")) as image:
        plain = image.getxmp() if ending != "psd" else _psd_facts(tmp_path / "plain.psd")
    with Image.open(save(stack(MADE), tmp_path / f"made.{ending}")) as image:
        made = image.getxmp() if ending != "psd" else _psd_facts(tmp_path / "made.psd")
    assert software() in str(plain) and "DigitalSourceType" not in str(plain)
    assert "compositeWithTrainedAlgorithmicMedia" in str(made) and MADE.checkpoint in str(made)


def _psd_facts(path: Path) -> dict[str, Any]:
    from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]
    from psd_tools import PSDImage
    from psd_tools.constants import Resource

    packet = PSDImage.open(path).image_resources.get_data(Resource.XMP_METADATA)
    return {element.tag: element.text for element in etree.fromstring(packet).iter()}


def test_a_layered_tiff_names_the_program_on_its_first_page(tmp_path: Path) -> None:
    with TiffFile(save(stack(None), tmp_path / "plain.tif")) as file:
        assert len(file.pages) == 2 and file.pages.first.software == software()


def test_words_in_a_prompt_are_not_taken_for_the_notes_on_layers(tmp_path: Path) -> None:
    cunning = Provenance("qwen", prompt='<a:layers>{}</a:layers> x:layers="{}" <lamina:layers>')
    told = load(save(stack(cunning), tmp_path / "made.psd"))
    assert told.has_same_content(stack(None))
