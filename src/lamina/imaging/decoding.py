"""Decodes image files to upright sRGB RGBA pixels; the size is checked before the samples are decoded."""

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
from lamina.imaging import bmp, colour_profile, jpeg_variants, png16, png_completeness, tiff
from lamina.imaging.bit_depth import to_8_bit
from lamina.imaging.orientation import apply_orientation, exif_orientation
from lamina.imaging.pillow_opening import Box, first_frame_box, open_image
from lamina.imaging.read_errors import CorruptFileError

logging.getLogger("PIL").addHandler(
    logging.NullHandler()
)  # without a handler, Python prints Pillow's warnings on stderr

_DIRECT_MODES = ("L", "LA", "P", "RGB", "RGBA")  # without a profile, Pillow converts these to RGBA exactly

# What Pillow and imagecodecs raise for corrupt files, as fuzzing showed; LaminaError is not among them.
_DECODER_ERRORS = (
    OSError, SyntaxError, ValueError, EOFError, TypeError, LookupError, ArithmeticError, AttributeError, RuntimeError,
    AssertionError, struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """The first frame. `pixels`: (height, width, 4) uint8 RGBA, sRGB, upright. `frame_count`: frames in the file."""

    pixels: Pixels
    frame_count: int


def decode(data: bytes, format_name: str, label: str, max_megapixels: float) -> DecodedImage:
    """Decodes the first frame of a file. `format_name`: Pillow's name. `label`: the subject of error messages.

    Raises `LaminaError`: input_corrupt, input_too_large, input_not_an_image (an unsupported variant).
    """
    with _decoder_errors_translated(label), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about odd metadata; errors in the samples raise
        if format_name == "TIFF":
            return _decode_tiff(data, label, max_megapixels)
        if format_name == "BMP":
            return _decode_bmp(data, label, max_megapixels)
        if format_name == "JPEG":
            jpeg_variants.check_is_supported(data, label)
        image = open_image(data, format_name, lambda width, height: check_size(width, height, label, max_megapixels))
        if format_name == "PNG" and png16.is_16_bit(data):
            return _decode_png16(data, image)
        box = first_frame_box(image)
        decoded = decode_image(image, label)
        if format_name == "PNG":
            png_completeness.check_all_rows_present(data, image)
        return decoded if box is None else DecodedImage(_clear_outside(decoded.pixels, box), decoded.frame_count)


def check_size(width: int, height: int, label: str, max_megapixels: float) -> None:
    """Raises `LaminaError` (input_too_large) if the image has more than `max_megapixels` * 10^6 pixels."""
    megapixels = width * height / 1e6
    if megapixels > max_megapixels:
        raise LaminaError(
            ErrorCode.INPUT_TOO_LARGE,
            f"{label} has {width} x {height} pixels ({megapixels:.4g} megapixels); the limit is {max_megapixels:g}.",
            "Reduce its size, or raise the setting max_megapixels.",
        )


def decode_image(image: Image.Image, label: str) -> DecodedImage:
    """Decodes an opened Pillow image of any mode.

    Raises `LaminaError`: input_corrupt, input_not_an_image (the range of its samples is unknown).
    """
    with _decoder_errors_translated(label), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame_count, size = getattr(image, "n_frames", 1), image.size
        image.load()
        if image.size != size:
            raise CorruptFileError(
                f"its headers disagree about its size: {size[0]} x {size[1]} and {image.width} x {image.height}"
            )
        return DecodedImage(apply_orientation(_pixels_of(image, label), exif_orientation(image)), frame_count)


def _pixels_of(image: Image.Image, label: str) -> Pixels:
    """(height, width, 4) of a loaded image, before its orientation is applied."""
    profile = image.info.get("icc_profile")
    if not profile and image.mode in _DIRECT_MODES:
        return np.asarray(image if image.mode == "RGBA" else image.convert("RGBA"))
    colour, alpha = _split(_to_8_bit_mode(image, label))
    return _joined(np.asarray(colour_profile.to_srgb(colour, profile)), alpha)


def _decode_png16(data: bytes, image: ImageFile.ImageFile) -> DecodedImage:
    samples = png16.read(data, image.size, has_transparent_colour="transparency" in image.info)
    count = samples.shape[2]
    alpha = samples[..., -1] if count in (2, 4) else None
    pixels = _joined(_in_srgb(samples[..., : 3 if count >= 3 else 1], image.info.get("icc_profile")), alpha)
    return DecodedImage(apply_orientation(pixels, exif_orientation(image)), getattr(image, "n_frames", 1))


def _decode_tiff(data: bytes, label: str, max_megapixels: float) -> DecodedImage:
    header = tiff.read_header(data)
    check_size(header.width, header.height, label, max_megapixels)
    tiff.check_is_supported(header, label)
    tiff.check_lzw_bit_order(header, data, label)
    samples = tiff.read_pixels(header, data, label)
    if isinstance(samples.colour, Image.Image):
        colour = np.asarray(colour_profile.to_srgb(samples.colour, header.profile))
    else:
        colour = _in_srgb(samples.colour, header.profile)
    return DecodedImage(apply_orientation(_joined(colour, samples.alpha), header.orientation), header.page_count)


def _decode_bmp(data: bytes, label: str, max_megapixels: float) -> DecodedImage:
    header = bmp.read_header(data)
    check_size(header.width, header.height, label, max_megapixels)
    bmp.check_is_supported(header, label)
    samples = bmp.read_pixels(header, data)
    return DecodedImage(_joined(_in_srgb(samples.colours, header.profile), samples.alpha), 1)


def _clear_outside(pixels: Pixels, box: Box) -> Pixels:
    """Makes everything outside `box` (left, top, right, bottom) transparent."""
    left, top, right, bottom = box
    cleared = np.zeros_like(pixels)
    cleared[top:bottom, left:right] = pixels[top:bottom, left:right]
    return cleared


def _in_srgb(samples: Pixels, profile: bytes | None) -> Pixels:
    """Converts (height, width, 1 or 3) grey or RGB samples to sRGB."""
    if not profile:
        return samples
    image = Image.fromarray(np.ascontiguousarray(samples[..., 0] if samples.shape[2] == 1 else samples))
    return np.asarray(colour_profile.to_srgb(image, profile))


def _to_8_bit_mode(image: Image.Image, label: str) -> Image.Image:
    """Scales 16-bit, 32-bit and float modes, which Pillow would clip at 255."""
    if image.mode in ("F", "I") or image.mode.startswith("I;16"):
        return Image.fromarray(to_8_bit(np.asarray(image), label))
    return image


def _split(image: Image.Image) -> tuple[Image.Image, Pixels | None]:
    """The colour channels, in a mode that ICC profiles support (L, RGB, CMYK, LAB), and the alpha channel."""
    if image.has_transparency_data or image.mode in ("La", "RGBa"):
        is_grey = image.mode in ("1", "L", "LA", "La")
        image = image.convert("LA" if is_grey else "RGBA")
        return image.convert("L" if is_grey else "RGB"), np.asarray(image.getchannel("A"))
    if image.mode == "1":
        return image.convert("L"), None
    return (image if image.mode in ("L", "RGB", "CMYK", "LAB") else image.convert("RGB")), None


def _joined(colours: Pixels, alpha: Pixels | None) -> Pixels:
    """RGBA of (height, width, 1 or 3) colours and an optional alpha channel."""
    pixels = np.empty((*colours.shape[:2], 4), np.uint8)
    pixels[..., :3] = colours
    pixels[..., 3] = 255 if alpha is None else alpha
    return pixels


@contextmanager
def _decoder_errors_translated(label: str) -> Generator[None]:
    try:
        yield
    except MemoryError:
        raise LaminaError(ErrorCode.INPUT_TOO_LARGE, f"{label} does not fit into memory.", "Reduce its size.") from None
    except _DECODER_ERRORS as error:
        reason = (
            f": {error}" if isinstance(error, CorruptFileError) else ""
        )  # messages of libraries mean nothing to users
        raise LaminaError(
            ErrorCode.INPUT_CORRUPT, f"{label} is corrupt or truncated{reason}.", "Export or download it again."
        ) from None
