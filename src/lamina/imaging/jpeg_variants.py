"""Names the kinds of JPEG that are not read, from their frame header."""

from lamina.core.errors import ErrorCode, LaminaError

# SOF markers (ITU-T T.81, table B.1): baseline, extended, progressive, lossless; the same with arithmetic coding
_READ_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA}
_HIERARCHICAL_FRAMES = {0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF}
_LOSSLESS_ARITHMETIC = 0xCB
_JPEG_LS = 0xF7  # ITU-T T.87
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD8)}
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_READ_CHANNELS = (1, 3, 4)


def refuse_what_is_not_read(data: bytes, shown: str) -> None:
    """Raises `LaminaError` (input_not_an_image) that names what in this JPEG is not read; says nothing of damage.

    `data`: a file that begins as a JPEG; `shown`: what messages call the picture.
    """
    what = _what_is_not_read(data)
    if what:
        raise LaminaError(
            ErrorCode.INPUT_NOT_AN_IMAGE,
            f"{shown} is {what}, which Lamina does not read.",
            "Save it as PNG, or as an ordinary JPEG of 8 bits a channel.",
        )


def _what_is_not_read(data: bytes) -> str | None:
    frame = _frame(data)
    if frame is None:
        return None
    marker, precision, height, channels = frame
    if marker == _JPEG_LS:
        return "a JPEG-LS picture"
    if marker in _HIERARCHICAL_FRAMES:
        return "a hierarchical JPEG"
    if marker == _LOSSLESS_ARITHMETIC:
        return "a lossless JPEG with arithmetic coding"
    if height == 0:
        return "a JPEG that tells its height after its first scan (DNL)"
    if precision != 8:
        return f"a JPEG of {precision} bits a channel"
    if channels not in _READ_CHANNELS:
        return f"a JPEG of {channels} channels"
    return None


def _frame(data: bytes) -> tuple[int, int, int, int] | None:
    """The frame's marker, bits a sample, height and number of channels; None if there is none before the first scan."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:  # filled up
            at += 1
            continue
        if marker in _WITHOUT_LENGTH:
            at += 2
            continue
        if marker in (_START_OF_SCAN, _END_OF_IMAGE):
            return None
        is_frame = marker in _READ_FRAMES | _HIERARCHICAL_FRAMES or marker in (_LOSSLESS_ARITHMETIC, _JPEG_LS)
        if is_frame and at + 10 <= len(data):
            return marker, data[at + 4], int.from_bytes(data[at + 5 : at + 7], "big"), data[at + 9]
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None
