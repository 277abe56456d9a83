"""Tag numbers and enumerations of TIFF 6.0, its supplements and libtiff."""

from enum import IntEnum


class Tag(IntEnum):
    """Tags of a directory."""

    WIDTH = 256
    HEIGHT = 257
    BITS_PER_SAMPLE = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    FILL_ORDER = 266
    STRIP_OFFSETS = 273
    ORIENTATION = 274
    SAMPLES_PER_PIXEL = 277
    ROWS_PER_STRIP = 278
    STRIP_BYTE_COUNTS = 279
    PLANAR_CONFIGURATION = 284
    FAX_OPTIONS = 292
    PREDICTOR = 317
    COLOUR_MAP = 320
    TILE_WIDTH = 322
    TILE_HEIGHT = 323
    TILE_OFFSETS = 324
    TILE_BYTE_COUNTS = 325
    INK_SET = 332
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339
    JPEG_TABLES = 347
    DEPTH = 32997
    ICC_PROFILE = 34675


class Compression(IntEnum):
    """The supported compressions."""

    NONE = 1
    CCITT_RLE = 2
    CCITT_GROUP_3 = 3
    CCITT_GROUP_4 = 4
    LZW = 5
    JPEG = 7
    DEFLATE = 8
    PACKBITS = 32773
    OLD_DEFLATE = 32946
    LZMA = 34925
    ZSTD = 50000
    WEBP = 50001


class Photometric(IntEnum):
    """The supported photometric interpretations."""

    WHITE_IS_ZERO = 0
    BLACK_IS_ZERO = 1
    RGB = 2
    PALETTE = 3
    CMYK = 5
    YCBCR = 6
    CIELAB = 8


class SampleFormat(IntEnum):
    """Data type of the samples."""

    UNSIGNED = 1
    SIGNED = 2
    FLOAT = 3
    UNDEFINED = 4


class ExtraSample(IntEnum):
    """Meaning of a channel beyond the colours."""

    UNSPECIFIED = 0
    ASSOCIATED_ALPHA = 1
    UNASSOCIATED_ALPHA = 2


class Predictor(IntEnum):
    """Transformation of the samples before compression."""

    NONE = 1
    HORIZONTAL = 2
    FLOAT = 3


CCITT_COMPRESSIONS = (Compression.CCITT_RLE, Compression.CCITT_GROUP_3, Compression.CCITT_GROUP_4)
