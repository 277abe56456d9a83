"""Pictures that Pillow alone reads otherwise than browsers show them, or refuses without telling why."""

import io
import struct
import zlib

import pytest
from PIL import Image

from lamina.core.errors import ErrorCode, LaminaError
from lamina.imaging.picture import read_picture

XMP_TURNED = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(bits: int, colour_type: int, row: bytes, width: int, *more: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, 1, bits, colour_type, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" + row))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(more) + body + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("bits", "row", "width"), [(1, b"\x40", 2), (2, b"\x1b", 4), (4, b"\x01\x23\x45\x67\x89\xab\xcd\xef", 16)]
)
def test_the_transparent_grey_of_a_shallow_png(bits: int, row: bytes, width: int) -> None:
    for grey in range(1 << bits):
        pixels = read_picture(png(bits, 0, row, width, chunk(b"tRNS", struct.pack(">H", grey)))).pixels
        assert [alpha == 0 for alpha in pixels[0, :, 3]] == [level == grey for level in range(width)]
        assert list(pixels[0, :, 0]) == [round(255 * level / (width - 1)) for level in range(width)]


def test_a_png_without_its_palette_is_damaged() -> None:
    with pytest.raises(LaminaError, match="its palette is missing") as refused:
        read_picture(png(8, 3, b"\0\1", 2))
    assert refused.value.code is ErrorCode.INPUT_CORRUPT


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_only_exif_turns_a_picture(kind: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (40, 20), "red").save(file, kind, **({} if kind == "PNG" else {"xmp": XMP_TURNED}))
    data = file.getvalue()
    if kind == "PNG":
        text = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP_TURNED)
        data = data[:33] + text + data[33:]
    assert Image.open(io.BytesIO(data)).getexif().get(0x0112) == 6  # Pillow finds it
    assert read_picture(data).pixels.shape == (20, 40, 4)


def test_what_the_first_frame_of_a_gif_leaves_out_is_transparent() -> None:
    file = io.BytesIO()
    frame = Image.new("P", (8, 8), 1)
    frame.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    frame.save(file, "GIF")
    data = bytearray(file.getvalue())
    data[6:10] = struct.pack("<HH", 20, 12)  # the screen
    at = data.index(b"\x2c\0\0\0\0\x08\0\x08\0")
    data[at + 1 : at + 5] = struct.pack("<HH", 5, 3)  # the frame's place
    pixels = read_picture(bytes(data)).pixels
    assert (pixels[3:11, 5:13] == (0, 255, 0, 255)).all()
    assert pixels[..., 3].sum() == 8 * 8 * 255


def test_an_avif_that_is_too_large_is_told_with_its_size() -> None:
    file = io.BytesIO()
    Image.new("RGB", (40, 20), "red").save(file, "AVIF")
    data = bytearray(file.getvalue())
    at = data.index(b"ispe")
    data[at + 8 : at + 16] = struct.pack(">II", 17_000, 17_000)
    with pytest.raises(LaminaError, match="17000 x 17000") as refused:
        read_picture(bytes(data))
    assert refused.value.code is ErrorCode.INPUT_TOO_LARGE


def test_a_jpeg_whose_height_comes_later_is_named() -> None:
    file = io.BytesIO()
    Image.new("RGB", (40, 20), "red").save(file, "JPEG")
    data = bytearray(file.getvalue())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 7] = b"\0\0"
    with pytest.raises(LaminaError, match="DNL") as refused:
        read_picture(bytes(data))
    assert refused.value.code is ErrorCode.INPUT_NOT_AN_IMAGE
