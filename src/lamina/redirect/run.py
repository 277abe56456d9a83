"""Runs a command so that what it sends to the vendors' hosts comes to the Lamina on this machine."""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from asyncio.subprocess import Process
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

from lamina.core.errors import ErrorCode, LaminaError
from lamina.redirect.authority import Authority
from lamina.redirect.environment import Redirect, redirected
from lamina.redirect.local_server import local_server
from lamina.redirect.proxy import serve_proxy
from lamina.redirect.vendors import hosts_of
from lamina.redirect.way_out import way_out_of
from lamina.settings import Settings, data_folder

_FORWARDED = (signal.SIGTERM, signal.SIGHUP)
_BY_SIGNAL = 128  # a shell's way to say that a signal ended a command


def run_redirected(
    settings: Settings, command: Sequence[str], vendors: Sequence[str], is_strict: bool, tell: Callable[[str], None]
) -> int:
    """The command's exit code, 128 and the signal's number where one ended it. `tell` hears what is good to know.

    Raises `LaminaError`: input_not_found (no such command), store_unavailable.
    """
    program = shutil.which(command[0])
    if program is None:
        raise LaminaError(
            ErrorCode.INPUT_NOT_FOUND, f"There is no command {command[0]!r}.", "Check its name, and PATH."
        )
    authority = Authority.in_folder(data_folder(settings))
    with _ended_in_order(), local_server(settings) as (address, words), _folder() as folder:
        if words:
            tell(words)
        return asyncio.run(
            _run(
                authority, address, command=[program, *command[1:]], vendors=vendors, is_strict=is_strict, folder=folder
            )
        )


async def _run(
    authority: Authority, address: str, command: Sequence[str], vendors: Sequence[str], is_strict: bool, folder: Path
) -> int:
    """The host stays in each request, and the server knows by it whose API is meant."""
    hosts, others = hosts_of(vendors), "refuse" if is_strict else "pass"
    way_out = way_out_of(os.environ)
    proxy = await serve_proxy(authority, dict.fromkeys(hosts, address), others, way_out=way_out)
    try:
        environment = redirected(
            os.environ,
            Redirect(authority=authority, proxy_port=proxy.port, hosts=hosts, is_strict=is_strict, folder=folder),
        )
        return await _ended(command, environment)
    finally:
        await proxy.close()


async def _ended(command: Sequence[str], environment: Mapping[str, str]) -> int:
    process = await asyncio.create_subprocess_exec(*command, env=dict(environment))
    with _forwarding_signals(process):
        code = await process.wait()
    return code if code >= 0 else _BY_SIGNAL - code


@contextlib.contextmanager
def _forwarding_signals(process: Process) -> Generator[None]:
    """Ctrl-C reaches the command by itself, for it is in the same group; this waits for what it makes of it."""
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, *_heeded())}

    def forward(number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)

    loop.add_signal_handler(signal.SIGINT, lambda: None)
    for number in _heeded():
        loop.add_signal_handler(number, forward, number)
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


@contextlib.contextmanager
def _ended_in_order() -> Generator[None]:
    """A signal that ends this process while no command runs ends the server that it has started, too."""

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(_BY_SIGNAL + number)

    before = {number: signal.signal(number, leave) for number in _heeded()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _heeded() -> list[signal.Signals]:
    """Those that nobody, such as nohup, has this process ignore."""
    return [number for number in _FORWARDED if signal.getsignal(number) is not signal.SIG_IGN]


@contextlib.contextmanager
def _folder() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="lamina-redirect-") as name:
        yield Path(name)
