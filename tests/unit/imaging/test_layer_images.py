"""The picture of a layer comes as the same file does when it is to be taken apart, in ORA, ZIP and folders."""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_stacks import noise
from PIL import Image, ImageCms, PngImagePlugin

from lamina.core.composite import composite
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Layer, LayerKind, LayerStack
from lamina.imaging.layer_images import read_layer_image
from lamina.imaging.picture import read_picture
from lamina.imaging.png import encode_png
from lamina.imaging.saving import load, save
from lamina.imaging.size_limits import SizeLimits


def _saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _deep(shape: tuple[int, ...]) -> bytes:
    samples = np.random.default_rng(3).integers(0, 65536, shape, np.uint16)
    return cv2.imencode(".png", samples)[1].tobytes()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _with_chunk(png: bytes, kind: bytes, data: bytes) -> bytes:
    """The PNG with a chunk after its IHDR."""
    return png[:33] + _chunk(kind, data) + png[33:]


def _interlaced() -> bytes:
    """8 x 8 grey, Adam7: its passes one after the other."""
    picture = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    rows = b"".join(b"\0" + row.tobytes() for y, x, dy, dx in passes for row in picture[y::dy, x::dx])
    head = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 1)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _swapped_profile() -> bytes:
    """A profile that takes red for green: what is done with it cannot be overlooked."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for number in range(struct.unpack(">I", profile[128:132])[0]):
        at = 132 + 12 * number
        tag = bytes(profile[at : at + 4])
        profile[at : at + 4] = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}.get(tag, tag)
    return bytes(profile)


RGBA = Image.fromarray(noise(9, 7))
RED = tuple(int(sample) for sample in noise(9, 7)[2, 2, :3])
TURNED = Image.Exif()
TURNED[0x0112] = 6
VARIANTS: dict[str, Callable[[], bytes]] = {
    "RGBA": lambda: _saved(RGBA),
    "ours": lambda: encode_png(noise(9, 7)),
    "RGB": lambda: _saved(RGBA.convert("RGB")),
    "RGB, a colour is transparent": lambda: _saved(RGBA.convert("RGB"), transparency=RED),
    "grey": lambda: _saved(RGBA.convert("L")),
    "grey and alpha": lambda: _saved(RGBA.convert("LA")),
    "one bit": lambda: _saved(RGBA.convert("1")),
    "palette": lambda: _saved(RGBA.convert("RGB").quantize(9), transparency=bytes([0, 128, 255])),
    "interlaced": _interlaced,
    "16-bit grey": lambda: _deep((9, 7)),
    "16-bit RGB": lambda: _deep((9, 7, 3)),
    "16-bit RGBA": lambda: _deep((9, 7, 4)),
    "profile": lambda: _saved(RGBA, icc_profile=_swapped_profile()),
    "grey with a profile of colours": lambda: _saved(RGBA.convert("L"), icc_profile=_swapped_profile()),
    "gamma": lambda: _with_chunk(_saved(RGBA), b"gAMA", struct.pack(">I", 100_000)),
    "sRGB": lambda: _with_chunk(_saved(RGBA), b"sRGB", b"\0"),
    "turned": lambda: _saved(RGBA, exif=TURNED),
    "APNG": lambda: _saved(RGBA, save_all=True, append_images=[RGBA.rotate(180)]),
    "JPEG": lambda: _saved(RGBA.convert("RGB"), "JPEG"),
    "CMYK JPEG": lambda: _saved(RGBA.convert("CMYK"), "JPEG"),
    "WebP": lambda: _saved(RGBA, "WEBP"),
    "TIFF": lambda: _saved(RGBA, "TIFF"),
    "BMP": lambda: _saved(RGBA.convert("RGB"), "BMP"),
    "GIF": lambda: _saved(RGBA, "GIF"),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_layer_is_read_as_a_picture_is(name: str) -> None:
    data = VARIANTS[name]()
    assert np.array_equal(read_layer_image(io.BytesIO(data), SizeLimits(), "It"), read_picture(data).pixels)


def test_the_profile_has_been_used() -> None:
    plain, profiled = (read_layer_image(io.BytesIO(VARIANTS[n]()), SizeLimits(), "It") for n in ("RGBA", "profile"))
    assert np.abs(plain[..., :3].astype(int) - profiled[..., :3]).max() > 50


@pytest.mark.parametrize("name", ["a.ora", "a.zip", "a/"])
@pytest.mark.parametrize("variant", ["16-bit grey", "palette", "profile", "JPEG"])
def test_every_format_reads_layers_so(name: str, variant: str, tmp_path: Path) -> None:
    data = VARIANTS[variant]()
    expected = read_picture(data).pixels
    size = (expected.shape[1], expected.shape[0])
    save(LayerStack(*size, (Layer("A", LayerKind.OBJECT, expected),)), f"{tmp_path}/{name}")
    if name == "a/":
        (tmp_path / "a" / "00-a.png").write_bytes(data)
        path = tmp_path / "a"
    else:
        path = tmp_path / f"b-{name}"
        with zipfile.ZipFile(tmp_path / name) as old, zipfile.ZipFile(path, "w") as new:
            for entry in old.namelist():
                new.writestr(entry, data if entry.endswith("00-a.png") else old.read(entry))
    assert np.array_equal(load(path)[0].pixels, expected)


def test_a_layer_of_16_bits_recomposes_to_its_grey(tmp_path: Path) -> None:
    grey = np.full((4, 5), 30_000, np.uint16)
    save(LayerStack(5, 4, (Layer("A", LayerKind.BACKGROUND, noise(4, 5)),)), f"{tmp_path}/s/")
    (tmp_path / "s" / "00-a.png").write_bytes(cv2.imencode(".png", grey)[1].tobytes())
    assert (composite(load(tmp_path / "s")) == (117, 117, 117, 255)).all()


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", ErrorCode.INPUT_CORRUPT, "It is an empty file"),
        (b"hello", ErrorCode.INPUT_NOT_A_STACK, "It has an unknown format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", ErrorCode.INPUT_NOT_A_STACK, "It is an SVG drawing"),
        (b"8BPS\0\1", ErrorCode.INPUT_NOT_A_STACK, "It is a Photoshop document"),
        (b"\x89PNG\r\n\x1a\n", ErrorCode.INPUT_CORRUPT, "It is corrupt"),
        (encode_png(noise(9, 9))[:90], ErrorCode.INPUT_CORRUPT, "It is corrupt"),
    ],
)
def test_what_is_no_picture_is_told(data: bytes, code: ErrorCode, words: str) -> None:
    with pytest.raises(LaminaError) as caught:
        read_layer_image(io.BytesIO(data), SizeLimits(), "It")
    assert caught.value.code is code
    assert caught.value.message.startswith(words)


@pytest.mark.parametrize("name", ["16-bit RGBA", "palette", "JPEG", "RGBA"])
def test_a_size_beyond_the_bounds_is_refused(name: str) -> None:
    with pytest.raises(LaminaError) as caught:
        read_layer_image(io.BytesIO(VARIANTS[name]()), SizeLimits(0.00003), "It")
    assert caught.value.code is ErrorCode.INPUT_TOO_LARGE


def test_all_layers_together_are_bounded() -> None:
    limits = SizeLimits(0.00005)
    for name in ("JPEG", "RGBA", "palette") * 4:
        read_layer_image(io.BytesIO(VARIANTS[name]()), limits, "It")
    with pytest.raises(LaminaError) as caught:
        read_layer_image(io.BytesIO(VARIANTS["16-bit grey"]()), limits, "It")
    assert caught.value.code is ErrorCode.INPUT_TOO_LARGE


def test_text_that_swells_is_not_read_whole() -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("a", "b" * 100)
    png = _saved(RGBA.convert("L"), pnginfo=texts)
    with pytest.raises(LaminaError) as caught:
        read_layer_image(io.BytesIO(_with_chunk(png, b"abCd", bytes(20 << 20))), SizeLimits(0.0001), "It")
    assert caught.value.code is ErrorCode.INPUT_TOO_LARGE


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"file": "../a.png"}, "layer 0: '../a.png' is not the name of an image in the same folder"),
        ({"file": 5}, "layer 0: 5 is not a string"),
        ({"bbox": [0, 0, 1]}, "layer 0: [0, 0, 1] is not a box of x, y, width and height"),
        ({"bbox": "0011"}, "layer 0: '0011' is not a box"),
        ({"bbox": [0, 0, 7, 8]}, "'00-a.png' is 7 x 9 pixels, but its manifest.json gives 7 x 8"),
        ({"kind": {"x": [1] * 999}}, "layer 0: {'x': [1, 1"),
        ({"blend": 7}, "layer 0: 7 is not one of normal, multiply"),
        ({"visible": "no"}, "layer 0: 'no' is neither true nor false"),
        ({"opacity": None}, "layer 0: None is not a number"),
        ({"opacity": 10**400}, "layer 0: 1000"),
        ({"text": [{"string": 1}]}, "layer 0: its text lines have an invalid structure"),
        ({"text": 7}, "layer 0: its text lines have an invalid structure"),
    ],
)
def test_a_fault_in_a_manifest_is_told_in_words(change: dict[str, object], words: str, tmp_path: Path) -> None:
    save(LayerStack(7, 9, (Layer("A", LayerKind.OBJECT, noise(9, 7)),)), f"{tmp_path}/s/")
    path = tmp_path / "s" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["layers"][0].update(change)
    path.write_text(json.dumps(manifest))
    with pytest.raises(LaminaError) as caught:
        load(tmp_path / "s")
    assert words in caught.value.message
    assert len(caught.value.message) < 400


@pytest.mark.parametrize(("layers", "words"), [(7, "no list of layers"), ([5], "layer 0 has an invalid structure")])
def test_layers_that_are_none(layers: object, words: str, tmp_path: Path) -> None:
    manifest = {"format": "lamina-layers", "version": 1, "width": 3, "height": 3, "layers": layers}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(LaminaError) as caught:
        load(tmp_path)
    assert words in caught.value.message


@pytest.mark.parametrize("name", ["a.zip", "a/", "a.ora"])
def test_a_stack_without_layers_says_so(name: str, tmp_path: Path) -> None:
    save(LayerStack(3, 3, ()), f"{tmp_path}/{name}")
    stack = load(f"{tmp_path}/{name}")
    assert (len(stack), stack.notes) == (0, ("The file contains no layers.",))


def test_an_encrypted_archive_is_refused_by_name(tmp_path: Path) -> None:
    whole = bytearray(save(LayerStack(3, 3, ()), tmp_path / "a.zip").read_bytes())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        whole[whole.index(signature) + at] |= 1
    (tmp_path / "a.zip").write_bytes(whole)
    with pytest.raises(LaminaError, match="The content of the archive is encrypted"):
        load(tmp_path / "a.zip")
