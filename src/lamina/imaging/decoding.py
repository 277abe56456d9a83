"""Turns the bytes of a picture file into upright sRGB RGBA pixels; its size is checked before anything is decoded."""

import logging
import struct
import warnings
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFile

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Pixels
from lamina.imaging import bmp, colour_profile, deep_png, jpeg_variants, png_rows, tiff
from lamina.imaging.damage import Damaged
from lamina.imaging.deep_samples import eight_bit
from lamina.imaging.orientation import orientation_of, turned_upright
from lamina.imaging.pillow_opening import Box, first_frame_box, opened

logging.getLogger("PIL").addHandler(logging.NullHandler())  # else Python prints its remarks on stderr

_PLAIN_MODES = ("L", "LA", "P", "RGB", "RGBA")  # without a profile, these become RGBA in one step, and exactly

# What Pillow and imagecodecs raise on damaged files, found by feeding them such; a LaminaError is none of these.
_DAMAGE = (
    OSError, SyntaxError, ValueError, EOFError, TypeError, LookupError, ArithmeticError, AttributeError, RuntimeError,
    AssertionError, struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """`pixels`: (height, width, 4) uint8, RGBA, sRGB, upright. `frame_count`: of the file; these are the first's."""

    pixels: Pixels
    frame_count: int


def decode(data: bytes, format_name: str, shown: str, max_megapixels: float) -> Decoded:
    """`format_name`: a key of the readable formats. `shown`: what messages call the picture.

    Raises `LaminaError`: input_corrupt, input_too_large, input_not_an_image (a variant that is not read).
    """
    with _damage_told(shown), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # remarks on odd metadata; what matters raises
        if format_name == "TIFF":
            return _decode_tiff(data, shown, max_megapixels)
        if format_name == "BMP":
            return _decode_bmp(data, shown, max_megapixels)
        if format_name == "JPEG":
            jpeg_variants.refuse_what_is_not_read(data, shown)
        image = opened(data, format_name, lambda width, height: check_size(width, height, shown, max_megapixels))
        if format_name == "PNG" and deep_png.is_deep(data):
            return _decode_deep_png(data, image)
        drawn = first_frame_box(image)
        decoded = decode_image(image, shown)
        if format_name == "PNG":
            png_rows.check_all_rows_are_there(data, image)
        return decoded if drawn is None else Decoded(_clear_outside(decoded.pixels, drawn), decoded.frame_count)


def check_size(width: int, height: int, shown: str, max_megapixels: float) -> None:
    """Raises `LaminaError` (input_too_large) if the picture has more pixels than allowed; 1 megapixel is 10^6."""
    megapixels = width * height / 1e6
    if megapixels > max_megapixels:
        raise LaminaError(
            ErrorCode.INPUT_TOO_LARGE,
            f"{shown} has {width} x {height} pixels ({megapixels:.4g} megapixels); the limit is {max_megapixels:g}.",
            "Make it smaller first, or raise the setting max_megapixels.",
        )


def decode_image(image: Image.Image, shown: str) -> Decoded:
    """An opened Pillow image of any mode. Raises `LaminaError`: input_corrupt, input_not_an_image (samples of
    unknown range).
    """
    with _damage_told(shown), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame_count, size = getattr(image, "n_frames", 1), image.size
        image.load()
        if image.size != size:
            raise Damaged(f"it tells two sizes, {size[0]} x {size[1]} and {image.width} x {image.height}")
        return Decoded(turned_upright(_pixels_of(image, shown), orientation_of(image)), frame_count)


def _pixels_of(image: Image.Image, shown: str) -> Pixels:
    """(height, width, 4) of a loaded image, not yet upright."""
    profile = image.info.get("icc_profile")
    if not profile and image.mode in _PLAIN_MODES:
        return np.asarray(image if image.mode == "RGBA" else image.convert("RGBA"))
    colour, alpha = _split(_with_8_bits(image, shown))
    return _joined(np.asarray(colour_profile.to_srgb(colour, profile)), alpha)


def _decode_deep_png(data: bytes, image: ImageFile.ImageFile) -> Decoded:
    samples = deep_png.read(data, image.size, has_transparent_colour="transparency" in image.info)
    count = samples.shape[2]
    alpha = samples[..., -1] if count in (2, 4) else None
    pixels = _joined(_in_srgb(samples[..., : 3 if count >= 3 else 1], image.info.get("icc_profile")), alpha)
    return Decoded(turned_upright(pixels, orientation_of(image)), getattr(image, "n_frames", 1))


def _decode_tiff(data: bytes, shown: str, max_megapixels: float) -> Decoded:
    header = tiff.read_header(data)
    check_size(header.width, header.height, shown, max_megapixels)
    tiff.refuse_what_is_not_read(header, shown)
    tiff.refuse_old_lzw(header, data, shown)
    read = tiff.read_pixels(header, data, shown)
    if isinstance(read.colour, Image.Image):
        colour = np.asarray(colour_profile.to_srgb(read.colour, header.profile))
    else:
        colour = _in_srgb(read.colour, header.profile)
    return Decoded(turned_upright(_joined(colour, read.alpha), header.orientation), header.page_count)


def _decode_bmp(data: bytes, shown: str, max_megapixels: float) -> Decoded:
    header = bmp.read_header(data)
    check_size(header.width, header.height, shown, max_megapixels)
    bmp.refuse_what_is_not_read(header, shown)
    read = bmp.read_pixels(header, data)
    return Decoded(_joined(_in_srgb(read.colours, header.profile), read.alpha), 1)


def _clear_outside(pixels: Pixels, box: Box) -> Pixels:
    """`box`: left, top, right, bottom."""
    left, top, right, bottom = box
    cleared = np.zeros_like(pixels)
    cleared[top:bottom, left:right] = pixels[top:bottom, left:right]
    return cleared


def _in_srgb(samples: Pixels, profile: bytes | None) -> Pixels:
    """`samples`: (height, width, 1 or 3) of grey or RGB; the result, too."""
    if not profile:
        return samples
    image = Image.fromarray(np.ascontiguousarray(samples[..., 0] if samples.shape[2] == 1 else samples))
    return np.asarray(colour_profile.to_srgb(image, profile))


def _with_8_bits(image: Image.Image, shown: str) -> Image.Image:
    """Pillow itself cuts off what is above 255."""
    if image.mode in ("F", "I") or image.mode.startswith("I;16"):
        return Image.fromarray(eight_bit(np.asarray(image), shown))
    return image


def _split(image: Image.Image) -> tuple[Image.Image, Pixels | None]:
    """Its colours, in a mode that a profile can be about (L, RGB, CMYK, LAB), and its alpha."""
    if image.has_transparency_data or image.mode in ("La", "RGBa"):
        is_grey = image.mode in ("1", "L", "LA", "La")
        image = image.convert("LA" if is_grey else "RGBA")
        return image.convert("L" if is_grey else "RGB"), np.asarray(image.getchannel("A"))
    if image.mode == "1":
        return image.convert("L"), None
    return (image if image.mode in ("L", "RGB", "CMYK", "LAB") else image.convert("RGB")), None


def _joined(colours: Pixels, alpha: Pixels | None) -> Pixels:
    """`colours`: (height, width, 1 or 3); every sample of the result is written."""
    pixels = np.empty((*colours.shape[:2], 4), np.uint8)
    pixels[..., :3] = colours
    pixels[..., 3] = 255 if alpha is None else alpha
    return pixels


@contextmanager
def _damage_told(shown: str) -> Generator[None]:
    try:
        yield
    except MemoryError:
        raise LaminaError(
            ErrorCode.INPUT_TOO_LARGE, f"{shown} does not fit into the memory.", "Make it smaller first."
        ) from None
    except _DAMAGE as error:
        reason = f": {error}" if isinstance(error, Damaged) else ""  # libraries' own words are for those who know them
        raise LaminaError(
            ErrorCode.INPUT_CORRUPT, f"{shown} is damaged or cut short{reason}.", "Export or download it again."
        ) from None
