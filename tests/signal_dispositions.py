"""The signals that the tests' processes ignore, and their children do not.

A shell that starts the tests in the background, and `nohup`, have them ignore SIGINT or SIGHUP, and what ignores a
signal hands that on to every program that it starts: a child that is sent SIGINT would then never end. A signal that is
caught is not handed on. So the process that runs tests catches what it was to ignore, does nothing about it, and its
children begin as on a terminal.
"""

import signal
from collections.abc import Iterator

import pytest

ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)


@pytest.fixture(scope="session", autouse=True)
def children_begin_with_default_dispositions() -> Iterator[None]:
    """Not the controller of pytest-xdist, which runs no test: its workers ignore what it does, and come here, too."""
    ignored = [number for number in ENDING if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, lambda *_: None)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)
