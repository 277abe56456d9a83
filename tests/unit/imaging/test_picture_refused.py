"""What is not a whole picture is refused with one error: what happened, why, what to do; nothing else."""

import io
import os
import socket
import struct
import subprocess
import sys
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from lamina.core.errors import ErrorCode, LaminaError
from lamina.imaging.picture import picture_from_array, read_picture

WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "png": ("PNG", {}),
    "jpeg": ("JPEG", {}),
    "progressive jpeg": ("JPEG", {"progressive": True}),
    "cmyk jpeg": ("JPEG", {}),
    "webp": ("WEBP", {}),
    "lossless webp": ("WEBP", {"lossless": True}),
    "gif": ("GIF", {}),
    "bmp": ("BMP", {}),
    "tiff": ("TIFF", {}),
    "lzw tiff": ("TIFF", {"compression": "tiff_lzw"}),
    "avif": ("AVIF", {}),
}


@cache
def whole_file(way: str) -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(3).integers(0, 256, (48, 64, 3), np.uint8)
    if way == "16 bit tiff":
        tifffile.imwrite(file, noise.astype(np.uint16) * 257, photometric="rgb")
    elif way == "deflate float tiff":
        tifffile.imwrite(file, noise / np.float32(255), photometric="rgb", compression="zlib", rowsperstrip=8)
    elif way == "16 bit png":
        Image.fromarray(noise[..., 0].astype(np.uint16) * 257).save(file, "PNG")
    else:
        format_name, options = WAYS[way]
        Image.fromarray(noise).convert("CMYK" if way == "cmyk jpeg" else "RGB").save(file, format_name, **options)
    return file.getvalue()


ALL_WAYS = [*WAYS, "16 bit tiff", "deflate float tiff", "16 bit png"]


def refused(data: bytes) -> LaminaError:
    with pytest.raises(LaminaError) as caught:
        read_picture(data)
    assert "\n" not in str(caught.value)
    assert caught.value.message.endswith(".")
    assert caught.value.hint.endswith(".")
    return caught.value


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97])
@pytest.mark.parametrize("way", ALL_WAYS)
def test_cut_short(way: str, share: float) -> None:
    data = whole_file(way)
    read_picture(data)
    assert refused(data[: max(12, int(len(data) * share))]).code is ErrorCode.INPUT_CORRUPT


@pytest.mark.parametrize("way", ["png", "jpeg", "progressive jpeg", "16 bit png"])
def test_cut_short_and_padded_with_zeros(way: str) -> None:
    data = whole_file(way)
    assert refused(data[: len(data) // 2] + bytes(len(data) // 2)).code is ErrorCode.INPUT_CORRUPT


@pytest.mark.parametrize("way", ["png", "16 bit png"])
def test_a_flipped_bit_in_a_png(way: str) -> None:
    data = bytearray(whole_file(way))
    data[len(data) // 2] ^= 16
    assert refused(bytes(data)).code is ErrorCode.INPUT_CORRUPT


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(st.sampled_from(ALL_WAYS), st.integers(0, 400), st.binary(min_size=1, max_size=12), st.booleans())
def test_damaged_anywhere_it_reads_or_is_refused(way: str, at: int, junk: bytes, is_at_end: bool) -> None:
    data = whole_file(way)
    start = len(data) - at if is_at_end else at
    start = min(max(start, 0), len(data))
    try:
        read_picture(data[:start] + junk + data[start + len(junk) :], max_megapixels=1)
    except LaminaError as error:
        assert "\n" not in str(error)


@settings(deadline=None, max_examples=150, derandomize=True)
@given(st.sampled_from([way_head[:16] for way_head in map(whole_file, ALL_WAYS)] + [b""]), st.binary(max_size=300))
def test_random_bytes_are_refused(head: bytes, tail: bytes) -> None:
    try:
        read_picture(head + tail, max_megapixels=1)
    except LaminaError as error:
        assert "\n" not in str(error)


def test_damaged_files_leave_nothing_on_the_terminal(tmp_path: Path) -> None:
    """In a process of its own, since the decoders in C write past Python's streams."""
    for way in ALL_WAYS:
        data = bytearray(whole_file(way))
        (tmp_path / f"{way} cut").write_bytes(data[: len(data) * 2 // 3])
        data[len(data) // 3 : len(data) // 3 + 40] = bytes(40)
        (tmp_path / f"{way} holed").write_bytes(data)
        data = bytearray(whole_file(way))
        data[20:60] = bytes(range(40))
        (tmp_path / f"{way} beheaded").write_bytes(data)
    program = (
        "import sys, pathlib\n"
        "from lamina.core.errors import LaminaError\n"
        "from lamina.imaging.picture import read_picture\n"
        "for path in pathlib.Path(sys.argv[1]).iterdir():\n"
        "    try: read_picture(path)\n"
        "    except LaminaError: pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


JPEGS: dict[str, tuple[dict[int, int], str]] = {
    "12 bits": ({4: 12}, "a JPEG with 12 bits per channel"),
    "hierarchical": ({1: 0xC5}, "a hierarchical JPEG"),
    "lossless and arithmetic": ({1: 0xCB}, "a lossless JPEG with arithmetic coding"),
    "jpeg-ls": ({1: 0xF7}, "a JPEG-LS image"),
    "two channels": ({9: 2}, "a JPEG with 2 channels"),
}


@pytest.mark.parametrize("kind", JPEGS)
def test_a_valid_kind_of_jpeg_is_refused_by_name(kind: str) -> None:
    changes, words = JPEGS[kind]
    data = bytearray(whole_file("jpeg"))
    frame = data.index(b"\xff\xc0")
    for at, byte in changes.items():
        data[frame + at] = byte
    error = refused(bytes(data))
    assert error.code is ErrorCode.INPUT_NOT_AN_IMAGE
    assert error.message == f"The picture is {words}, which Lamina does not support."


# 10 x 6 pixels of RGB: their bytes and one for each row; interlaced, the seven passes have 12 rows together
@pytest.mark.parametrize(("is_interlaced", "size"), [(False, 6 + 180), (True, 12 + 180)])
def test_a_png_whose_rows_end_early_is_not_black_below(is_interlaced: bool, size: int) -> None:
    """Its checksums are right, and its compressed data has an end."""
    for count in (size // 2, size - 1, size):
        header = b"IHDR" + struct.pack(">IIBBBBB", 10, 6, 8, 2, 0, 0, is_interlaced)
        bodies = (header, b"IDAT" + zlib.compress(bytes(count)), b"IEND")
        chunks = (struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body)) for body in bodies)
        data = b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
        if count == size:
            assert not read_picture(data).pixels[..., :3].any()
        else:
            assert refused(data).code is ErrorCode.INPUT_CORRUPT


def test_a_black_png_is_whole() -> None:
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        file = io.BytesIO()
        Image.new(mode, (300, 200)).save(file, "PNG")
        assert not read_picture(file.getvalue()).pixels[..., :3].any()


def test_empty() -> None:
    error = refused(b"")
    assert error.code is ErrorCode.INPUT_EMPTY
    assert str(error) == "The picture is empty (0 bytes). Export or download it again."


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"Dear all,\nplease find attached", "is not an image of a known format"),
        (b"%PDF-1.7\n", "is a PDF"),
        (b"8BPS\0\1", "is a Photoshop document"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "is a HEIC image"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "is an SVG drawing"),
        (b"RIFF\0\0\0\0WAVEfmt ", "is not an image of a known format"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\x04CgBI\0\0\0\0", "is a PNG in Apple's CgBI variant"),
        (b"\xff\x4f\xff\x51\0", "is a JPEG 2000 image"),
        (b"\0\0\1\0\1\0", "is a Windows icon"),
        (b"P6\n4 4\n255\n", "is a Netpbm image"),
        (b"\0\0\0\x18ftypcrx \0\0\0\0crx isom", "is a camera raw file"),
        (b"\n<!DOCTYPE HTML><html><body>Not found", "is a web page"),
    ],
)
def test_not_a_picture(data: bytes, words: str) -> None:
    error = refused(data)
    assert error.code is ErrorCode.INPUT_NOT_AN_IMAGE
    assert words in error.message
    assert "PNG, JPEG, WebP" in error.hint


def test_an_ending_does_not_make_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "notes.png"
    path.write_text("milk, eggs")
    with pytest.raises(LaminaError, match=r"notes\.png' is not an image"):
        read_picture(path)


def png_claiming(width: int, height: int) -> bytes:
    """A PNG that says how large it is and then ends."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    idat = b"IDAT" + zlib.compress(bytes(100))
    chunks = (struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body)) for body in (header, idat))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("side", [8063, 65_000, 2_000_000])
def test_too_large_is_seen_before_decoding(side: int) -> None:
    error = refused(png_claiming(side, side))
    assert error.code is ErrorCode.INPUT_TOO_LARGE
    assert f"{side} x {side} pixels" in error.message
    assert "the limit is 64" in error.message


def claims_of(way: str) -> bytes:
    """A small file of the format whose header was changed to say 30000 x 30000."""
    data = bytearray(whole_file(way))
    if way == "jpeg":
        frame = data.index(b"\xff\xc0")
        data[frame + 5 : frame + 9] = struct.pack(">HH", 30_000, 30_000)
    elif way == "gif":
        data[6:10] = struct.pack("<HH", 30_000, 30_000)
    elif way == "bmp":
        data[18:26] = struct.pack("<ii", 30_000, 30_000)
    else:
        file = io.BytesIO()
        tifffile.imwrite(file, shape=(30_000, 30_000), dtype=np.uint16, compression="zlib", rowsperstrip=30_000)
        return file.getvalue()
    return bytes(data)


@pytest.mark.parametrize("way", ["jpeg", "gif", "bmp"])
def test_too_large_in_other_formats(way: str) -> None:
    error = refused(claims_of(way))
    assert (error.code, "30000 x 30000 pixels (900 megapixels)" in error.message) == (ErrorCode.INPUT_TOO_LARGE, True)


def test_the_limit_is_the_callers() -> None:
    file = io.BytesIO()
    Image.new("L", (1000, 1001)).save(file, "PNG")
    assert read_picture(file.getvalue(), max_megapixels=1.001).height == 1001
    with pytest.raises(LaminaError, match="the limit is 1"):
        read_picture(file.getvalue(), max_megapixels=1)
    with pytest.raises(LaminaError, match="the limit is 1"):
        picture_from_array(np.zeros((1001, 1000), np.uint8), max_megapixels=1)


def test_missing_and_folder_and_unreadable(tmp_path: Path) -> None:
    cases = {
        tmp_path / "none.png": (ErrorCode.INPUT_NOT_FOUND, "There is no file"),
        tmp_path: (ErrorCode.INPUT_UNREADABLE, "is a folder"),
        tmp_path / ("n" * 300): (ErrorCode.INPUT_UNREADABLE, "cannot be read: File name too long"),
        Path("a\0b"): (ErrorCode.INPUT_UNREADABLE, "cannot be read"),
    }
    for path, (code, words) in cases.items():
        with pytest.raises(LaminaError, match=words) as caught:
            read_picture(path)
        assert caught.value.code is code


def test_a_file_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("door")
        with pytest.raises(LaminaError, match="'door' cannot be read: No such device"):
            read_picture("door")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no /dev/zero here")
def test_an_endless_device_ends() -> None:
    with pytest.raises(LaminaError, match="'/dev/zero' is not an image"):
        read_picture("/dev/zero")


def test_a_pipe_is_read_to_its_end() -> None:
    end_read, end_write = os.pipe()
    with os.fdopen(end_write, "wb") as pipe:
        pipe.write(whole_file("png"))
    try:
        assert read_picture(f"/dev/fd/{end_read}").width == 64
    finally:
        os.close(end_read)
