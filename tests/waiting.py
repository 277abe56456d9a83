"""What tests wait for, each with a limit: when it is over, the test fails and says what did not come."""

import asyncio
import contextlib
import os
import select
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE_S = 120.0
_LOOK_S = 0.02


def completed(awaitable: Awaitable[T], within_s: float = PATIENCE_S) -> T:
    """`asyncio.run` with a limit; the traceback of the `TimeoutError` ends at what was awaited."""

    async def whole() -> T:
        async with asyncio.timeout(within_s):
            return await awaitable

    return asyncio.run(whole())


def ended(process: "subprocess.Popen[Any]", within_s: float = PATIENCE_S) -> int:
    """Its exit code; it is killed where it does not end."""
    try:
        return process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(PATIENCE_S)
        raise AssertionError(f"{_words_of(process)} did not end within {within_s:g} s") from None


@contextlib.contextmanager
def ending(process: "subprocess.Popen[Any]") -> Generator["subprocess.Popen[Any]"]:
    """Kills it where it is left before it has ended, whatever has failed, and closes its pipes."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        with process:
            process.wait(PATIENCE_S)


def next_line(process: "subprocess.Popen[str]", within_s: float = PATIENCE_S) -> str:
    """The next on its standard output; empty at the end. It is killed where it says nothing."""
    assert process.stdout is not None
    with _killed_after(process, within_s) as is_over:
        line = process.stdout.readline()
    assert not is_over.is_set(), f"{_words_of(process)} said nothing for {within_s:g} s"
    return line


def joined(thread: threading.Thread, within_s: float = PATIENCE_S) -> None:
    thread.join(within_s)
    assert not thread.is_alive(), f"the thread {thread.name} did not end within {within_s:g} s"


def happened(event: threading.Event, what: str, within_s: float = PATIENCE_S) -> None:
    assert event.wait(within_s), f"{what}: not within {within_s:g} s"


def until(is_so: Callable[[], T], what: str, within_s: float = PATIENCE_S, look_s: float = _LOOK_S) -> T:
    """Looks again and again, for what nobody tells this process; what it was, as soon as it is true."""
    end = time.monotonic() + within_s
    while not (found := is_so()):
        assert time.monotonic() < end, f"{what}: not within {within_s:g} s"
        time.sleep(look_s)
    return found


async def until_async(
    is_so: Callable[[], T | Awaitable[T]], what: str, within_s: float = PATIENCE_S, look_s: float = _LOOK_S
) -> T:
    """As `until`, in an event loop, which goes on meanwhile. `is_so` may be a coroutine function."""
    end = time.monotonic() + within_s
    while True:
        found = is_so()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return found
        assert time.monotonic() < end, f"{what}: not within {within_s:g} s"
        await asyncio.sleep(look_s)


def writer_of(pipe: Path, reader: "subprocess.Popen[Any]", within_s: float = PATIENCE_S) -> int:
    """The descriptor of a named pipe's other end, as soon as the process reads from it."""

    def opened() -> list[int]:
        assert reader.poll() is None, f"{_words_of(reader)} ended ({reader.returncode}) and did not read {pipe}"
        with contextlib.suppress(OSError):  # ENXIO: nobody reads yet
            return [os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)]
        return []

    return until(opened, f"{_words_of(reader)} reads {pipe}", within_s)[0]


def chunks(descriptor: int, what: str, within_s: float = PATIENCE_S) -> Generator[bytes]:
    """What comes from a terminal or a pipe, to its end."""
    end = time.monotonic() + within_s
    while True:
        readable, _, _ = select.select([descriptor], [], [], max(0.0, end - time.monotonic()))
        assert readable, f"{what}: not at its end within {within_s:g} s"
        try:
            chunk = os.read(descriptor, 4096)
        except OSError:  # how Linux says that the other side of a terminal has closed
            return
        if not chunk:
            return
        yield chunk


@contextlib.contextmanager
def _killed_after(process: "subprocess.Popen[Any]", within_s: float) -> Generator[threading.Event]:
    is_over = threading.Event()

    def kill() -> None:
        is_over.set()
        process.kill()

    timer = threading.Timer(within_s, kill)
    timer.start()
    try:
        yield is_over
    finally:
        timer.cancel()


def _words_of(process: "subprocess.Popen[Any]") -> str:
    words = process.args if isinstance(process.args, (list, tuple)) else [process.args]
    return " ".join(str(word) if len(str(word)) < 80 else "…" for word in words)
