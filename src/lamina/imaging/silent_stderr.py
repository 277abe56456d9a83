"""Suppresses messages that C libraries print on stderr."""

import os
from collections.abc import Generator
from contextlib import contextmanager

_STDERR = 2


@contextmanager
def silence_stderr() -> Generator[None]:
    """Redirects file descriptor 2 of the process, all threads included, to the null device during the block.

    This is the only way to silence the libtiff that is built into Pillow; keep the block short.
    """
    try:
        original = os.dup(_STDERR)
    except OSError:  # stderr is closed
        yield
        return
    null_device = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null_device, _STDERR)
        yield
    finally:
        os.dup2(original, _STDERR)
        os.close(original)
        os.close(null_device)
