"""One picture in 40 and more kinds of file, all of which are read: every format, sample type, packing and compression
that takes another way through the decoders.
"""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from packed_bmp import PackedBmp, bmp
from packed_tiff import PackedTiff, packed

Rgba = NDArray[np.uint8]


def files_of(rgba: Rgba) -> dict[str, bytes]:
    """The picture, (height, width, 4), in every kind of file by its name; kinds without alpha leave it out."""
    return {name: write(rgba) for name, write in WRITERS.items()}


def _pillow(mode: str, kind: str, **options: Any) -> Callable[[Rgba], bytes]:
    def write(rgba: Rgba) -> bytes:
        image = Image.fromarray(rgba if mode in ("RGBA", "LA") else rgba[..., :3])
        if mode == "P":
            image = image.convert("RGB").quantize(64)
        elif image.mode != mode:
            image = image.convert(mode)
        file = io.BytesIO()
        more = {"append_images": [image.transpose(Image.Transpose.ROTATE_180)]} if options.get("save_all") else {}
        image.save(file, kind, **options, **more)
        return file.getvalue()

    return write


def _tiff(dtype: str, channels: int, **options: Any) -> Callable[[Rgba], bytes]:
    def write(rgba: Rgba) -> bytes:
        samples = _of_type(rgba[..., {1: [0], 2: [0, 3], 3: [0, 1, 2], 4: [0, 1, 2, 3]}[channels]], dtype)
        if options.get("extrasamples") == ["assocalpha"]:
            share = rgba[..., 3:] / 255
            samples[..., :-1] = (samples[..., :-1] * share).astype(samples.dtype)
        if options.get("planarconfig") == "separate":
            samples = np.ascontiguousarray(np.moveaxis(samples, -1, 0))
        elif channels == 1:
            samples = samples[..., 0]
        file = io.BytesIO()
        photometric = "minisblack" if channels < 3 else "rgb"
        extra = {"extrasamples": ["unassalpha"]} if channels in (2, 4) else {}
        tifffile.imwrite(file, samples, photometric=photometric, metadata=None, **{**extra, **options})
        return file.getvalue()

    return write


def _of_type(levels: Rgba, dtype: str) -> NDArray[Any]:
    if dtype[0] == "f":
        return (levels / 255).astype(dtype)
    top = int(np.iinfo(dtype).max)
    return levels.astype(dtype) * np.dtype(dtype).type(top // 255)


def _packed_tiff(bits: int, colours: int, photometric: int, **options: Any) -> Callable[[Rgba], bytes]:
    def write(rgba: Rgba) -> bytes:
        levels = 255 - rgba[..., [0, 1, 2, 0]] if photometric == 5 else rgba[..., :colours]
        if photometric == 5:
            levels[..., 3] = 0  # no black
        samples = levels.astype(np.uint32) * ((1 << bits) - 1) // 255
        return packed(PackedTiff(samples, bits, photometric, **options))

    return write


def _png16(colour_type: int, *, is_animated: bool = False) -> Callable[[Rgba], bytes]:
    channels = {0: [0], 2: [0, 1, 2], 4: [0, 3], 6: [0, 1, 2, 3]}[colour_type]

    def write(rgba: Rgba) -> bytes:
        height, width = rgba.shape[:2]
        rows = [_png_rows(turned[..., channels]) for turned in (rgba, rgba[::-1])]
        chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0))]
        if is_animated:  # the default image, and one frame that is another
            control = struct.pack(">IIIIHHBB", width, height, 0, 0, 1, 10, 0, 0)
            chunks += [(b"acTL", struct.pack(">II", 1, 0)), (b"IDAT", rows[0])]
            chunks += [(b"fcTL", struct.pack(">I", 0) + control), (b"fdAT", struct.pack(">I", 1) + rows[1])]
        else:
            chunks.append((b"IDAT", rows[0]))
        chunks.append((b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(*one) for one in chunks)

    return write


def _png_rows(levels: Rgba) -> bytes:
    samples = (levels.astype(np.uint16) * 257).astype(">u2")
    return zlib.compress(b"".join(b"\0" + row.tobytes() for row in samples))


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _bmp(bits: int, masks: tuple[int, ...] = (), **options: Any) -> Callable[[Rgba], bytes]:
    return lambda rgba: bmp(PackedBmp(rgba, bits, masks, **options))


def _lossless_jpeg(rgba: Rgba) -> bytes:
    return imagecodecs.jpeg8_encode(np.ascontiguousarray(rgba[..., :3]), lossless=True)


def _deep_avif(rgba: Rgba) -> bytes:
    return imagecodecs.avif_encode(rgba[..., :3].astype(np.uint16) * 4, level=95, bitspersample=10)


WRITERS: dict[str, Callable[[Rgba], bytes]] = {
    "png grey": _pillow("L", "PNG"),
    "png grey alpha": _pillow("LA", "PNG"),
    "png rgb": _pillow("RGB", "PNG"),
    "png rgba": _pillow("RGBA", "PNG"),
    "png palette": _pillow("P", "PNG"),
    "png animated": _pillow("RGBA", "PNG", save_all=True),
    "png 16 grey": _png16(0),
    "png 16 grey alpha": _png16(4),
    "png 16 rgb": _png16(2),
    "png 16 rgba": _png16(6),
    "png 16 animated": _png16(2, is_animated=True),
    "jpeg rgb": _pillow("RGB", "JPEG", quality=95),
    "jpeg grey": _pillow("L", "JPEG", quality=95),
    "jpeg progressive": _pillow("RGB", "JPEG", quality=90, progressive=True),
    "jpeg cmyk": _pillow("CMYK", "JPEG", quality=95),
    "jpeg lossless": _lossless_jpeg,
    "webp lossy": _pillow("RGB", "WEBP", quality=90),
    "webp lossless alpha": _pillow("RGBA", "WEBP", lossless=True, exact=True),
    "webp animated": _pillow("RGB", "WEBP", lossless=True, save_all=True),
    "gif": _pillow("P", "GIF"),
    "gif animated": _pillow("P", "GIF", save_all=True),
    "avif": _pillow("RGB", "AVIF", quality=90),
    "avif alpha": _pillow("RGBA", "AVIF", quality=95),
    "avif 10 bit": _deep_avif,
    "bmp 24": _bmp(24),
    "bmp 32": _bmp(32),
    "bmp 8": _bmp(8),
    "bmp 8 rle": _bmp(8, is_rle=True),
    "bmp 565": _bmp(16, (0xF800, 0x07E0, 0x001F)),
    "bmp rgba masks": _bmp(32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
    "tiff 8": _tiff("u1", 3),
    "tiff 8 planar grey alpha": _tiff("u1", 2, planarconfig="separate", compression="zlib"),
    "tiff 8 lzw predictor": _tiff("u1", 4, compression="lzw", predictor=True),
    "tiff 8 planar premultiplied": _tiff("u1", 4, planarconfig="separate", extrasamples=["assocalpha"]),
    "tiff 16 planar lzw": _tiff("u2", 3, planarconfig="separate", compression="lzw"),
    "tiff 16 tiles deflate": _tiff("u2", 4, tile=(16, 16), compression="zlib", predictor=True),
    "tiff 16 premultiplied": _tiff("u2", 4, extrasamples=["assocalpha"], compression="packbits"),
    "tiff 32": _tiff("u4", 3, compression="zstd", bigtiff=True),
    "tiff 64": _tiff("u8", 1, compression="lzma"),
    "tiff float": _tiff("f4", 3, compression="zlib", predictor=True),
    "tiff half": _tiff("f2", 3, tile=(16, 16), compression="lzw"),
    "tiff double": _tiff("f8", 1),
    "tiff jpeg": _tiff("u1", 3, compression="jpeg", compressionargs={"level": 95}),
    "tiff webp": _tiff("u1", 3, compression="webp", compressionargs={"lossless": True}),
    "tiff 12 bit": _packed_tiff(12, 3, 2, compression=5),
    "tiff cmyk": _packed_tiff(8, 4, 5, compression=8, is_planar=True),
    "tiff white is zero": lambda rgba: _packed_tiff(8, 1, 0, compression=32773)(255 - rgba),
}
