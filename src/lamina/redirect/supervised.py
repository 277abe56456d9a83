"""`python -m lamina.redirect.supervised serve`: the command line, ended with whoever has started it."""

import os
import runpy
import signal
from threading import Thread

_STDIN = 0


def main() -> None:
    """Standard input is a pipe whose other end closes with the starter, even one that is killed."""
    Thread(target=_end_with_standard_input, daemon=True).start()
    runpy.run_module("lamina", run_name="__main__", alter_sys=True)


def _end_with_standard_input() -> None:
    while os.read(_STDIN, 1 << 10):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
