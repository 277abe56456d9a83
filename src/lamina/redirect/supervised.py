"""`python -m lamina.redirect.supervised serve`: runs the command line and exits when its parent process ends."""

import os
import runpy
import signal
from threading import Thread

_STDIN = 0


def main() -> None:
    """Standard input must be a pipe from the parent process; it closes when that ends, even if it is killed."""
    Thread(target=_end_with_standard_input, daemon=True).start()
    runpy.run_module("lamina", run_name="__main__", alter_sys=True)


def _end_with_standard_input() -> None:
    while os.read(_STDIN, 1 << 10):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
