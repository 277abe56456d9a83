"""Runware's own SDKs, each in a process of its own, for tests that talk to Lamina through them."""

import json
import subprocess
import uuid
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdks import node_with, python_with
from waiting import next_line

PYTHON_V1, PYTHON_V2, JAVASCRIPT = "runware 0.5", "runware-sdk 1.8", "@runware/sdk-js 1.3"
_DRIVERS = Path(__file__).parent / "drivers"
_PATIENCE_S = 100.0
_LEAVING_S = 20.0
Under = Sequence[str]
"""The command that runs the SDK's process, such as `lamina redirect`. A URL of None is the SDK's own address."""


@dataclass
class Client:
    """`connected`: what the SDK said of its first connection."""

    process: "subprocess.Popen[str]"
    connected: Mapping[str, Any]

    def together(self, *calls: tuple[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
        """{result} or {error} of each, made at the same time."""
        asked = {"calls": [{"do": name, "with": given} for name, given in calls]}
        return _said(self.process, asked)["results"]

    def ask(self, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        return self.together((name, given))[0]

    def get(self, name: str, given: Mapping[str, Any]) -> Any:
        """The result of a call that must succeed."""
        answer = self.ask(name, given)
        assert "error" not in answer, answer["error"]
        return answer["result"]


@contextmanager
def python_v1(url: str | None, key: str, path: str = "/v1", under: Under = ()) -> Generator[Client]:
    command = [*under, str(python_with("runware==0.5.24")), str(_DRIVERS / "python_v1.py")]
    with _driven(command, {"url": url, "key": key, "path": path}) as client:
        yield client


@contextmanager
def python_v2(url: str | None, key: str, transport: str, path: str = "/v1", under: Under = ()) -> Generator[Client]:
    """`transport`: "websocket" or "rest"."""
    command = [*under, str(python_with("runware-sdk==1.8.0")), str(_DRIVERS / "python_v2.py")]
    with _driven(command, {"url": url, "key": key, "path": path, "transport": transport}) as client:
        yield client


@contextmanager
def javascript(url: str | None, key: str, path: str = "/v1", under: Under = ()) -> Generator[Client]:
    place = node_with("@runware/sdk-js@1.3.2")
    command = [*under, "node", str(_DRIVERS / "javascript.mjs")]
    with _driven(command, {"url": url, "key": key, "path": path}, place) as client:
        yield client


def new_uuid() -> str:
    return str(uuid.uuid4())


@contextmanager
def _driven(command: list[str], told: Mapping[str, Any], folder: Path | None = None) -> Generator[Client]:
    process = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL
    )
    try:
        yield Client(process, _said(process, told))
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()  # the end of its words is the end of an SDK's process
        try:
            process.wait(_LEAVING_S)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait(_LEAVING_S)
        process.stdout.close()


def _said(process: "subprocess.Popen[str]", words: Mapping[str, Any]) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(words) + "\n")
    process.stdin.flush()
    line = next_line(process, _PATIENCE_S)
    assert line, "the SDK's process has ended"
    return json.loads(line)
