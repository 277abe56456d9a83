"""Photoshop files that are damaged, or say what cannot be: told in our own words, and never filled up with black."""

import struct
from pathlib import Path

import numpy as np
import pytest
from psd_tools.compression import encode_rle

from lamina.core.errors import ErrorCode, LaminaError
from lamina.imaging.formats.psd_rle import are_rows_complete
from lamina.imaging.saving import load

_WIDTH, _HEIGHT = 20, 10
_PLANES = np.arange(3 * _HEIGHT * _WIDTH, dtype=np.uint8).reshape(3, _HEIGHT, _WIDTH)
_RLE = 1
_PRINT_FLAGS = 1011


def _file(
    folder: Path, body: bytes, *, size: tuple[int, int] = (_WIDTH, _HEIGHT), mode: int = 3, depth: int = 8,
    resources: bytes = b"",
) -> Path:  # fmt: skip
    channels = 1 if mode in (0, 2) else 3
    header = struct.pack(">4sH6xHIIHHI", b"8BPS", 1, channels, size[1], size[0], depth, mode, 0)
    path = folder / "a.psd"
    path.write_bytes(header + struct.pack(">I", len(resources)) + resources + bytes(4) + body)
    return path


def _packed(planes: np.ndarray) -> bytes:
    return encode_rle(planes.tobytes(), _WIDTH, 3 * _HEIGHT, 8, 1)


def _message(path: Path) -> str:
    with pytest.raises(LaminaError) as caught:
        load(path)
    assert caught.value.code is ErrorCode.INPUT_CORRUPT
    return caught.value.message


def test_whole_rows_are_read(tmp_path: Path) -> None:
    stack = load(_file(tmp_path, struct.pack(">H", _RLE) + _packed(_PLANES)))
    assert np.array_equal(stack[0].pixels[..., :3], _PLANES.transpose(1, 2, 0))


@pytest.mark.parametrize("count", [0, 1, 65535])
def test_a_wrong_byte_count_of_a_row_is_told(count: int, tmp_path: Path) -> None:
    packed = struct.pack(">H", count) + _packed(_PLANES)[2:]
    assert "have the wrong length" in _message(_file(tmp_path, struct.pack(">H", _RLE) + packed))


@pytest.mark.parametrize(
    ("row", "is_whole"),
    [
        (b"\x03abcd", True),
        (b"\xfda", True),
        (b"\x80\xfda\x80", True),
        (b"\x01ab\xffc", True),
        (b"\x02abc", False),  # short by one
        (b"\xfea", False),
        (b"\x03abc", False),  # a literal run without its last byte
        (b"\x03ab\x00", False),
        (b"\x02abc\xff", False),  # a repeated run without its byte
        (b"\x04abcde", False),  # too long
        (b"\x03abcd\x00\x00", False),
        (b"\x03abcd\x00\x01", False),
        (b"\x04abcd", False),
        (b"", False),
    ],
)
def test_a_row_gives_exactly_its_bytes(row: bytes, is_whole: bool) -> None:
    assert are_rows_complete(struct.pack(">H", len(row)) + row, 1, 4, version=1) is is_whole
    assert are_rows_complete(struct.pack(">I", len(row)) + row, 1, 4, version=2) is is_whole


def test_what_a_header_cannot_say_is_named(tmp_path: Path) -> None:
    assert "rgb with 1 bits per channel" in _message(_file(tmp_path, bytes(100), depth=1))
    assert "its colour table is incomplete" in _message(_file(tmp_path, bytes(300), mode=2))
    assert "at most 30000 per side" in _message(_file(tmp_path, bytes(100), size=(30_001, 10)))
    assert "colour mode is 77" in _message(_file(tmp_path, bytes(100), mode=77))


def test_a_resource_that_is_shorter_than_usual_is_passed_over(tmp_path: Path) -> None:
    flags = struct.pack(">4sHHI", b"8BIM", _PRINT_FLAGS, 0, 7) + bytes(8)
    stack = load(_file(tmp_path, bytes(2) + _PLANES.tobytes(), resources=flags))
    assert np.array_equal(stack[0].pixels[..., :3], _PLANES.transpose(1, 2, 0))


def test_no_words_of_a_library_are_told(tmp_path: Path) -> None:
    message = _message(_file(tmp_path, struct.pack(">H", 2) + b"no deflate stream"))
    assert message.endswith("is corrupt: the pixels of a layer or of its merged image cannot be decompressed.")
