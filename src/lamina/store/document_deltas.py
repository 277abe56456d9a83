"""Compresses documents of stacks, each with an earlier one as its dictionary, so that small changes take few bytes."""

import zlib

_WINDOW = 1 << 15  # of deflate: it sees no more of a dictionary


def compressed(document: str, base: str | None) -> bytes:
    """`base`: the document that is needed to read it again; None for none."""
    content = document.encode()
    if base is None:
        return zlib.compress(content, 6)
    compressor = zlib.compressobj(6, zdict=_dictionary(base))
    return compressor.compress(content) + compressor.flush()


def decompressed(content: bytes, base: str | None) -> str:
    """The inverse of `compressed`. Raises `zlib.error` for another base."""
    if base is None:
        return zlib.decompress(content).decode()
    return zlib.decompressobj(zdict=_dictionary(base)).decompress(content).decode()


def _dictionary(base: str) -> bytes:
    return base.encode()[-_WINDOW:]
