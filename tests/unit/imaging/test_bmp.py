"""BMPs of every header, depth, mask and run length read exactly, or are refused by what they have."""

import io
import itertools
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from lamina.core.errors import ErrorCode, LaminaError
from lamina.imaging.picture import read_picture
from packed_bmp import PackedBmp, bmp

GIVEN = Path(__file__).parent / "given"
_RANDOM = np.random.default_rng(6).integers(0, 256, (13, 19, 4), np.uint8)
_MASKS: dict[str, tuple[int, tuple[int, ...]]] = {
    "565": (16, (0xF800, 0x07E0, 0x001F)),
    "555": (16, (0x7C00, 0x03E0, 0x001F)),
    "4444": (16, (0x0F00, 0x00F0, 0x000F, 0xF000)),
    "1555": (16, (0x7C00, 0x03E0, 0x001F, 0x8000)),
    "332": (16, (0xE0, 0x1C, 0x03)),
    "8888": (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
    "rgba": (32, (0xFF000000, 0xFF0000, 0xFF00, 0xFF)),
    "bgr": (32, (0xFF, 0xFF00, 0xFF0000)),
    "10 bits": (32, (0x3FF00000, 0xFFC00, 0x3FF)),
    "10 bits and alpha": (32, (0x3FF, 0xFFC00, 0x3FF00000, 0xC0000000)),
    "odd": (32, (0x7F, 0x3F80, 0x1FC000)),
    "no blue": (32, (0xFF, 0xFF00, 0)),
    "11 bits": (32, (0xFFE00000, 0x1FFC00, 0x3FF)),
}


def seen(rgba: np.ndarray, masks: tuple[int, ...]) -> np.ndarray:
    """(height, width, 4): what is left of each sample under its mask, at 8 bits again, in floats."""
    pixels = np.full(rgba.shape, 255, np.uint8)
    for channel, mask in enumerate(masks):
        full = mask // (mask & -mask) if mask else 1
        kept = (rgba[..., channel].astype(int) * full + 127) // 255
        pixels[..., channel] = np.floor(kept * 255.0 / full + 0.5) if mask else 0
    return pixels


@pytest.mark.parametrize("is_top_down", [False, True])
@pytest.mark.parametrize("header_bytes", [40, 52, 56, 108, 124])
@pytest.mark.parametrize("kind", _MASKS)
def test_masks(kind: str, header_bytes: int, is_top_down: bool) -> None:
    bits, masks = _MASKS[kind]
    if header_bytes == 52:
        masks = masks[:3]
    data = bmp(PackedBmp(_RANDOM, bits, masks, header_bytes, is_top_down))
    np.testing.assert_array_equal(read_picture(data).pixels, seen(_RANDOM, masks))


def test_masks_of_a_given_file() -> None:
    pixels = read_picture((GIVEN / "a4r4g4b4.bmp").read_bytes()).pixels
    assert {tuple(pixel) for pixel in pixels.reshape(-1, 4).tolist()} == {(221, 34, 51, 255)}


@pytest.mark.parametrize("header_bytes", [12, 40, 56, 64, 108, 124])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palettes(bits: int, header_bytes: int) -> None:
    rng = np.random.default_rng(bits)
    indices = rng.integers(0, 1 << bits, (13, 19), np.uint8)
    palette = rng.integers(0, 256, (1 << bits, 3), np.uint8)
    data = bmp(PackedBmp(_RANDOM, bits, header_bytes=header_bytes, indices=indices, palette=palette))
    picture = read_picture(data)
    np.testing.assert_array_equal(picture.pixels[..., :3], palette[indices])
    assert not picture.has_alpha


@pytest.mark.parametrize("bits", [4, 8])
def test_run_lengths(bits: int) -> None:
    rng = np.random.default_rng(bits)
    indices = np.repeat(rng.integers(0, 1 << bits, (13, 10), np.uint8), 2, 1)[:, 1:]
    indices[3:7, 2:15] = 1
    indices[8] = rng.integers(0, 1 << bits, 19)
    palette = rng.integers(0, 256, (1 << bits, 3), np.uint8)
    data = bmp(PackedBmp(_RANDOM, bits, is_rle=True, indices=indices, palette=palette))
    np.testing.assert_array_equal(read_picture(data).pixels[..., :3], palette[indices])
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")), palette[indices])


def test_what_runs_jump_over_has_the_first_colour() -> None:
    palette = np.array([[9, 9, 9], [200, 0, 0], [0, 200, 0]], np.uint8)
    whole = bmp(PackedBmp(_RANDOM[:2, :4], 8, is_rle=True, indices=np.zeros((2, 4), np.uint8), palette=palette))
    at = struct.unpack_from("<I", whole, 10)[0]
    runs = bytes([1, 1, 0, 2, 2, 0, 1, 2, 0, 0, 0, 2, 1, 0, 3, 2, 0, 1])
    pixels = read_picture(whole[:at] + runs).pixels[..., 0]
    assert pixels.tolist() == [[9, 0, 0, 0], [200, 9, 9, 0]]


@pytest.mark.parametrize(("bits", "header_bytes"), list(itertools.product([16, 24, 32], [40, 108, 124])))
def test_true_colour_without_masks(bits: int, header_bytes: int) -> None:
    data = bmp(PackedBmp(_RANDOM, bits, header_bytes=header_bytes))
    masks = (0x7C00, 0x3E0, 0x1F) if bits == 16 else (0xFF0000, 0xFF00, 0xFF)
    np.testing.assert_array_equal(read_picture(data).pixels, seen(_RANDOM, masks))


def test_os2_true_colour() -> None:
    for header_bytes in (12, 16, 64):
        data = bmp(PackedBmp(_RANDOM, 24, header_bytes=header_bytes))
        np.testing.assert_array_equal(read_picture(data).pixels[..., :3], _RANDOM[..., :3])


def test_alpha_that_is_all_zero_means_opaque() -> None:
    rgba = _RANDOM.copy()
    rgba[..., 3] = 0
    data = bmp(PackedBmp(rgba, 32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000), 124))
    assert not read_picture(data).has_alpha


def test_a_colour_profile_is_applied() -> None:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for index in range(int.from_bytes(profile[128:132], "big")):
        entry = 132 + 12 * index
        if profile[entry : entry + 4] in (b"rTRC", b"gTRC", b"bTRC"):
            start = int.from_bytes(profile[entry + 4 : entry + 8], "big")
            profile[start : start + 12] = b"curv" + bytes(8)
            profile[entry + 8 : entry + 12] = (12).to_bytes(4, "big")
    grey = np.full((4, 4, 4), 55, np.uint8)
    data = bmp(PackedBmp(grey, 24, header_bytes=124, profile=bytes(profile)))
    assert np.abs(read_picture(data).pixels[..., :3].astype(int) - 127).max() <= 1


def refusal(data: bytes) -> LaminaError:
    with pytest.raises(LaminaError) as caught:
        read_picture(data)
    return caught.value


@pytest.mark.parametrize(
    ("bits", "compression", "header_bytes", "words"),
    [
        (24, 4, 40, "an embedded JPEG"),
        (24, 5, 40, "an embedded PNG"),
        (32, 11, 40, "CMYK colours"),
        (24, 77, 40, "the unknown compression 77"),
        (1, 3, 64, "Huffman 1D compression"),
        (24, 4, 64, "RLE24 compression"),
        (64, 0, 40, "64 bits per pixel"),
    ],
)
def test_what_is_not_read_is_refused_by_name(bits: int, compression: int, header_bytes: int, words: str) -> None:
    data = bytearray(bmp(PackedBmp(_RANDOM, 24, header_bytes=header_bytes, compression=compression)))
    struct.pack_into("<H", data, 28, bits)
    error = refusal(bytes(data))
    assert error.code is ErrorCode.INPUT_NOT_AN_IMAGE
    assert error.message == f"The picture is a BMP with {words}, which Lamina does not support."


@pytest.mark.parametrize(
    ("at", "value", "words"),
    [
        (14, 41, "its header has the invalid size 41"),
        (18, 0, "its header gives the size 0 x 13"),
        (54, 0xF00F, "the colour mask 0xf00f is not a contiguous range of bits within a pixel"),
        (54, 0xF0000, "the colour mask 0xf0000 is not a contiguous range of bits within a pixel"),
        (54, 0xFFE0, "its colour masks overlap"),
    ],
)
def test_a_header_that_contradicts_itself(at: int, value: int, words: str) -> None:
    data = bytearray(bmp(PackedBmp(_RANDOM, 16, (0xF800, 0x07E0, 0x001F))))
    struct.pack_into("<I", data, at, value)
    error = refusal(bytes(data))
    assert (error.code, words in error.message) == (ErrorCode.INPUT_CORRUPT, True), error.message


def test_a_colour_beyond_the_palette_is_damage() -> None:
    data = bmp(PackedBmp(_RANDOM[:4, :4], 8, indices=np.full((4, 4), 9, np.uint8), palette=np.zeros((4, 3), np.uint8)))
    assert "a pixel has the index 9 in a palette of 4 colours" in refusal(data[:]).message
