"""Detects unsupported JPEG variants from the frame header."""

from lamina.core.errors import ErrorCode, LaminaError

# SOF markers (ITU-T T.81, table B.1): baseline, extended, progressive, lossless; the same with arithmetic coding
_SUPPORTED_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA}
_HIERARCHICAL_FRAMES = {0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF}
_LOSSLESS_ARITHMETIC = 0xCB
_JPEG_LS = 0xF7  # ITU-T T.87
_MARKERS_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD8)}
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_SUPPORTED_CHANNELS = (1, 3, 4)


def check_is_supported(data: bytes, label: str) -> None:
    """Raises `LaminaError` (input_not_an_image) for a JPEG variant that is not supported; ignores corrupt files.

    `data`: a file with a JPEG signature; `label`: the subject of error messages.
    """
    variant = _unsupported_variant(data)
    if variant:
        raise LaminaError(
            ErrorCode.INPUT_NOT_AN_IMAGE,
            f"{label} is {variant}, which Lamina does not support.",
            "Save it as PNG, or as a baseline or progressive JPEG with 8 bits per channel.",
        )


def _unsupported_variant(data: bytes) -> str | None:
    """Describes the variant with its article; None if it is supported or no frame header is found."""
    frame = _frame_header(data)
    if frame is None:
        return None
    marker, precision, height, channels = frame
    if marker == _JPEG_LS:
        return "a JPEG-LS image"
    if marker in _HIERARCHICAL_FRAMES:
        return "a hierarchical JPEG"
    if marker == _LOSSLESS_ARITHMETIC:
        return "a lossless JPEG with arithmetic coding"
    if height == 0:
        return "a JPEG that defines its height after the first scan (DNL marker)"
    if precision != 8:
        return f"a JPEG with {precision} bits per channel"
    if channels not in _SUPPORTED_CHANNELS:
        return f"a JPEG with {channels} channels"
    return None


def _frame_header(data: bytes) -> tuple[int, int, int, int] | None:
    """Marker, bits per sample, height and number of channels of the frame; None if no frame precedes the first scan."""
    offset = 2
    while offset + 4 <= len(data):
        if data[offset] != 0xFF:
            return None
        marker = data[offset + 1]
        if marker == 0xFF:  # fill byte
            offset += 1
            continue
        if marker in _MARKERS_WITHOUT_LENGTH:
            offset += 2
            continue
        if marker in (_START_OF_SCAN, _END_OF_IMAGE):
            return None
        is_frame = marker in _SUPPORTED_FRAMES | _HIERARCHICAL_FRAMES or marker in (_LOSSLESS_ARITHMETIC, _JPEG_LS)
        if is_frame and offset + 10 <= len(data):
            return marker, data[offset + 4], int.from_bytes(data[offset + 5 : offset + 7], "big"), data[offset + 9]
        offset += 2 + int.from_bytes(data[offset + 2 : offset + 4], "big")
    return None
