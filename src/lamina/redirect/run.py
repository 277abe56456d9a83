"""Runs a command whose requests to the vendors' hosts are redirected to the local Lamina server."""

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
from lamina.redirect.outbound_proxy import outbound_proxy_of
from lamina.redirect.proxy import serve_proxy
from lamina.redirect.vendors import hosts_of
from lamina.settings import Settings, data_folder

_FORWARDED = (signal.SIGTERM, signal.SIGHUP)
_BY_SIGNAL = 128  # shells add this to the number of the signal that ended a command


def run_redirected(
    settings: Settings,
    command: Sequence[str],
    vendors: Sequence[str],
    is_strict: bool,
    show: Callable[[str], None],
) -> int:
    """The command's exit code; 128 plus the signal's number if a signal ended it. `show` displays messages to the user.

    Raises `LaminaError`: input_not_found (no such command), store_unavailable.
    """
    program = shutil.which(command[0])
    if program is None:
        raise LaminaError(
            ErrorCode.INPUT_NOT_FOUND, f"There is no command {command[0]!r}.", "Check its name, and PATH."
        )
    authority = Authority.in_folder(data_folder(settings))
    with _exiting_on_signals(), local_server(settings) as (address, startup_output), _folder() as folder:
        if startup_output:
            show(startup_output)
        return asyncio.run(
            _run(
                authority, address, command=[program, *command[1:]], vendors=vendors, is_strict=is_strict, folder=folder
            )
        )


async def _run(
    authority: Authority, address: str, command: Sequence[str], vendors: Sequence[str], is_strict: bool, folder: Path
) -> int:
    """Requests keep their Host header, by which the server selects the vendor's API."""
    hosts, others = hosts_of(vendors), "refuse" if is_strict else "pass"
    outbound_proxy = outbound_proxy_of(os.environ)
    proxy = await serve_proxy(authority, dict.fromkeys(hosts, address), others, outbound_proxy=outbound_proxy)
    try:
        environment = redirected(
            os.environ,
            Redirect(authority=authority, proxy_port=proxy.port, hosts=hosts, is_strict=is_strict, folder=folder),
        )
        return await _exit_code(command, environment)
    finally:
        await proxy.close()


async def _exit_code(command: Sequence[str], environment: Mapping[str, str]) -> int:
    process = await asyncio.create_subprocess_exec(*command, env=dict(environment))
    with _forwarding_signals(process):
        code = await process.wait()
    return code if code >= 0 else _BY_SIGNAL - code


@contextlib.contextmanager
def _forwarding_signals(process: Process) -> Generator[None]:
    """Forwards signals to the command, except SIGINT: Ctrl-C reaches the command directly, because it is in the same
    process group, and this process waits until the command has handled it."""
    loop = asyncio.get_running_loop()
    previous_handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, *_handled_signals())}

    def forward(number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)

    loop.add_signal_handler(signal.SIGINT, lambda: None)
    for number in _handled_signals():
        loop.add_signal_handler(number, forward, number)
    try:
        yield
    finally:
        for number, handler in previous_handlers.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


@contextlib.contextmanager
def _exiting_on_signals() -> Generator[None]:
    """Converts signals to SystemExit, so that the server is stopped if this process ends while no command runs."""

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(_BY_SIGNAL + number)

    previous_handlers = {number: signal.signal(number, leave) for number in _handled_signals()}
    try:
        yield
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)


def _handled_signals() -> list[signal.Signals]:
    """The signals to forward, without those that this process was started to ignore, for example by nohup."""
    return [number for number in _FORWARDED if signal.getsignal(number) is not signal.SIG_IGN]


@contextlib.contextmanager
def _folder() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="lamina-redirect-") as name:
        yield Path(name)
