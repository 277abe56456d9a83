"""The table of supported TIFF variants; others are rejected with an error that names the unsupported feature.

`benchmarks/tiff_table.py` tests every row against files of other writers.
"""

from dataclasses import dataclass

from lamina.core.errors import ErrorCode, LaminaError
from lamina.imaging.bit_depth import unknown_range_error
from lamina.imaging.read_errors import CorruptFileError
from lamina.imaging.tiff.header import TiffHeader
from lamina.imaging.tiff.numbers import Compression, ExtraSample, Photometric, Predictor, SampleFormat

_PACKED = frozenset(range(1, 17))
_INTEGERS = _PACKED | {32, 64}
_FLOATS = frozenset({16, 32, 64})


@dataclass(frozen=True, slots=True)
class _Support:
    """What is supported with a compression: bits per sample, photometric interpretations, channels (empty: any)."""

    integers: frozenset[int]
    floats: frozenset[int]
    photometrics: frozenset[int]
    channels: frozenset[int] = frozenset()


_ALL_BUT_YCBCR = frozenset(Photometric) - {Photometric.YCBCR}
_BYTE_CODEC = _Support(_INTEGERS, _FLOATS, _ALL_BUT_YCBCR)
_CCITT = _Support(frozenset({1}), frozenset(), frozenset({0, 1}), frozenset({1}))
_TABLE: dict[int, _Support] = {
    Compression.NONE: _BYTE_CODEC,
    Compression.LZW: _BYTE_CODEC,
    Compression.DEFLATE: _BYTE_CODEC,
    Compression.OLD_DEFLATE: _BYTE_CODEC,
    Compression.PACKBITS: _BYTE_CODEC,
    Compression.LZMA: _BYTE_CODEC,
    Compression.ZSTD: _BYTE_CODEC,
    Compression.CCITT_RLE: _CCITT,
    Compression.CCITT_GROUP_3: _CCITT,
    Compression.CCITT_GROUP_4: _CCITT,
    Compression.JPEG: _Support(frozenset({8}), frozenset(), frozenset({0, 1, 2, 5, 6}), frozenset({1, 3, 4})),
    Compression.WEBP: _Support(frozenset({8}), frozenset(), frozenset({2}), frozenset({3, 4})),
}
_MAX_CHANNELS = 64
_MAX_BYTES = 1 << 30
_MAX_SEGMENT_BYTES = 64 << 20  # of a tile that is larger than the image
_PREDICTOR_BITS = frozenset({8, 16, 32, 64})
_LAB_FORMATS = (SampleFormat.UNSIGNED, SampleFormat.SIGNED, SampleFormat.SIGNED)  # some writers mark a and b as signed


def check_is_supported(header: TiffHeader, label: str) -> None:
    """Raises `LaminaError` (input_not_an_image) for a TIFF variant that is not supported.

    Raises `CorruptFileError` if the header contradicts itself. `label`: the subject of error messages.
    """
    for unsupported in (
        _unsupported_layout,
        _unsupported_colours,
        _unsupported_compression,
        _unsupported_samples,
        _unsupported_predictor,
    ):
        if feature := unsupported(header):
            raise _unsupported_error(feature, label)
    if len(header.sample_formats) == 1 and header.sample_formats[0] == SampleFormat.SIGNED:
        raise unknown_range_error(label, f"int{header.bits[0]} samples")
    _check_memory(header, label)


def check_lzw_bit_order(header: TiffHeader, data: bytes, label: str) -> None:
    """Raises `LaminaError` (input_not_an_image) for old-style LZW codes, whose bits are reversed, as before TIFF 5.0.

    Only the first bytes of the first strip show it (libtiff, tif_lzw.c, LZWPreDecode).
    """
    start = header.offsets[0] if header.offsets else 0
    first = data[start : start + 2]
    if header.compression == Compression.LZW and len(first) == 2 and first[0] == 0 and first[1] & 1:
        raise _unsupported_error("with old-style LZW compression (before 1988)", label)


def _check_memory(header: TiffHeader, label: str) -> None:
    """Raises `LaminaError` (input_too_large) if all channels, or a tile larger than the image, need too much memory."""
    bits = header.channels * header.bits[0]
    page = header.width * header.height * bits // 8
    segment = header.segment_width * header.segment_height * bits // 8
    if page > _MAX_BYTES or segment > max(page, _MAX_SEGMENT_BYTES):
        raise LaminaError(
            ErrorCode.INPUT_TOO_LARGE,
            f"{label} has {header.channels} channels of {header.bits[0]} bits in strips or tiles of "
            f"{header.segment_width} x {header.segment_height} pixels, which need {max(page, segment) >> 20} MiB; the "
            f"limit is {(_MAX_BYTES if page > _MAX_BYTES else max(page, _MAX_SEGMENT_BYTES)) >> 20} MiB.",
            "Save it as RGB with 8 or 16 bits per channel.",
        )


def _unsupported_error(feature: str, label: str) -> LaminaError:
    return LaminaError(
        ErrorCode.INPUT_NOT_AN_IMAGE,
        f"{label} is a TIFF {feature}, which Lamina does not support.",
        "Save it as RGB with 8 or 16 bits per channel, without compression or with LZW or deflate.",
    )


def _unsupported_layout(header: TiffHeader) -> str | None:
    if header.depth > 1:
        return f"with {header.depth} slices per page"
    if header.channels > _MAX_CHANNELS:
        return f"with {header.channels} channels"
    return None


def _unsupported_colours(header: TiffHeader) -> str | None:
    photometric = header.photometric
    if not header.colour_count:
        name = _PHOTOMETRIC_NAMES.get(photometric)
        return f"with {name} data" if name else f"with the unknown photometric interpretation {photometric}"
    if header.channels < header.colour_count:
        raise CorruptFileError(f"it has {header.channels} channels for {header.colour_count} colours")
    if photometric == Photometric.CMYK and header.ink_set != 1:
        return "with inks other than cyan, magenta, yellow and black"
    if photometric == Photometric.YCBCR and header.compression != Compression.JPEG:
        return "with YCbCr data without JPEG compression"
    if photometric == Photometric.CIELAB and header.bits != (8,):
        return f"with CIELAB data of {_joined(header.bits)} bits per channel"
    if photometric == Photometric.CIELAB and header.is_alpha_associated:
        return "with CIELAB data and associated alpha"
    if photometric == Photometric.PALETTE and ExtraSample.ASSOCIATED_ALPHA in (header.extra_samples or ()):
        return "with a palette and associated alpha"
    return None


def _unsupported_compression(header: TiffHeader) -> str | None:
    support = _TABLE.get(header.compression)
    if support is None:
        name = _COMPRESSION_NAMES.get(header.compression)
        return f"with {name} compression" if name else f"with the unknown compression {header.compression}"
    name = _COMPRESSION_NAMES[header.compression]
    if support.channels and header.channels not in support.channels and not header.is_planar:
        return f"with {header.channels} channels and {name} compression"
    if header.photometric not in support.photometrics:
        return f"with {_PHOTOMETRIC_NAMES.get(header.photometric, 'other')} data and {name} compression"
    if header.compression == Compression.WEBP and header.is_planar:
        return f"with separate planes and {name} compression"
    return None


def _unsupported_samples(header: TiffHeader) -> str | None:
    if len(header.bits) != 1:
        return f"with channels of {_joined(header.bits)} bits"
    bits, formats = header.bits[0], header.sample_formats
    is_lab = header.photometric == Photometric.CIELAB and formats[:3] == _LAB_FORMATS
    if len(formats) != 1 and not is_lab:
        return "with different sample formats per channel"
    support = _TABLE[header.compression]
    if formats[0] == SampleFormat.FLOAT:
        if header.photometric == Photometric.PALETTE:
            raise CorruptFileError("its palette indices are floats")
        return None if bits in support.floats else _unsupported_bits("floating-point samples", header)
    if formats[0] in (SampleFormat.UNSIGNED, SampleFormat.UNDEFINED, SampleFormat.SIGNED):
        if header.photometric == Photometric.PALETTE and bits > 16:
            return _unsupported_bits("palette indices", header)
        return None if bits in support.integers else _unsupported_bits("samples", header)
    return "with complex samples"


def _unsupported_bits(samples: str, header: TiffHeader) -> str:
    is_byte_codec = _TABLE[header.compression] is _BYTE_CODEC
    compression = "" if is_byte_codec else f" and {_COMPRESSION_NAMES[header.compression]} compression"
    return f"with {header.bits[0]}-bit {samples}{compression}"


def _unsupported_predictor(header: TiffHeader) -> str | None:
    if header.predictor == Predictor.NONE or _TABLE[header.compression] is not _BYTE_CODEC:
        return None  # image codecs ignore the predictor
    if header.predictor == Predictor.HORIZONTAL:
        bits = header.bits[0]
        return None if bits in _PREDICTOR_BITS else f"with a predictor for {bits}-bit samples"
    if header.predictor == Predictor.FLOAT:
        is_float = header.sample_formats[0] == SampleFormat.FLOAT
        return None if is_float else "with a floating-point predictor for integers"
    return f"with the unknown predictor {header.predictor}"


def _joined(numbers: tuple[int, ...]) -> str:
    texts = [str(number) for number in numbers]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


_PHOTOMETRIC_NAMES = {
    Photometric.WHITE_IS_ZERO: "grey",
    Photometric.BLACK_IS_ZERO: "grey",
    Photometric.RGB: "RGB",
    Photometric.PALETTE: "palette",
    4: "transparency mask",
    Photometric.CMYK: "CMYK",
    Photometric.YCBCR: "YCbCr",
    Photometric.CIELAB: "CIELAB",
    9: "ICCLAB",
    10: "ITULAB",
    32803: "camera raw colour filter array",
    32844: "CIE LogL",
    32845: "CIE LogLuv",
    34892: "camera raw (linear)",
    51177: "depth map",
}
_COMPRESSION_NAMES = {
    Compression.NONE: "no",
    Compression.CCITT_RLE: "CCITT RLE",
    Compression.CCITT_GROUP_3: "CCITT Group 3",
    Compression.CCITT_GROUP_4: "CCITT Group 4",
    Compression.LZW: "LZW",
    6: "old-style JPEG",
    Compression.JPEG: "JPEG",
    Compression.DEFLATE: "deflate",
    9: "JBIG",
    10: "JBIG",
    32766: "NeXT RLE",
    32771: "word-aligned CCITT RLE",
    Compression.PACKBITS: "PackBits",
    32809: "ThunderScan RLE",
    32908: "Pixar film",
    32909: "Pixar log",
    Compression.OLD_DEFLATE: "deflate",
    33003: "JPEG 2000",
    33004: "JPEG 2000",
    33005: "JPEG 2000",
    34661: "JBIG",
    34676: "SGI LogLuv",
    34677: "SGI LogLuv",
    34712: "JPEG 2000",
    34715: "JBIG2",
    34713: "Nikon raw",
    34887: "LERC",
    34892: "lossy JPEG (camera raw)",
    Compression.LZMA: "LZMA",
    34926: "Zstandard (old code)",
    34927: "WebP (old code)",
    34933: "PNG",
    34934: "JPEG XR",
    Compression.ZSTD: "Zstandard",
    Compression.WEBP: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
