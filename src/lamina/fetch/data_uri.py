"""Decodes `data:` URIs."""

import binascii
import re
from urllib.parse import unquote_to_bytes

from lamina.core.errors import ErrorCode, LaminaError

_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")


def is_data_uri(url: str) -> bool:
    return url[:5].lower() == "data:"


def decode(uri: str, max_bytes: int) -> tuple[bytes, str]:
    """The bytes, and the media type in lower case without parameters; it defaults to `text/plain` (RFC 2397).

    Raises LaminaError: input_corrupt (not a data URI, invalid base64), input_too_large (more than `max_bytes`).
    """
    if not is_data_uri(uri):
        raise _corrupt("it does not begin with data:")
    head, comma, payload = uri[5 : 5 + 1024].partition(",")
    if not comma:
        raise _corrupt("it has no comma between its media type and its data")
    payload = uri[5 + len(head) + 1 :]
    media_type, *parameters = (part.strip().lower() for part in head.split(";"))
    if media_type and not _MEDIA_TYPE.fullmatch(media_type):
        raise _corrupt("its media type is invalid (a valid one is image/png)")
    data = _from_base64(payload, max_bytes) if "base64" in parameters else _from_percent(payload, max_bytes)
    if len(data) > max_bytes:
        raise _too_large(max_bytes)
    return data, media_type or "text/plain"


def _from_base64(payload: str, max_bytes: int) -> bytes:
    if "%" in payload:
        if len(payload) > 4 * max_bytes + 4096:  # 3 bytes are 4 base64 characters, each of which may be written as %XX
            raise _too_large(max_bytes)
        payload = unquote_to_bytes(payload).decode("latin-1")
    payload = "".join(payload.split()).rstrip("=")
    if len(payload) * 3 // 4 > max_bytes:
        raise _too_large(max_bytes)
    try:
        return binascii.a2b_base64(payload + "=" * (-len(payload) % 4), strict_mode=True)
    except ValueError as error:
        raise _corrupt("its base64 is invalid or truncated") from error


def _from_percent(payload: str, max_bytes: int) -> bytes:
    if len(payload) > 3 * max_bytes:
        raise _too_large(max_bytes)
    return unquote_to_bytes(payload)


def _corrupt(why: str) -> LaminaError:
    return LaminaError(
        ErrorCode.INPUT_CORRUPT,
        f"The data: URI cannot be read: {why}.",
        "Write data:image/png;base64, followed by the base64 of the file.",
    )


def _too_large(max_bytes: int) -> LaminaError:
    return LaminaError(
        ErrorCode.INPUT_TOO_LARGE, f"The data: URI is larger than {max_bytes:,} bytes.", "Upload the file instead."
    )
