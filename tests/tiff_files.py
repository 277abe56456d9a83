"""TIFFs of every variant that is read, by other writers than our reader, each with the pixels that it must give."""

import io
import itertools
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from packed_tiff import PackedTiff, packed

WIDTH, HEIGHT = 37, 29  # no multiple of a tile, of a strip or of 8
_TILE = (16, 16)
_ROWS_A_STRIP = 8


@dataclass(frozen=True, slots=True, eq=False)
class TiffFile:
    """`truth`: (height, width, 4) uint8; None for what must be refused by name. `tolerance`: levels, of lossy files."""

    name: str
    data: bytes
    truth: NDArray[np.uint8] | None
    tolerance: int = 0


@dataclass(frozen=True, slots=True)
class _Kind:
    """`colours`: how many channels are colours; `extra`: of the channel after them, None where there is none."""

    name: str
    photometric: str
    colours: int
    extra: str | None = None

    @property
    def channels(self) -> int:
        return self.colours + (self.extra is not None)


_KINDS = [
    _Kind("L", "minisblack", 1),
    _Kind("L inverted", "miniswhite", 1),
    _Kind("LA", "minisblack", 1, "unassalpha"),
    _Kind("LA premultiplied", "minisblack", 1, "assocalpha"),
    _Kind("RGB", "rgb", 3),
    _Kind("RGBA", "rgb", 3, "unassalpha"),
    _Kind("RGBA premultiplied", "rgb", 3, "assocalpha"),
    _Kind("RGB and something", "rgb", 3, "unspecified"),
]
_DTYPES = ["u1", "u2", "u4", "u8", "f2", "f4", "f8"]
_COMPRESSIONS = [None, "lzw", "deflate", "packbits", "zstd", "lzma"]
_PREDICTED = ("lzw", "deflate", "zstd", "lzma")


def all_files() -> Iterator[TiffFile]:
    yield from tifffile_files()
    yield from signed_files()
    yield from pillow_files()
    yield from opencv_files()
    yield from packed_files()


def tifffile_files() -> Iterator[TiffFile]:
    """Sample type x channels x compression x predictor x planes x tiles x byte order, and some as BigTIFF."""
    for dtype, kind, compression in itertools.product(_DTYPES, _KINDS, _COMPRESSIONS):
        predictors = (False, True) if compression in _PREDICTED and dtype != "u8" else (False,)  # which it cannot
        planars = ("contig", "separate") if kind.channels > 1 else ("contig",)
        for number, (predictor, planar, is_tiled) in enumerate(itertools.product(predictors, planars, (False, True))):
            # both byte orders of everything would be the same code twice: they take turns, and differ by predictor
            order = "<>"[(number + number // 2 + len(kind.name)) % 2]
            yield _of_tifffile(
                dtype, kind, compression=compression, predictor=predictor, planarconfig=planar, is_tiled=is_tiled,
                byteorder=order, bigtiff=number % 3 == 2,
            )  # fmt: skip


def _of_tifffile(dtype: str, kind: _Kind, *, is_tiled: bool, **options: Any) -> TiffFile:
    samples = stored_samples(dtype, kind)
    shown = {**options, "kind": kind.name, "dtype": dtype, "is_tiled": is_tiled}
    if options["planarconfig"] == "separate":
        samples = np.ascontiguousarray(np.moveaxis(samples, -1, 0))
    elif kind.channels == 1:
        samples = samples[..., 0]
        options.pop("planarconfig")
    if is_tiled:
        options["tile"] = _TILE
    else:
        options["rowsperstrip"] = _ROWS_A_STRIP
    if kind.extra:
        options["extrasamples"] = [kind.extra]
    options["compression"] = {"deflate": "zlib"}.get(options["compression"], options["compression"])
    file = io.BytesIO()
    tifffile.imwrite(file, samples, photometric=kind.photometric, metadata=None, **options)
    name = f"tifffile {' '.join(f'{key}={value}' for key, value in sorted(shown.items()))}"
    return TiffFile(name, file.getvalue(), _truth(dtype, kind))


def signed_files() -> Iterator[TiffFile]:
    """Nobody can know what is black and what is white in these."""
    for dtype, kind in itertools.product(("i1", "i2", "i4"), (_KINDS[0], _KINDS[4], _KINDS[5])):
        samples = stored_samples("u" + dtype[1], kind).view(dtype)
        file = io.BytesIO()
        extra = {"extrasamples": [kind.extra]} if kind.extra else {}
        tifffile.imwrite(file, samples if kind.channels > 1 else samples[..., 0], photometric=kind.photometric, **extra)
        yield TiffFile(f"tifffile {dtype} {kind.name}", file.getvalue(), None)


def pillow_files() -> Iterator[TiffFile]:
    """What libtiff writes by way of Pillow: 8 bits and 1 bit a channel."""
    compressions = [None, "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "zstd", "lzma"]
    modes = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}
    for (mode, channels), compression in itertools.product(modes.items(), compressions):
        samples = _random((HEIGHT, WIDTH, channels), "u1")
        image = Image.fromarray(samples if channels > 1 else samples[..., 0])
        predictors = (1, 2) if compression not in (None, "packbits") else (1,)
        for predictor in predictors:
            yield TiffFile(
                f"libtiff {mode} {compression} predictor={predictor}",
                _of_pillow(image, compression, {317: predictor} if predictor == 2 else {}),
                rgba(samples),
            )
    dots = _random((HEIGHT, WIDTH), "u1") > 127
    for compression in (*compressions, "tiff_ccitt", "group3", "group4"):
        truth = rgba(dots[..., None].astype(np.uint8) * 255)
        yield TiffFile(f"libtiff 1 {compression}", _of_pillow(Image.fromarray(dots), compression), truth)
    for quality, mode in itertools.product((90, 100), ("L", "RGB", "CMYK")):
        yield _of_jpeg(mode, quality)
    inks = _random((HEIGHT, WIDTH, 4), "u1")
    truth = rgba(np.asarray(Image.fromarray(inks, "CMYK").convert("RGB")))
    for compression in compressions:
        yield TiffFile(f"libtiff CMYK {compression}", _of_pillow(Image.fromarray(inks, "CMYK"), compression), truth)
    for compression in compressions:
        indices = _random((HEIGHT, WIDTH), "u1")
        palette = _random((256, 3), "u1")
        image = Image.fromarray(indices, "P")
        image.putpalette(palette.tobytes())
        yield TiffFile(f"libtiff P {compression}", _of_pillow(image, compression), rgba(palette[indices]))


def _of_jpeg(mode: str, quality: int) -> TiffFile:
    ramp = np.linspace(40, 200, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
    channels = len(Image.new(mode, (1, 1)).getbands())
    samples = np.stack([ramp + 10 * index for index in range(channels)], -1).astype(np.uint8)
    image = Image.fromarray(samples if channels > 1 else samples[..., 0], mode)
    data = _of_pillow(image, "jpeg", quality=quality)
    return TiffFile(f"libtiff {mode} jpeg {quality}", data, rgba(np.asarray(image.convert("RGB"))), tolerance=8)


def _of_pillow(image: Image.Image, compression: str | None, tags: Any = None, **options: Any) -> bytes:
    file = io.BytesIO()
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    for code, value in (tags or {}).items():
        directory[code] = value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image.save(file, "TIFF", compression=compression, tiffinfo=directory, **options)
    return file.getvalue()


def opencv_files() -> Iterator[TiffFile]:
    """What libtiff writes by way of OpenCV: 16 and 32 bits a channel."""
    for dtype, channels, compression in itertools.product(("u1", "u2", "f4"), (1, 3, 4), (1, 5, 8, 32773)):
        kind = {1: _KINDS[0], 3: _KINDS[4], 4: _KINDS[5]}[channels]
        samples = stored_samples(dtype, kind)
        bgr = samples[..., [2, 1, 0, 3][:channels]] if channels > 1 else samples
        try:
            _, data = cv2.imencode(".tif", bgr, [cv2.IMWRITE_TIFF_COMPRESSION, compression])
        except cv2.error:  # it does not write this one
            continue
        yield TiffFile(f"opencv {dtype} {channels} {compression}", data.tobytes(), truth_of(samples, kind))


def packed_files() -> Iterator[TiffFile]:
    """Written by hand: what no library at hand writes, or not in all ways."""
    for bits, photometric, order in itertools.product(range(1, 17), (0, 1), "<>"):
        full = (1 << bits) - 1
        samples = _random((HEIGHT, WIDTH, 1), "u2") & full
        levels = _scaled(samples / full)
        for compression, rows, is_reversed in ((1, 7, False), (8, 29, True), (32773, 5, False), (5, 10, True)):
            data = packed(PackedTiff(
                samples, bits, photometric, compression=compression, rows_a_strip=rows, byte_order=order,
                has_reversed_bits=is_reversed,
            ))  # fmt: skip
            name = f"packed L {bits} bits {photometric=} {compression=} {order=} reversed={is_reversed}"
            yield TiffFile(name, data, rgba(levels if photometric else 255 - levels))
    for bits, is_planar, tile in itertools.product((2, 4, 10, 12, 14), (False, True), (None, 16)):
        full = (1 << bits) - 1
        samples = _random((HEIGHT, WIDTH, 3), "u2") & full
        data = packed(PackedTiff(samples, bits, 2, is_planar=is_planar, tile=tile))
        yield TiffFile(f"packed RGB {bits} bits {is_planar=} {tile=}", data, rgba(_scaled(samples / full)))
    for bits, scale, compression in itertools.product((1, 2, 4, 8), (1, 256, 257), (1, 8, 5)):
        count = 1 << bits
        indices = _random((HEIGHT, WIDTH, 1), "u2") % count
        palette = _random((count, 3), "u1")
        data = packed(PackedTiff(
            indices, bits, 3, compression=compression, palette=tuple(int(v) * scale for v in palette.T.reshape(-1))
        ))  # fmt: skip
        yield TiffFile(f"packed palette {bits} bits {scale=} {compression=}", data, rgba(palette[indices[..., 0]]))
    for bits, is_planar, tile, compression in itertools.product((8, 16), (False, True), (None, 16), (1, 8, 5)):
        full = (1 << bits) - 1
        inks = _random((HEIGHT, WIDTH, 4), f"u{bits // 8}")
        data = packed(PackedTiff(inks, bits, 5, compression=compression, is_planar=is_planar, tile=tile))
        plain = Image.fromarray(_scaled(inks / full), "CMYK").convert("RGB")
        name = f"packed CMYK {bits} bits {is_planar=} {tile=} {compression=}"
        yield TiffFile(name, data, rgba(np.asarray(plain)))
    yield from _with_more_channels()


def _with_more_channels() -> Iterator[TiffFile]:
    """Alpha after channels that are not for the eye, and a fourth channel that the file says nothing of."""
    for bits, is_planar in itertools.product((8, 16), (False, True)):
        samples = _random((HEIGHT, WIDTH, 6), f"u{bits // 8}")
        levels = _scaled(samples / ((1 << bits) - 1))
        data = packed(PackedTiff(samples, bits, 2, is_planar=is_planar, extra_samples=(0, 2, 0)))
        yield TiffFile(f"packed alpha is the fifth, {bits} bits {is_planar=}", data, rgba(levels[..., [0, 1, 2, 4]]))
        data = packed(PackedTiff(samples[..., :4], bits, 2, is_planar=is_planar))
        yield TiffFile(f"packed fourth of unknown use, {bits} bits {is_planar=}", data, rgba(levels[..., :4]))


@cache
def stored_samples(dtype: str, kind: _Kind) -> NDArray[Any]:
    """(height, width, channels), the same at every call; colours are multiplied by alpha where the kind says so."""
    shape = (HEIGHT, WIDTH, kind.channels)
    if dtype[0] == "u":
        samples = _random(shape, dtype)
        full = float(np.iinfo(dtype).max)
    else:
        samples = np.random.default_rng(5).random(shape).astype(dtype)
        full = 1.0
    if kind.extra:
        samples[:3, :5, -1] = 0
        samples[3:6, :5, -1] = full if dtype[0] == "f" else np.iinfo(dtype).max
    if kind.extra == "assocalpha":
        share = samples[..., -1:].astype(np.float64) / full
        multiplied = samples[..., :-1].astype(np.float64) * share
        samples[..., :-1] = multiplied if dtype[0] == "f" else np.floor(multiplied)
    samples.flags.writeable = False
    return samples


@cache
def _truth(dtype: str, kind: _Kind) -> NDArray[np.uint8]:
    return truth_of(stored_samples(dtype, kind), kind)


def truth_of(samples: NDArray[Any], kind: _Kind) -> NDArray[np.uint8]:
    """What the samples are at 8 bits, in whole numbers without bounds or wide floats: other ways than the reader's."""
    is_whole = samples.dtype.kind == "u"
    full = int(np.iinfo(samples.dtype).max) if is_whole else 1
    numbers = samples.astype(object if is_whole else np.longdouble)
    levels = _quotients(numbers, full)
    if kind.extra == "assocalpha":
        alpha = numbers[..., -1:]
        divided = _quotients(numbers[..., :-1], np.where(alpha > 0, alpha, full))
        levels = np.concatenate([divided, levels[..., -1:]], -1)
    if kind.photometric == "miniswhite":
        levels = 255 - levels
    return rgba(levels[..., : kind.colours] if kind.extra == "unspecified" else levels)


def _quotients(numbers: Any, full: Any) -> NDArray[np.uint8]:
    """255 * numbers / full, rounded half up."""
    return np.clip((numbers * 510 + full) // (2 * full), 0, 255).astype(np.uint8)


def rgba(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(height, width, 4) of grey, grey + alpha, RGB or RGBA."""
    count = levels.shape[-1]
    pixels = np.full((*levels.shape[:2], 4), 255, np.uint8)
    pixels[..., :3] = levels[..., :3] if count >= 3 else levels[..., :1]
    if count in (2, 4):
        pixels[..., 3] = levels[..., -1]
    return pixels


def _scaled(shares: NDArray[Any]) -> NDArray[np.uint8]:
    return np.floor(np.clip(shares, 0, 1) * 255 + 0.5).astype(np.uint8)


def _random(shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    top = np.iinfo(dtype).max
    return np.random.default_rng(7).integers(0, top, shape, dtype, endpoint=True)
