"""Decompresses response bodies in small pieces, so that the caller can stop decompression bombs."""

import zlib
from collections.abc import Iterator

from lamina.core.errors import ErrorCode, LaminaError

_PIECE_BYTES = 1 << 16


class Decoder:
    """Decodes one body that has the header `Content-Encoding: encoding`."""

    def __init__(self, encoding: str, shown_url: str) -> None:
        """Raises LaminaError (address_unreachable) if the encoding is not supported."""
        self._shown_url = shown_url
        encoding = encoding.strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise self._failure(f"the server sent an unsupported content encoding ({encoding[:40]!r})")
        is_compressed = encoding not in ("", "identity")
        self._inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32) if is_compressed else None

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        """Yields pieces of at most 64 KiB. Raises LaminaError (address_unreachable) for invalid compressed data."""
        if self._inflater is None:
            yield chunk
            return
        while chunk:
            try:
                piece = self._inflater.decompress(chunk, _PIECE_BYTES)
            except zlib.error as error:
                raise self._failure("its compressed data is damaged") from error
            if self._inflater.unused_data:
                raise self._failure("there is data after the end of its compressed body")
            yield piece
            chunk = self._inflater.unconsumed_tail

    def finish(self) -> bytes:
        """The remaining bytes. Raises LaminaError (address_unreachable) if the body is truncated."""
        if self._inflater is None:
            return b""
        rest = self._inflater.flush()  # a few KiB at most: `decode` has returned everything else
        if not self._inflater.eof:
            raise self._failure("its compressed body is truncated")
        return rest

    def _failure(self, why: str) -> LaminaError:
        return LaminaError(
            ErrorCode.ADDRESS_UNREACHABLE,
            f"The file at {self._shown_url} could not be fetched: {why}.",
            "Serve it without compression, or upload it.",
        )
