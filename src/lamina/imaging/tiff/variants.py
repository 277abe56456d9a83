"""The table of the TIFFs that are read; what is not in it is refused, by the name of what it has.

Every row was tested against files of other writers: `benchmarks/tiff_table.py`.
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
class _Reach:
    """What is read of a compression. `channels`: as many as these; empty: any number."""

    integers: frozenset[int]
    floats: frozenset[int]
    photometrics: frozenset[int]
    channels: frozenset[int] = frozenset()


_EVERY_COLOUR = frozenset(Photometric) - {Photometric.YCBCR}
_BYTES = _Reach(_INTEGERS, _FLOATS, _EVERY_COLOUR)
_FAX = _Reach(frozenset({1}), frozenset(), frozenset({0, 1}), frozenset({1}))
_TABLE: dict[int, _Reach] = {
    Compression.NONE: _BYTES,
    Compression.LZW: _BYTES,
    Compression.DEFLATE: _BYTES,
    Compression.OLD_DEFLATE: _BYTES,
    Compression.PACKBITS: _BYTES,
    Compression.LZMA: _BYTES,
    Compression.ZSTD: _BYTES,
    Compression.CCITT_RLE: _FAX,
    Compression.CCITT_GROUP_3: _FAX,
    Compression.CCITT_GROUP_4: _FAX,
    Compression.JPEG: _Reach(frozenset({8}), frozenset(), frozenset({0, 1, 2, 5, 6}), frozenset({1, 3, 4})),
    Compression.WEBP: _Reach(frozenset({8}), frozenset(), frozenset({2}), frozenset({3, 4})),
}
_MOST_CHANNELS = 64
_MOST_BYTES = 1 << 30
_MOST_SEGMENT_BYTES = 64 << 20  # of a tile that is larger than its picture
_PREDICTED_INTEGERS = frozenset({8, 16, 32, 64})
_LAB_FORMATS = (SampleFormat.UNSIGNED, SampleFormat.SIGNED, SampleFormat.SIGNED)  # some writers say that a and b are


def check_is_supported(header: TiffHeader, label: str) -> None:
    """Raises `LaminaError` (input_not_an_image) for a TIFF variant that is not supported.

    Raises `CorruptFileError` if the header contradicts itself. `label`: the subject of error messages.
    """
    for find in (_of_layout, _of_colours, _of_compression, _of_samples, _of_predictor):
        if what := find(header):
            raise _not_read(what, label)
    if len(header.sample_formats) == 1 and header.sample_formats[0] == SampleFormat.SIGNED:
        raise unknown_range_error(label, f"int{header.bits[0]} samples")
    _refuse_what_is_too_large(header, label)


def check_lzw_bit_order(header: TiffHeader, data: bytes, label: str) -> None:
    """Raises `LaminaError` (input_not_an_image) if the codes of its LZW stand the other way round in their bytes, as
    before TIFF 5.0. Nothing else tells but how the first strip begins (libtiff's tif_lzw.c, LZWPreDecode).
    """
    start = header.offsets[0] if header.offsets else 0
    begin = data[start : start + 2]
    if header.compression == Compression.LZW and len(begin) == 2 and begin[0] == 0 and begin[1] & 1:
        raise _not_read("compressed with LZW in the manner of TIFF before 1988", label)


def _refuse_what_is_too_large(header: TiffHeader, label: str) -> None:
    """Channels that are not for the eye, and tiles larger than the picture, take memory as well."""
    bits = header.channels * header.bits[0]
    page = header.width * header.height * bits // 8
    segment = header.segment_width * header.segment_height * bits // 8
    if page > _MOST_BYTES or segment > max(page, _MOST_SEGMENT_BYTES):
        raise LaminaError(
            ErrorCode.INPUT_TOO_LARGE,
            f"{label} has {header.channels} channels of {header.bits[0]} bits in pieces of {header.segment_width} x "
            f"{header.segment_height} pixels, more than {max(page, segment) >> 20} MiB; the limit is "
            f"{(_MOST_BYTES if page > _MOST_BYTES else max(page, _MOST_SEGMENT_BYTES)) >> 20}.",
            "Save it as RGB with 8 or 16 bits a channel.",
        )


def _not_read(what: str, label: str) -> LaminaError:
    return LaminaError(
        ErrorCode.INPUT_NOT_AN_IMAGE,
        f"{label} is a TIFF {what}, which Lamina does not read.",
        "Save it as RGB with 8 or 16 bits a channel, without compression or with LZW or deflate.",
    )


def _of_layout(header: TiffHeader) -> str | None:
    if header.depth > 1:
        return f"of {header.depth} slices a page"
    if header.channels > _MOST_CHANNELS:
        return f"of {header.channels} channels"
    return None


def _of_colours(header: TiffHeader) -> str | None:
    photometric = header.photometric
    if not header.colour_count:
        return f"whose colours are {_PHOTOMETRIC_NAMES.get(photometric, f'of an unknown kind (number {photometric})')}"
    if header.channels < header.colour_count:
        raise CorruptFileError(f"it has {header.channels} channels for {header.colour_count} colours")
    if photometric == Photometric.CMYK and header.ink_set != 1:
        return "whose inks are not cyan, magenta, yellow and black"
    if photometric == Photometric.YCBCR and header.compression != Compression.JPEG:
        return "whose colours are YCbCr without JPEG"
    if photometric == Photometric.CIELAB and header.bits != (8,):
        return f"whose colours are CIELAB with {_in_words(header.bits)} bits a channel"
    if photometric == Photometric.CIELAB and header.is_alpha_associated:
        return "whose colours are CIELAB, multiplied by alpha"
    if photometric == Photometric.PALETTE and ExtraSample.ASSOCIATED_ALPHA in (header.extra_samples or ()):
        return "with a palette whose colours are multiplied by alpha"
    return None


def _of_compression(header: TiffHeader) -> str | None:
    reach = _TABLE.get(header.compression)
    if reach is None:
        name = _COMPRESSION_NAMES.get(header.compression)
        return f"compressed with {name}" if name else f"compressed in an unknown way (number {header.compression})"
    name = _COMPRESSION_NAMES[header.compression]
    if reach.channels and header.channels not in reach.channels and not header.is_planar:
        return f"of {header.channels} channels compressed with {name}"
    if header.photometric not in reach.photometrics:
        kind = _PHOTOMETRIC_NAMES.get(header.photometric, "of another kind")
        return f"whose colours are {kind}, compressed with {name}"
    if header.compression == Compression.WEBP and header.is_planar:
        return f"in planes compressed with {name}"
    return None


def _of_samples(header: TiffHeader) -> str | None:
    if len(header.bits) != 1:
        return f"whose channels have {_in_words(header.bits)} bits"
    bits, formats = header.bits[0], header.sample_formats
    is_lab = header.photometric == Photometric.CIELAB and formats[:3] == _LAB_FORMATS
    if len(formats) != 1 and not is_lab:
        return "whose channels have numbers of different kinds"
    reach = _TABLE[header.compression]
    if formats[0] == SampleFormat.FLOAT:
        if header.photometric == Photometric.PALETTE:
            raise CorruptFileError("its palette is counted in floats")
        return None if bits in reach.floats else _of_bits("floats", header)
    if formats[0] in (SampleFormat.UNSIGNED, SampleFormat.UNDEFINED, SampleFormat.SIGNED):
        if header.photometric == Photometric.PALETTE and bits > 16:
            return _of_bits("palette indices", header)
        return None if bits in reach.integers else _of_bits("samples", header)
    return "whose samples are complex numbers"


def _of_bits(what: str, header: TiffHeader) -> str:
    how = "" if _TABLE[header.compression] is _BYTES else f", compressed with {_COMPRESSION_NAMES[header.compression]}"
    return f"whose {what} are {header.bits[0]} bits wide{how}"


def _of_predictor(header: TiffHeader) -> str | None:
    if header.predictor == Predictor.NONE or _TABLE[header.compression] is not _BYTES:
        return None  # the compressions of whole pictures have none, whatever the header says
    if header.predictor == Predictor.HORIZONTAL:
        bits = header.bits[0]
        return None if bits in _PREDICTED_INTEGERS else f"of {bits} bits a sample with a predictor"
    if header.predictor == Predictor.FLOAT:
        is_float = header.sample_formats[0] == SampleFormat.FLOAT
        return None if is_float else "of whole numbers with the predictor for floats"
    return f"with an unknown predictor (number {header.predictor})"


def _in_words(numbers: tuple[int, ...]) -> str:
    words = [str(number) for number in numbers]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


_PHOTOMETRIC_NAMES = {
    Photometric.WHITE_IS_ZERO: "grey",
    Photometric.BLACK_IS_ZERO: "grey",
    Photometric.RGB: "RGB",
    Photometric.PALETTE: "a palette's",
    4: "a transparency mask",
    Photometric.CMYK: "CMYK",
    Photometric.YCBCR: "YCbCr",
    Photometric.CIELAB: "CIELAB",
    9: "ICCLAB",
    10: "ITULAB",
    32803: "a camera's raw colour filter array",
    32844: "CIE LogL",
    32845: "CIE LogLuv",
    34892: "a camera's linear raw samples",
    51177: "a depth map",
}
_COMPRESSION_NAMES = {
    Compression.NONE: "nothing",
    Compression.CCITT_RLE: "CCITT RLE",
    Compression.CCITT_GROUP_3: "CCITT Group 3",
    Compression.CCITT_GROUP_4: "CCITT Group 4",
    Compression.LZW: "LZW",
    6: "JPEG in the manner of TIFF before 1995",
    Compression.JPEG: "JPEG",
    Compression.DEFLATE: "deflate",
    9: "JBIG",
    10: "JBIG",
    32766: "NeXT's RLE",
    32771: "CCITT RLE in words",
    Compression.PACKBITS: "PackBits",
    32809: "ThunderScan's RLE",
    32908: "Pixar's film format",
    32909: "Pixar's log format",
    Compression.OLD_DEFLATE: "deflate",
    33003: "JPEG 2000",
    33004: "JPEG 2000",
    33005: "JPEG 2000",
    34661: "JBIG",
    34676: "SGI LogLuv",
    34677: "SGI LogLuv",
    34712: "JPEG 2000",
    34715: "JBIG2",
    34713: "Nikon's raw format",
    34887: "LERC",
    34892: "lossy JPEG of a camera's raw samples",
    Compression.LZMA: "LZMA",
    34926: "Zstandard by its old number",
    34927: "WebP by its old number",
    34933: "PNG",
    34934: "JPEG XR",
    Compression.ZSTD: "Zstandard",
    Compression.WEBP: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
