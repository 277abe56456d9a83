"""Identifiers that sort by the time at which they were made."""

import secrets
import time
import uuid

_NS_OF_MS = 1_000_000


def new_id() -> str:
    """A UUIDv7 (RFC 9562): 48 bits of milliseconds, 12 of their fraction (method 3), the rest random."""
    milliseconds, rest_ns = divmod(time.time_ns(), _NS_OF_MS)
    fraction = (rest_ns << 12) // _NS_OF_MS
    random = int.from_bytes(secrets.token_bytes(8)) >> 2
    return str(uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0x2 << 62 | random))
