"""A real `lamina serve`, in a process and a folder of its own, for tests that use it as its users do."""

import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
from PIL import Image, ImageDraw

from lamina_with_engine import ENGINE_CHILD
from waiting import PATIENCE_S, ended, joined, next_line

NO_OP_CHILD = Path(__file__).parents[1] / "benchmarks" / "no_op_child.py"
_TIMEOUT_S = 60

# A service goes where its users point it: here every name but this machine's is unknown, and every connection beyond
# loopback fails before it is made.
PROGRAM = f"""
import sys

def refuse(event, arguments):
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    if str(host) not in ("127.0.0.1", "::1", "localhost", "0.0.0.0"):
        raise OSError(f"the tests do not reach {{host}}")

sys.addaudithook(refuse)
sys.path.append({str(Path(__file__).parent)!r})
from lamina_with_engine import main
main()
"""


@dataclass
class Served:
    """`key`: the one that the first start made, or empty. `client` sends it along. `link`: to the Studio, signs in."""

    process: "subprocess.Popen[str]"
    url: str
    key: str
    data: Path
    client: httpx2.Client
    link: str = ""

    def as_key(self, key: str) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=_TIMEOUT_S)

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return ended(self.process)

    def events(self, job_id: str, after: int = 0) -> Generator[dict[str, str]]:
        """Each as its fields; to the end of the job, or until nobody takes the next one."""
        with self.client.stream("GET", f"/v1/jobs/{job_id}/events", headers={"Last-Event-ID": str(after)}) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            event: dict[str, str] = {}
            end = time.monotonic() + PATIENCE_S
            for line in answer.iter_lines():
                assert time.monotonic() < end, f"the job {job_id} did not end within {PATIENCE_S:g} s"
                if line.startswith(":"):  # as long as nothing happens, which may be for ever
                    continue
                if not line:
                    if event:
                        yield event
                    event = {}
                    continue
                name, _, text = line.partition(": ")
                event[name] = text


@contextmanager
def served(folder: Path, *arguments: str, child: Path | None = NO_OP_CHILD, **variables: str) -> Generator[Served]:
    """`child`: the engine's process; None is the real one, which loads only what jobs want. `variables`: of the
    environment.
    """
    environment = environment_of(folder, **{"LAMINA_WARM_UP": "false", **variables})
    if child is not None:
        environment[ENGINE_CHILD] = str(child)
    command = [sys.executable, "-W", "error", "-c", PROGRAM, "serve", "--port", "0", *arguments]
    log = (folder / "log").open("a")
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        words = _words(process)
        url, key, link = (re.search(what, words) for what in (r"API +(\S+)/v1", r"Key +(\S+)", r"Studio +(\S+)"))
        assert url, words + (folder / "log").read_text()
        headers = {"Authorization": f"Bearer {key[1]}"} if key else {}
        with httpx2.Client(base_url=url[1], headers=headers, timeout=_TIMEOUT_S) as client:
            yield Served(process, url[1], key[1] if key else "", folder / "data", client, link[1] if link else "")
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            ended(process)
        assert process.stdout is not None
        process.stdout.close()
        log.close()


@contextmanager
def files_served(folder: Path) -> Generator[str]:
    """The address below which the files of a folder are, as on a user's own server."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            joined(thread)


def lamina(folder: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """The command line, with the same store as `served(folder)`."""
    command = [sys.executable, "-W", "error", "-c", PROGRAM, *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment_of(folder, **variables),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
    )


def environment_of(folder: Path, **variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LAMINA_")}
    return {**kept, "LAMINA_DATA": str(folder / "data"), **variables}


def poster(width: int = 240, height: int = 160) -> bytes:
    """A PNG of a disc and a word."""
    picture = Image.new("RGB", (width, height), "#f4efe6")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((30, 60, 110, 140), fill="#d1495b")
    draw.text((20, 15), "Lamina", fill="#222222", font_size=28)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The problem details that an answer must be."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["detail"].endswith(".")
    return body


def _words(process: "subprocess.Popen[str]") -> str:
    lines: list[str] = []
    while line := next_line(process, _TIMEOUT_S):
        lines.append(line)
        if line.strip().startswith("Engine"):
            break
    return "".join(lines)
