"""Every kind of picture file arrives as upright sRGB RGBA with the right numbers."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from lamina.core.errors import ErrorCode, LaminaError
from lamina.imaging.picture import Picture, picture_from_array, picture_from_image, read_picture

WIDTH, HEIGHT = 7, 5


def encoded(image: Image.Image, format_name: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format_name, **options)
    return file.getvalue()


def tiff_of(samples: np.ndarray, **options: Any) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, samples, **options)
    return file.getvalue()


def noise(channels: int, dtype: type = np.uint8) -> np.ndarray:
    shape = (HEIGHT, WIDTH, channels) if channels > 1 else (HEIGHT, WIDTH)
    return np.random.default_rng(1).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def rgb(samples: np.ndarray) -> np.ndarray:
    """(height, width, 3) of grey or RGB samples."""
    return samples if samples.ndim == 3 else np.repeat(samples[..., None], 3, 2)


def scaled(samples: np.ndarray) -> np.ndarray:
    """16 bits to 8, rounded half up, by another way than the one under test."""
    return np.floor(samples * 255.0 / 65535 + 0.5).astype(np.uint8)


def assert_opaque(picture: Picture, colours: np.ndarray) -> None:
    assert not picture.has_alpha
    np.testing.assert_array_equal(picture.pixels[..., :3], colours)


@pytest.mark.parametrize("format_name", ["PNG", "BMP", "TIFF", "GIF", "WEBP"])
def test_lossless_rgb(format_name: str, tmp_path: Path) -> None:
    colours = noise(3) // 64 * 64  # few enough for a GIF
    path = tmp_path / "picture.bin"  # the content counts, not the ending
    path.write_bytes(encoded(Image.fromarray(colours), format_name, lossless=True))
    picture = read_picture(path)
    assert (picture.format, picture.source, picture.width, picture.height) == (format_name, str(path), WIDTH, HEIGHT)
    assert_opaque(picture, colours)


@pytest.mark.parametrize("format_name", ["JPEG", "AVIF"])
def test_lossy_rgb(format_name: str) -> None:
    colours = np.full((HEIGHT, WIDTH, 3), (200, 100, 50), np.uint8)
    picture = read_picture(encoded(Image.fromarray(colours), format_name, quality=95))
    assert picture.format == format_name
    assert np.abs(picture.pixels[..., :3].astype(int) - colours).max() <= 4


@pytest.mark.parametrize("format_name", ["PNG", "TIFF", "WEBP"])
def test_alpha_is_kept_with_the_colour_under_it(format_name: str) -> None:
    pixels = noise(4)
    pixels[0, 0] = (10, 20, 30, 0)
    picture = read_picture(encoded(Image.fromarray(pixels), format_name, lossless=True, exact=True))
    assert picture.has_alpha
    np.testing.assert_array_equal(picture.pixels, pixels)


def test_grey_and_grey_with_alpha() -> None:
    assert_opaque(read_picture(encoded(Image.fromarray(noise(1)), "PNG")), rgb(noise(1)))
    for format_name in ("PNG", "TIFF"):
        pixels = noise(2)
        picture = read_picture(encoded(Image.fromarray(pixels, "LA"), format_name))
        np.testing.assert_array_equal(picture.pixels, pixels[..., [0, 0, 0, 1]])


@pytest.mark.parametrize("format_name", ["PNG", "BMP", "TIFF"])
def test_one_bit(format_name: str) -> None:
    dots = noise(1) > 127
    assert_opaque(read_picture(encoded(Image.fromarray(dots), format_name)), rgb(dots.astype(np.uint8) * 255))


def test_palette_without_and_with_transparency() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putdata([0, 1])
    assert_opaque(read_picture(encoded(image, "PNG")), np.array([[[255, 0, 0], [0, 0, 255]]]))
    one_colour = read_picture(encoded(image, "GIF", transparency=1))
    assert one_colour.pixels[0, :, 3].tolist() == [255, 0]
    graded = read_picture(encoded(image, "PNG", transparency=bytes([64, 255])))
    assert graded.pixels.tolist() == [[[255, 0, 0, 64], [0, 0, 255, 255]]]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_transparent_colour_of_a_png(dtype: type, channels: int) -> None:
    samples = noise(channels, dtype)
    key = samples[2, 3]
    colour_type = b"\0" if channels == 1 else b"\2"
    data = png_of(samples, colour_type, transparent=key)
    expected = rgb(samples if dtype is np.uint8 else scaled(samples))
    picture = read_picture(data)
    np.testing.assert_array_equal(picture.pixels[..., :3], expected)
    is_key = (samples.reshape(HEIGHT, WIDTH, -1) == key).all(-1)
    np.testing.assert_array_equal(picture.pixels[..., 3], np.where(is_key, 0, 255))


@pytest.mark.parametrize(("channels", "colour_type"), [(1, b"\0"), (3, b"\2"), (2, b"\4"), (4, b"\6")])
def test_16_bit_png_is_rounded_not_cut(channels: int, colour_type: bytes) -> None:
    samples = noise(channels, np.uint16)
    picture = read_picture(png_of(samples, colour_type))
    expected = scaled(samples)
    if channels in (2, 4):
        np.testing.assert_array_equal(picture.pixels[..., 3], expected[..., -1])
        expected = expected[..., :-1]
    np.testing.assert_array_equal(picture.pixels[..., :3], np.broadcast_to(rgb(expected), (HEIGHT, WIDTH, 3)))


TIFF_KINDS: dict[str, tuple[int, dict[str, Any]]] = {
    "grey": (1, {"photometric": "minisblack"}),
    "rgb": (3, {"photometric": "rgb"}),
    "rgb, deflate": (3, {"photometric": "rgb", "compression": "zlib", "predictor": True}),
    "rgba": (4, {"photometric": "rgb", "extrasamples": ["unassalpha"]}),
    "rgb and a channel that is not alpha": (4, {"photometric": "rgb", "extrasamples": ["unspecified"]}),
    "big": (3, {"photometric": "rgb", "bigtiff": True}),
    "big-endian": (3, {"photometric": "rgb", "byteorder": ">"}),
}


@pytest.mark.parametrize("kind", TIFF_KINDS)
def test_16_bit_tiff(kind: str) -> None:
    channels, options = TIFF_KINDS[kind]
    samples = noise(channels, np.uint16)
    picture = read_picture(tiff_of(samples, **options))
    expected = scaled(samples)
    np.testing.assert_array_equal(picture.pixels[..., :3], rgb(expected)[..., :3])
    alpha = expected[..., 3] if kind == "rgba" else 255
    np.testing.assert_array_equal(picture.pixels[..., 3], np.broadcast_to(alpha, (HEIGHT, WIDTH)))


def test_16_bit_tiff_in_planes_and_with_white_as_zero() -> None:
    samples = noise(3, np.uint16)
    planes = np.ascontiguousarray(np.moveaxis(samples, -1, 0))
    assert_opaque(read_picture(tiff_of(planes, photometric="rgb", planarconfig="separate")), scaled(samples))
    inverted = read_picture(tiff_of(noise(1, np.uint16), photometric="miniswhite"))
    assert_opaque(inverted, 255 - rgb(scaled(noise(1, np.uint16))))


def test_16_bit_tiff_whose_colour_is_multiplied_by_alpha() -> None:
    samples = np.array([[[30000, 15000, 0, 30000], [0, 0, 0, 0]]], np.uint16)
    picture = read_picture(tiff_of(samples, photometric="rgb", extrasamples=["assocalpha"]))
    assert picture.pixels.tolist() == [[[255, 128, 0, 117], [0, 0, 0, 0]]]


@pytest.mark.parametrize("order", [None, 3, 6, 8])
def test_16_bit_tiff_with_lzw(order: int | None) -> None:
    import cv2

    samples = noise(3, np.uint16)
    lzw = 5
    _, data = cv2.imencode(".tif", samples[..., ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, lzw])
    tags = data.tobytes()
    picture = read_picture(tags if order is None else with_orientation(tags, order))
    turns = {None: 0, 3: 2, 6: -1, 8: 1}[order]
    assert_opaque(picture, np.rot90(scaled(samples), turns))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("channels", [1, 3])
def test_float_tiff_from_0_to_1(dtype: type, channels: int) -> None:
    levels = noise(channels)
    samples = (levels / 255).astype(dtype)
    samples[0, 0] = 1.4  # a highlight that shines over
    levels[0, 0] = 255
    photometric = "rgb" if channels == 3 else "minisblack"
    assert_opaque(read_picture(tiff_of(samples, photometric=photometric)), rgb(levels))


def test_float_tiff_from_0_to_255_and_one_that_nobody_can_know() -> None:
    levels = noise(1)
    assert_opaque(read_picture(tiff_of(levels.astype(np.float32))), rgb(levels))
    with pytest.raises(LaminaError, match="floats up to 4000") as caught:
        read_picture(tiff_of(np.full((2, 2), 4000, np.float32)))
    assert caught.value.code is ErrorCode.INPUT_NOT_AN_IMAGE
    with pytest.raises(LaminaError, match="int16 samples"):
        read_picture(tiff_of(np.full((2, 2), 4, np.int16)))


def test_32_bit_integer_tiff() -> None:
    levels = noise(1)
    assert_opaque(read_picture(tiff_of(levels.astype(np.uint32) * 0x01010101)), rgb(levels))


@pytest.mark.parametrize("format_name", ["JPEG", "TIFF"])
def test_cmyk(format_name: str) -> None:
    inks = np.full((16, 16, 4), (0, 255, 255, 0), np.uint8)  # magenta and yellow: red
    colour = read_picture(encoded(Image.fromarray(inks, "CMYK"), format_name)).pixels[8, 8]
    assert colour[0] > 240 and colour[1] < 15 and colour[2] < 15


def test_ycck_jpeg() -> None:
    """Adobe's YCCK: ink is stored as the YCbCr of what it lets through; a plain CMYK JPEG, relabelled, makes one."""
    as_stored = (76, 84, 254, 0)  # Pillow stores 255 minus this: Y 179, Cb 171, Cr 1, K 255, which is magenta + yellow
    data = bytearray(encoded(Image.new("CMYK", (16, 16), as_stored), "JPEG", quality=95))
    data[data.index(b"Adobe") + 11] = 2  # the colour transform: YCCK
    colour = read_picture(bytes(data)).pixels[8, 8]
    assert colour[0] > 240 and colour[1] < 15 and colour[2] < 15


def test_lab_tiff() -> None:
    grey = ImageCms.applyTransform(
        Image.new("RGB", (4, 4), (119, 119, 119)),
        ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"),
    )
    assert grey is not None
    assert np.abs(read_picture(encoded(grey, "TIFF")).pixels[0, 0, :3].astype(int) - 119).max() <= 2


def upright_and_stored(orientation: int) -> tuple[np.ndarray, np.ndarray]:
    """An upright picture, and how a camera held that way stores it (EXIF 3.0, figure for Orientation)."""
    upright = rgb(np.arange(WIDTH * HEIGHT, dtype=np.uint8).reshape(HEIGHT, WIDTH) * 7)
    store: dict[int, Callable[[np.ndarray], np.ndarray]] = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
        8: lambda a: np.rot90(a, -1),
    }
    return upright, np.ascontiguousarray(store[orientation](upright))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_name", ["PNG", "TIFF", "WEBP"])
def test_exif_rotation(format_name: str, orientation: int) -> None:
    upright, stored = upright_and_stored(orientation)
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert_opaque(read_picture(encoded(Image.fromarray(stored), format_name, exif=exif, lossless=True)), upright)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("format_name", ["JPEG", "AVIF"])
def test_exif_rotation_of_lossy_formats(format_name: str, orientation: int) -> None:
    upright, stored = upright_and_stored(orientation)
    exif = Image.Exif()
    exif[0x0112] = orientation
    large = Image.fromarray(stored).resize((stored.shape[1] * 16, stored.shape[0] * 16), Image.Resampling.NEAREST)
    pixels = read_picture(encoded(large, format_name, exif=exif, quality=95)).pixels[8::16, 8::16, :3]
    assert pixels.shape == upright.shape
    assert np.abs(pixels.astype(int) - upright).max() <= 12


@pytest.mark.parametrize("orientation", range(1, 9))
def test_rotation_of_a_16_bit_tiff(orientation: int) -> None:
    upright, stored = upright_and_stored(orientation)
    data = tiff_of(stored.astype(np.uint16) * 257, photometric="rgb", extratags=[(274, 3, 1, orientation, True)])
    assert_opaque(read_picture(data), upright)


def test_damaged_exif_is_ignored() -> None:
    exif = b"Exif\0\0II*\0\xff\xff\xff\xff garbage"
    assert_opaque(read_picture(encoded(Image.fromarray(noise(3)), "PNG", exif=exif)), noise(3))


def linear_profile(space: str = "RGB") -> bytes:
    """A matrix profile that is not sRGB: Pillow's sRGB with the tone curve swapped for a straight one."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    assert space == "RGB"
    for index in range(int.from_bytes(profile[128:132], "big")):
        entry = 132 + 12 * index
        if profile[entry : entry + 4] in (b"rTRC", b"gTRC", b"bTRC"):
            start = int.from_bytes(profile[entry + 4 : entry + 8], "big")
            profile[start : start + 12] = b"curv" + bytes(8)  # no points: the identity
            profile[entry + 8 : entry + 12] = (12).to_bytes(4, "big")
    return bytes(profile)


def test_colour_profile_is_applied_and_alpha_is_not_touched() -> None:
    pixels = np.full((2, 2, 4), (55, 55, 55, 99), np.uint8)
    picture = read_picture(encoded(Image.fromarray(pixels), "PNG", icc_profile=linear_profile()))
    assert np.abs(picture.pixels[0, 0].astype(int) - (127, 127, 127, 99)).max() <= 1  # linear .216 is sRGB .502


def test_colour_profile_of_a_16_bit_picture() -> None:
    samples = np.full((2, 2, 3), 55 * 257, np.uint16)
    data = tiff_of(samples, photometric="rgb", iccprofile=linear_profile())
    assert np.abs(read_picture(data).pixels[0, 0, :3].astype(int) - 127).max() <= 1


def test_an_srgb_profile_changes_nothing() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    colours = np.random.default_rng(2).integers(0, 256, (64, 64, 3), np.uint8)
    assert_opaque(read_picture(encoded(Image.fromarray(colours), "PNG", icc_profile=profile)), colours)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("profile", [b"not a profile", linear_profile()[:200], linear_profile()])
def test_a_profile_that_cannot_be_used_is_left_out(mode: str, profile: bytes) -> None:
    image = Image.new(mode, (4, 4), 0)
    picture = read_picture(encoded(image, "TIFF", icc_profile=profile))
    plain = read_picture(encoded(image, "TIFF"))
    np.testing.assert_array_equal(picture.pixels, plain.pixels)


@pytest.mark.parametrize("format_name", ["GIF", "WEBP", "PNG", "TIFF"])
def test_first_frame_of_several(format_name: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("#ff0000", "#00ff00", "#0000ff")]
    data = encoded(frames[0], format_name, save_all=True, append_images=frames[1:], lossless=True)
    picture = read_picture(data)
    assert picture.frame_count == 3
    assert picture.pixels[4, 4].tolist() == [255, 0, 0, 255]


def test_one_pixel() -> None:
    assert read_picture(encoded(Image.new("RGB", (1, 1), "#123456"), "PNG")).pixels.tolist() == [[[18, 52, 86, 255]]]


def test_pixels_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        read_picture(encoded(Image.new("L", (2, 2)), "PNG")).pixels[0, 0, 0] = 1


def test_arrays_and_pillow_images() -> None:
    pixels = noise(4)
    np.testing.assert_array_equal(picture_from_array(pixels).pixels, pixels)
    np.testing.assert_array_equal(picture_from_array(noise(3)).pixels[..., :3], noise(3))
    np.testing.assert_array_equal(picture_from_array(noise(1)).pixels[..., :3], rgb(noise(1)))
    np.testing.assert_array_equal(picture_from_array(noise(3) / 255).pixels[..., :3], noise(3))
    np.testing.assert_array_equal(picture_from_image(Image.fromarray(pixels)).pixels, pixels)
    pixels[:] = 7
    assert (picture_from_array(noise(4)).pixels == noise(4)).all()


def test_pillow_images_of_more_than_8_bits() -> None:
    deep = noise(1, np.uint16)
    assert_opaque(picture_from_image(Image.fromarray(deep)), rgb(scaled(deep)))
    assert_opaque(picture_from_image(Image.fromarray((noise(1) / 255).astype(np.float32))), rgb(noise(1)))
    with pytest.raises(LaminaError, match="int32 samples, whose values of black and white are not defined"):
        picture_from_image(Image.fromarray(noise(1).astype(np.int32)))


GIVEN = Path(__file__).parent / "given"


@pytest.mark.parametrize("channels", ["rgb", "rgba"])
@pytest.mark.parametrize("first_frame", ["first", "separate"])
def test_an_animation_of_16_bits_shows_its_default_image(first_frame: str, channels: str) -> None:
    deep, plain = (read_picture(GIVEN / f"apng_{bits}bit_{first_frame}_{channels}.png") for bits in (16, 8))
    np.testing.assert_array_equal(deep.pixels, plain.pixels)
    assert deep.pixels[0, 0].tolist() == [200, 40, 40, 255]
    assert deep.frame_count == plain.frame_count > 1


@pytest.mark.parametrize("shape", [(4,), (2, 2, 5), (2, 2, 2, 2), (0, 4, 3)])
def test_arrays_that_are_no_picture(shape: tuple[int, ...]) -> None:
    with pytest.raises(LaminaError, match="has the shape"):
        picture_from_array(np.zeros(shape, np.uint8))


def with_orientation(tiff: bytes, orientation: int) -> bytes:
    """A little-endian TIFF whose directory stands at its end, with one entry more: Orientation."""
    at = int.from_bytes(tiff[4:8], "little")
    count = int.from_bytes(tiff[at : at + 2], "little")
    entries = [tiff[at + 2 + 12 * index : at + 14 + 12 * index] for index in range(count)]
    entries = [entry for entry in entries if entry[:2] != (274).to_bytes(2, "little")]
    entries.append(
        b"".join(number.to_bytes(size, "little") for number, size in ((274, 2), (3, 2), (1, 4), (orientation, 4)))
    )
    entries.sort(key=lambda entry: int.from_bytes(entry[:2], "little"))
    directory = len(entries).to_bytes(2, "little") + b"".join(entries) + bytes(4)
    return tiff[:4] + len(tiff).to_bytes(4, "little") + tiff[8:] + directory


def png_of(samples: np.ndarray, colour_type: bytes, transparent: np.ndarray | None = None) -> bytes:
    """A PNG written by hand, since Pillow writes neither 16-bit RGB nor its transparent colour."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width = samples.shape[:2]
    depth = samples.dtype.itemsize * 8
    rows = b"".join(b"\0" + row.astype(f">u{depth // 8}").tobytes() for row in samples)
    header = struct.pack(">IIB", width, height, depth) + colour_type + b"\0\0\0"
    key = b"" if transparent is None else chunk(b"tRNS", np.atleast_1d(transparent).astype(">u2").tobytes())
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + key + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )
