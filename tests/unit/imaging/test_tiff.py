"""TIFFs of every variant read exactly, or are refused by what they have; no sample is ever another picture's."""

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from lamina.core.errors import ErrorCode, LaminaError
from lamina.imaging.picture import read_picture
from packed_tiff import PackedTiff, packed
from tiff_files import TiffFile, all_files, rgba
from used_memory import fill_freed_memory

GIVEN = Path(__file__).parent / "given"
_EVERY = 11  # of the whole table, which `scripts/bench tiff_table` reads
_GREY = np.random.default_rng(2).integers(0, 256, (20, 30, 1), np.uint8)
_RGB = np.random.default_rng(3).integers(0, 256, (20, 30, 3), np.uint8)


def refusal(data: bytes) -> LaminaError:
    with pytest.raises(LaminaError) as caught:
        read_picture(data)
    assert caught.value.message.startswith("The picture ")
    return caught.value


def assert_read(file: TiffFile) -> None:
    """Twice, each time after other pictures were in the memory."""
    for level in (0x5A, 0xC3):
        fill_freed_memory(level, 2 * file.truth.size if file.truth is not None else 1)
        if file.truth is None:
            assert refusal(file.data).code is ErrorCode.INPUT_NOT_AN_IMAGE, file.name
            continue
        pixels = read_picture(file.data).pixels
        assert pixels.shape == file.truth.shape, file.name
        assert int(np.abs(pixels.astype(int) - file.truth).max()) <= file.tolerance, file.name


def test_a_part_of_the_table() -> None:
    files = [file for number, file in enumerate(all_files()) if number % _EVERY == 0]
    assert len(files) > 190
    for file in files:
        assert_read(file)


def test_a_planar_lzw_tiff_holds_nothing_of_the_picture_before() -> None:
    other = (GIVEN / "somebody_elses_picture.tif").read_bytes()
    black = (GIVEN / "black_planar_lzw_16bit.tif").read_bytes()
    for _ in range(5):
        assert read_picture(other).pixels[..., :3].max() > 0
        assert read_picture(black).pixels[..., :3].max() == 0


def test_planes_of_grey_and_alpha() -> None:
    read = read_picture(GIVEN / "planar_la_deflate_8bit.tif").pixels
    np.testing.assert_array_equal(read, read_picture(GIVEN / "planar_la_truth.png").pixels)


def test_premultiplied_planes_become_straight() -> None:
    stored = np.array([[[110, 20, 20, 128], [30, 90, 200, 255], [0, 0, 0, 0], [220, 40, 40, 128]]], np.uint8)
    data = packed(PackedTiff(stored, 8, 2, is_planar=True, extra_samples=(1,)))
    straight = [[219, 40, 40, 128], [30, 90, 200, 255], [0, 0, 0, 0], [255, 80, 80, 128]]  # more than alpha is clipped
    assert read_picture(data).pixels[0].tolist() == straight


@pytest.mark.parametrize("photometric", [0, 1])
def test_fewer_rows_than_a_strip_may_have_in_every_strip(photometric: int) -> None:
    data = packed(PackedTiff(_GREY, 8, photometric, rows_a_strip=7))
    levels = _GREY if photometric else 255 - _GREY
    np.testing.assert_array_equal(read_picture(data).pixels, rgba(levels))


def test_a_last_strip_that_was_filled_up() -> None:
    filled = np.concatenate([_GREY, np.ones((10, 30, 1), np.uint8)])
    for compression in (1, 5, 8, 32773):
        data = packed(PackedTiff(filled, 8, 1, compression=compression, rows_a_strip=15, more={257: (20,)}))
        np.testing.assert_array_equal(read_picture(data).pixels, rgba(_GREY))


def test_rows_a_strip_without_bound() -> None:
    data = packed(PackedTiff(_GREY, 8, 1, rows_a_strip=20, more={278: (2**32 - 1,)}))
    np.testing.assert_array_equal(read_picture(data).pixels, rgba(_GREY))


def test_webp_in_a_tiff() -> None:
    file = io.BytesIO()
    tifffile.imwrite(
        file, _RGB, photometric="rgb", compression="webp", compressionargs={"lossless": True}, rowsperstrip=8
    )
    np.testing.assert_array_equal(read_picture(file.getvalue()).pixels, rgba(_RGB))


@pytest.mark.parametrize("tile", [None, (16, 16)])
@pytest.mark.parametrize("photometric", ["rgb", "minisblack"])
def test_jpeg_in_a_tiff(photometric: str, tile: tuple[int, int] | None) -> None:
    samples = np.full((32, 48, 3), (200, 100, 50), np.uint8)
    if photometric == "minisblack":
        samples = samples[..., 0]
    options: dict[str, Any] = {"tile": tile} if tile else {"rowsperstrip": 16}
    file = io.BytesIO()
    tifffile.imwrite(
        file, samples, photometric=photometric, compression="jpeg", compressionargs={"level": 95}, **options
    )
    expected = samples[0, 0] if samples.ndim == 3 else np.repeat(samples[0, 0], 3)
    assert np.abs(read_picture(file.getvalue()).pixels[..., :3].astype(int) - expected).max() <= 3


REFUSED: dict[str, tuple[dict[int, tuple[int, ...]], str]] = {
    "unknown compression": ({259: (12345,)}, "with the unknown compression 12345"),
    "jpeg 2000": ({259: (34712,)}, "with JPEG 2000 compression"),
    "old jpeg": ({259: (6,)}, "with old-style JPEG compression"),
    "lerc": ({259: (34887,)}, "with LERC compression"),
    "jpeg xl": ({259: (50002,)}, "with JPEG XL compression"),
    "itu lab": ({262: (10,)}, "with ITULAB data"),
    "icc lab": ({262: (9,)}, "with ICCLAB data"),
    "logluv": ({262: (32845,)}, "with CIE LogLuv data"),
    "cfa": ({262: (32803,)}, "with camera raw colour filter array data"),
    "mask": ({262: (4,)}, "with transparency mask data"),
    "unknown colours": ({262: (77,)}, "with the unknown photometric interpretation 77"),
    "16-bit lab": ({262: (8,), 258: (16, 16, 16)}, "with CIELAB data of 16 bits per channel"),
    "5-6-5": ({258: (5, 6, 5)}, "with channels of 5, 6 and 5 bits"),
    "24 bits": ({258: (24, 24, 24)}, "with 24-bit samples"),
    "complex": ({339: (6, 6, 6), 258: (64, 64, 64)}, "with complex samples"),
    "mixed": ({339: (1, 2, 2)}, "with different sample formats per channel"),
    "floats of 24 bits": ({339: (3, 3, 3), 258: (24, 24, 24)}, "with 24-bit floating-point samples"),
    "volume": ({32997: (4,)}, "with 4 slices per page"),
    "spectra": ({277: (65,), 258: (8,)}, "with 65 channels"),
    "ycbcr": ({262: (6,)}, "with YCbCr data without JPEG compression"),
    "predictor": ({317: (9,)}, "with the unknown predictor 9"),
    "predictor for floats": ({317: (3,)}, "with a floating-point predictor for integers"),
    "predicted bits": ({317: (2,), 258: (4, 4, 4)}, "with a predictor for 4-bit samples"),
    "12-bit jpeg": ({259: (7,), 258: (12, 12, 12)}, "with 12-bit samples and JPEG compression"),
    "fax in colour": ({259: (4,)}, "with 3 channels and CCITT Group 4 compression"),
    "fax of a palette": (
        {259: (4,), 262: (3,), 277: (1,), 258: (1,)},
        "with palette data and CCITT Group 4 compression",
    ),
    "webp in planes": ({259: (50001,), 284: (2,)}, "with separate planes and WebP compression"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_not_read_is_refused_by_name(kind: str) -> None:
    more, words = REFUSED[kind]
    error = refusal(packed(PackedTiff(_RGB, 8, 2, more=more)))
    assert error.code is ErrorCode.INPUT_NOT_AN_IMAGE
    assert error.message == f"The picture is a TIFF {words}, which Lamina does not support."
    assert "LZW" in error.hint


def test_inks_that_are_not_cmyk() -> None:
    inks = np.zeros((4, 4, 4), np.uint8)
    error = refusal(packed(PackedTiff(inks, 8, 5, more={332: (2,)})))
    assert "with inks other than cyan, magenta, yellow and black" in error.message


def test_signed_cielab_is_read_like_unsigned() -> None:
    stored = np.full((4, 4, 3), (127, 0, 0), np.uint8)  # L* 50, a* 0, b* 0
    readings = [read_picture(packed(PackedTiff(stored, 8, 8, more=more))).pixels for more in ({}, {339: (1, 2, 2)})]
    assert np.abs(readings[0][..., :3].astype(int) - 119).max() <= 2
    np.testing.assert_array_equal(*readings)


def test_old_lzw_is_refused_by_name() -> None:
    data = bytearray(packed(PackedTiff(_GREY, 8, 1, compression=5)))
    data[8:10] = b"\0\1"
    assert "with old-style LZW compression (before 1988)" in refusal(bytes(data)).message


@pytest.mark.parametrize("rows_a_strip", [7, 20])
@pytest.mark.parametrize("is_planar", [False, True])
def test_lengths_of_strips_may_be_left_out_where_nothing_is_compressed(rows_a_strip: int, is_planar: bool) -> None:
    data = packed(PackedTiff(_RGB, 8, 2, rows_a_strip=rows_a_strip, is_planar=is_planar, left_out=(279,)))
    np.testing.assert_array_equal(read_picture(data).pixels, rgba(_RGB))
    compressed = packed(PackedTiff(_RGB, 8, 2, compression=8, is_planar=is_planar, left_out=(279,)))
    assert "the byte count of strip or tile" in refusal(compressed).message


def test_what_would_take_too_much_memory_is_seen_before_decoding() -> None:
    many = packed(PackedTiff(_RGB, 8, 2, more={256: (8000,), 257: (8000,), 277: (64,), 258: (8,)}))
    tiles = packed(PackedTiff(_RGB, 8, 2, tile=16, more={322: (60_000,), 323: (60_000,)}))
    for data in (many, tiles):
        assert refusal(data).code is ErrorCode.INPUT_TOO_LARGE


DAMAGED: dict[str, dict[int, tuple[int, ...]]] = {
    "an empty strip": {279: (0, 900, 0)},
    "a strip nowhere": {273: (8, 0, 1448)},
    "a strip past the end": {273: (8, 728, 4_000_000)},
    "a strip too short": {279: (720, 719, 360)},
    "a strip too long for the file": {279: (720, 720, 4_000_000)},
    "too few strips": {273: (8,), 279: (720,)},
    "no lengths": {279: (720,)},
    "no pixels": {256: (0,)},
    "too few channels": {277: (2,), 258: (8, 8)},
    "a palette too short": {262: (3,), 277: (1,), 258: (8,), 320: (1, 2, 3)},
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_what_is_damaged_is_never_half_a_picture(kind: str) -> None:
    data = packed(PackedTiff(_RGB[:, :30], 8, 2, more=DAMAGED[kind]))
    assert refusal(data).code is ErrorCode.INPUT_CORRUPT


@pytest.mark.parametrize("compression", [5, 8, 32773, 34925, 50000, 7, 50001])
def test_a_compressed_strip_that_ends_too_early(compression: int) -> None:
    file = io.BytesIO()
    tifffile.imwrite(file, _RGB, photometric="rgb", compression=compression, rowsperstrip=20)
    data = bytearray(file.getvalue())
    read_picture(bytes(data))
    with tifffile.TiffFile(io.BytesIO(data)) as read:
        entry = read.pages.first.tags[279]
        assert entry.count == 1
        whole, at = entry.value[0], entry.valueoffset
    for kept in (whole // 2, whole - 6 if compression != 34925 else whole // 3):
        struct.pack_into("<I" if entry.dtype == 4 else "<H", data, at, kept)
        assert refusal(bytes(data)).code is ErrorCode.INPUT_CORRUPT


@pytest.mark.parametrize("size", [(40, 60), (41, 61)])
@pytest.mark.parametrize("compression", ["tiff_ccitt", "group3", "group4"])
def test_a_fax_that_ends_before_its_rows_is_not_white_below(compression: str, size: tuple[int, int]) -> None:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(4).random(size) > 0.7).save(file, "TIFF", compression=compression)
    whole = bytearray(file.getvalue())
    read_picture(bytes(whole))
    with tifffile.TiffFile(io.BytesIO(whole)) as read:
        entry = read.pages.first.tags[279]
    length = entry.value[0]
    kept = range(length // 8, length - 8, length // 8)
    for count in kept:
        struct.pack_into("<I" if entry.dtype == 4 else "<H", whole, entry.valueoffset, count)
        assert "ends before its last row" in refusal(bytes(whole)).message


def test_a_jpeg_of_another_size_than_the_page() -> None:
    small = io.BytesIO()
    tifffile.imwrite(small, _RGB, photometric="rgb", compression="jpeg", rowsperstrip=20)
    data = bytearray(small.getvalue())
    with tifffile.TiffFile(io.BytesIO(data)) as read:
        entry = read.pages.first.tags[257]
    struct.pack_into("<H", data, entry.valueoffset, 40)
    with tifffile.TiffFile(io.BytesIO(data)) as read:
        entry = read.pages.first.tags[278]
    struct.pack_into("<H", data, entry.valueoffset, 40)
    assert refusal(bytes(data)).code is ErrorCode.INPUT_CORRUPT
