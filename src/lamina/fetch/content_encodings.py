"""Undoes the compression of a body in small pieces, so that nothing can swell unseen."""

import zlib
from collections.abc import Iterator

from lamina.core.errors import ErrorCode, LaminaError

_PIECE_BYTES = 1 << 16


class Decoder:
    """For one body, whose header says `Content-Encoding: encoding`."""

    def __init__(self, encoding: str, shown_url: str) -> None:
        """Raises LaminaError: address_unreachable, for an encoding that was not asked for and is not known here."""
        self._shown_url = shown_url
        encoding = encoding.strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise self._failure(f"it came in an encoding that was not asked for ({encoding[:40]!r})")
        is_compressed = encoding not in ("", "identity")
        self._inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32) if is_compressed else None

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        """Pieces of at most 64 KiB of the body. Raises LaminaError: address_unreachable, for damaged compression."""
        if self._inflater is None:
            yield chunk
            return
        while chunk:
            try:
                piece = self._inflater.decompress(chunk, _PIECE_BYTES)
            except zlib.error as error:
                raise self._failure("its compression is damaged") from error
            if self._inflater.unused_data:
                raise self._failure("more came after the end of its compressed body")
            yield piece
            chunk = self._inflater.unconsumed_tail

    def finish(self) -> bytes:
        """What is left at the end. Raises LaminaError: address_unreachable, for a body that was cut short."""
        if self._inflater is None:
            return b""
        rest = self._inflater.flush()  # a few KiB at most: `decode` has drawn out everything else
        if not self._inflater.eof:
            raise self._failure("its compressed body was cut short")
        return rest

    def _failure(self, why: str) -> LaminaError:
        return LaminaError(
            ErrorCode.ADDRESS_UNREACHABLE,
            f"The file at {self._shown_url} could not be fetched: {why}.",
            "Serve it without compression, or upload it.",
        )
