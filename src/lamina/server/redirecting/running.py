"""Runs a command so that what it sends to the vendors' hosts comes to the Lamina on this machine."""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

from lamina.core.errors import ErrorCode, LaminaError
from lamina.server.redirecting.authority import Authority
from lamina.server.redirecting.environment import Redirect, redirected
from lamina.server.redirecting.local_server import local_server
from lamina.server.redirecting.proxy import serve_proxy
from lamina.server.redirecting.vendors import hosts_of
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
    with local_server(settings) as (address, words), _folder() as folder:
        if words:
            tell(words)
        return asyncio.run(_run(authority, address, [program, *command[1:]], vendors, is_strict, folder))


async def _run(
    authority: Authority, address: str, command: Sequence[str], vendors: Sequence[str], is_strict: bool, folder: Path
) -> int:
    """The host stays in each request, and the server knows by it whose API is meant."""
    hosts = hosts_of(vendors)
    proxy = await serve_proxy(authority, dict.fromkeys(hosts, address), "refuse" if is_strict else "pass")
    try:
        environment = redirected(os.environ, Redirect(authority, proxy.port, hosts, is_strict, folder))
        return await _ended(command, environment)
    finally:
        await proxy.close()


async def _ended(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Ctrl-C reaches the command by itself, for it is in the same group; this waits for what it makes of it."""
    process = await asyncio.create_subprocess_exec(*command, env=dict(environment))
    loop = asyncio.get_running_loop()

    def forward(number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)

    loop.add_signal_handler(signal.SIGINT, lambda: None)
    for number in _FORWARDED:
        loop.add_signal_handler(number, forward, number)
    try:
        code = await process.wait()
    finally:
        for number in (signal.SIGINT, *_FORWARDED):
            loop.remove_signal_handler(number)
    return code if code >= 0 else _BY_SIGNAL - code


@contextlib.contextmanager
def _folder() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="lamina-redirect-") as name:
        yield Path(name)
