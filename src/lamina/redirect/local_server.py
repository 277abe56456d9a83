"""The Lamina on this machine that requests are redirected to: the one that runs, or one started for the while."""

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

_ASK_S, _START_S, _END_S = 2.0, 60.0, 60.0
_ADDRESS = re.compile(r"^\s*API\s+(\S+)/v1\s*$", re.MULTILINE)
_LAST_LINE = "Engine"
LOG = "redirect-server.log"


@contextlib.contextmanager
def local_server(settings: Settings) -> Generator[tuple[str, str]]:
    """(its address, what it said when it was started; "" if it ran already).

    Raises `LaminaError` (store_unavailable, port_taken) where none can be started; the log says why.
    """
    address = _address_of(settings)
    if settings.port and _is_lamina(address):
        yield address, ""
        return
    with _started(settings) as words:
        found = _ADDRESS.search(words)
        assert found is not None  # noqa: S101  (`_started` has waited for it)
        yield found[1], words


def _address_of(settings: Settings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104  (asked, not bound)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def _is_lamina(address: str) -> bool:
    try:
        answer = httpx2.get(f"{address}/health", timeout=_ASK_S, trust_env=False)
        return answer.json().get("name") == "Lamina"  # many servers have a /health, and none else is to hear a key
    except (httpx2.HTTPError, ValueError, AttributeError):
        return False


@contextlib.contextmanager
def _started(settings: Settings) -> Generator[str]:
    """In a session of its own, so that Ctrl-C ends the command first, and the server after it. It ends with this
    process, whatever ends that: it has the other end of a pipe.
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
        yield _welcome(process, folder / LOG)
    finally:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            assert stream is not None  # noqa: S101  (it is a pipe)
            stream.close()


def _welcome(process: "subprocess.Popen[str]", log: Path) -> str:
    assert process.stdout is not None  # noqa: S101  (it is a pipe)
    lines: list[str] = []
    timer = threading.Timer(_START_S, process.kill)
    timer.daemon = True  # a signal may come before it can be cancelled, and nobody is to wait for it then
    try:
        timer.start()
        for line in process.stdout:
            lines.append(line)
            if line.strip().startswith(_LAST_LINE):
                break
    finally:
        timer.cancel()
    words = "".join(lines)
    if _ADDRESS.search(words) is None:
        raise LaminaError(
            ErrorCode.STORE_UNAVAILABLE,
            f"No server could be started: {_last_line(log) or 'it said nothing'}",
            f"See {log}, or start one yourself: lamina serve.",
        )
    return words


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    return lines[-1][:300] if lines else ""
