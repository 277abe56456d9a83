"""Finds the running Lamina server on this machine, or starts one for the duration of a command."""

import contextlib
import re
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path

import httpx2

from lamina.core.errors import ErrorCode, LaminaError
from lamina.settings import Settings, data_folder

_HEALTH_TIMEOUT_S, _START_TIMEOUT_S, _STOP_TIMEOUT_S = 2.0, 60.0, 60.0
_ADDRESS = re.compile(r"^\s*API\s+(\S+)/v1\s*$", re.MULTILINE)
_LAST_LINE = "Engine"
LOG = "redirect-server.log"


@contextlib.contextmanager
def local_server(settings: Settings) -> Generator[tuple[str, str]]:
    """(the server's base URL, its output at startup; "" if it was running already).

    Raises `LaminaError` (store_unavailable, port_taken) if no server can be started; the log has the reason.
    """
    address = _address_of(settings)
    if settings.port and _is_lamina(address):
        yield address, ""
        return
    with _started(settings) as output:
        address_line = _ADDRESS.search(output)
        assert address_line is not None  # noqa: S101  (`_started` has waited for it)
        yield address_line[1], output


def _address_of(settings: Settings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104  (not bound)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def _is_lamina(address: str) -> bool:
    try:
        response = httpx2.get(f"{address}/health", timeout=_HEALTH_TIMEOUT_S, trust_env=False)
        return response.json().get("name") == "Lamina"  # other servers have a /health, too: they must not get a key
    except (httpx2.HTTPError, ValueError, AttributeError):
        return False


@contextlib.contextmanager
def _started(settings: Settings) -> Generator[str]:
    """Starts a server in its own session, so that Ctrl-C ends the command before the server. The server exits when this
    process ends for any reason, because then its standard input, a pipe, is closed.
    """
    folder = data_folder(settings)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = ["--host", "127.0.0.1", "--port", "0", "--data", str(folder)]
    with (folder / LOG).open("ab") as log:
        process = subprocess.Popen(  # noqa: S603  (ourselves)
            [sys.executable, "-m", "lamina.redirect.supervised", "serve", *flags],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    try:
        yield _startup_output(process, folder / LOG)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            assert stream is not None  # noqa: S101  (it is a pipe)
            stream.close()


def _startup_output(process: "subprocess.Popen[str]", log: Path) -> str:
    assert process.stdout is not None  # noqa: S101  (it is a pipe)
    lines: list[str] = []
    timer = threading.Timer(_START_TIMEOUT_S, process.kill)
    timer.daemon = True  # if a signal prevents its cancellation, the exit of this process must not wait for it
    try:
        timer.start()
        for line in process.stdout:
            lines.append(line)
            if line.strip().startswith(_LAST_LINE):
                break
    finally:
        timer.cancel()
    output = "".join(lines)
    if _ADDRESS.search(output) is None:
        raise LaminaError(
            ErrorCode.STORE_UNAVAILABLE,
            f"The Lamina server could not be started: {_last_line(log) or 'it has logged nothing'}",
            f"See {log}, or start the server yourself: lamina serve.",
        )
    return output


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    return lines[-1][:300] if lines else ""
