"""Our PNGs are read bit for bit by another library, and reading looks before it decodes."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lamina.core.errors import ErrorCode, LaminaError
from lamina.imaging.layer_images import read_layer_image
from lamina.imaging.png import encode_png
from lamina.imaging.size_limits import SizeLimits


@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from([3, 4]), st.integers(0, 99))
def test_pillow_reads_the_same_pixels(height: int, width: int, samples: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, samples), np.uint8)
    with Image.open(io.BytesIO(encode_png(pixels))) as image:
        assert np.array_equal(np.asarray(image), pixels)


def test_a_picture_of_many_strips_and_a_part_of_a_larger_array_are_exact() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (1700, 1100, 4), np.uint8)[5:1600, 7:1000]
    assert np.array_equal(read_layer_image(io.BytesIO(encode_png(pixels)), SizeLimits(), "It"), pixels)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_pngs_of_other_programs_come_as_rgba(mode: str) -> None:
    image = Image.effect_mandelbrot((20, 10), (-3, -2.5, 2, 2.5), 20).convert(mode)
    file = io.BytesIO()
    image.save(file, "PNG")
    file.seek(0)
    assert np.array_equal(read_layer_image(file, SizeLimits(), "It"), np.asarray(image.convert("RGBA")))


def test_a_size_beyond_the_bounds_is_refused_before_decoding() -> None:
    data = bytearray(encode_png(np.zeros((1, 1, 4), np.uint8)))
    data[16:24] = struct.pack(">II", 60_000, 60_000)
    with pytest.raises(LaminaError) as caught:
        read_layer_image(io.BytesIO(bytes(data)), SizeLimits(), "It")
    assert caught.value.code is ErrorCode.INPUT_TOO_LARGE
