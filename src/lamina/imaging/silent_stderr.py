"""Keeps decoders written in C from printing on the terminal what our own errors say."""

import os
from collections.abc import Generator
from contextlib import contextmanager

_STDERR = 2


@contextmanager
def silenced() -> Generator[None]:
    """Nothing reaches this process's file descriptor 2 while the block runs, whatever thread writes to it.

    libtiff as built into Pillow can be quietened in no other way; so keep the block short.
    """
    try:
        kept = os.dup(_STDERR)
    except OSError:  # closed: there is nobody to disturb
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, _STDERR)
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)
        os.close(nowhere)
