"""Lists the packages and modules that a request passes through, from HTTP to its end; decision 20 has the figures.

    scripts/bench call_path
    scripts/bench call_path --source ../lamina-0.3.0/src/lamina

Two requests are traced in the real service, on SQLite: `fal`, a layered decomposition sent to fal's queue, until its
job is in the store; and `training`, a training of nano sent to Lamina's own API, until the trainer in the engine
process runs. A package is a folder of `src/lamina`. For each request it prints:

- the packages and modules in the order in which a function of theirs is first called;
- `crossings`: calls from a function of one package to a function of another, each pair of functions counted once;
- `stacks`: the modules on the call stack when the job is stored, when its order is sent to the engine process, and when
  the trainer runs. This is the way of the request itself, without the helpers that have returned by then.

The last line of each request is JSON. `--source` accepts a checkout of 0.3.0.
"""

import argparse
import base64
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import httpx2
from PIL import Image

SOURCE = Path(__file__).parents[2] / "src" / "lamina"
_HOOK = Path(__file__).with_name("hook")
_STORED, _SENT, _TRAINED = "store/jobs.py:insert", "EnginePipes.send", "qwen/training/trainer.py:Training.run"
_START = "server/requests.py:"
_TIMEOUT_S = 300


class Call(TypedDict):
    """A line of `hook/sitecustomize.py`. Functions are "path/of/module.py:Class.method", the outermost first."""

    ns: int
    caller: str
    called: str
    stack: list[str]


@dataclass(frozen=True, slots=True)
class Server:
    client: httpx2.Client
    key: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--source", type=Path, default=SOURCE, help="folder of the package to trace (default: src/lamina)"
    )
    source = parser.parse_args().source.resolve()
    _report("fal", _traced(source, _submit_to_fal, _STORED))
    _report("training", _traced(source, _train, _TRAINED))


def _submit_to_fal(server: Server) -> None:
    body = {"image_url": _data_uri("image/png", _picture("#c03030")), "num_layers": 3}
    headers = {"Authorization": f"Key {server.key}"}
    server.client.post("/fal/queue/fal-ai/qwen-image-layered", json=body, headers=headers).raise_for_status()


def _train(server: Server) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(2):
            archive.writestr(f"{number}_start.png", _picture("#c03030"))
            archive.writestr(f"{number}_end.png", _picture("#3030c0"))
            archive.writestr(f"{number}.txt", "make it blue")
    body = {"images": _data_uri("application/zip", file.getvalue()), "steps": 1, "model": "nano"}
    headers = {"Authorization": f"Bearer {server.key}", "Prefer": "wait=200"}
    answer = server.client.post("/v1/trainings", json=body, headers=headers)
    if answer.status_code != 200:
        sys.exit(f"The training did not end: {answer.text}")


def _traced(source: Path, send: Callable[[Server], None], end: str) -> list[Call]:
    """The calls of all processes in order of time, from the request's first to the first call of `end`."""
    with tempfile.TemporaryDirectory(prefix="lamina-bench-") as folder:
        with _server(source, Path(folder)) as server:
            send(server)
        lines = [line for path in Path(folder).glob("*.jsonl") for line in path.read_text("utf-8").splitlines()]
    calls: list[Call] = sorted((json.loads(line) for line in lines), key=lambda call: call["ns"])
    first_ns = next(call["ns"] for call in calls if call["called"].startswith(_START))
    last_ns = next(call["ns"] for call in calls if call["called"].endswith(end))
    return [call for call in calls if first_ns <= call["ns"] <= last_ns]


@contextmanager
def _server(source: Path, folder: Path) -> Generator[Server]:
    environment = {
        **os.environ,
        "PYTHONPATH": f"{_HOOK}{os.pathsep}{source.parent}",
        "CALL_PATH_SOURCE": str(source),
        "CALL_PATH_FOLDER": str(folder),
        "LAMINA_DATA": str(folder / "data"),
    }
    command = [sys.executable, "-m", "lamina", "serve", "--port", "0"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None  # noqa: S101  (it is a pipe)
    try:
        text, url, key = "", None, None
        while not (url and key):
            line = process.stdout.readline()
            if not line:
                sys.exit(f"The service did not start: {(folder / 'log').read_text('utf-8')}")
            text += line
            url, key = re.search(r"API +(\S+)/v1", text), re.search(r"Key +(\S+)", text)
        with httpx2.Client(base_url=url[1], timeout=_TIMEOUT_S) as client:
            yield Server(client, key[1])
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def _report(name: str, calls: list[Call]) -> None:
    crossings = [call for call in calls if call["caller"] and _package(call["caller"]) != _package(call["called"])]
    modules = _unique(_module(call["called"]) for call in calls)
    packages = _unique(_package(call["called"]) for call in calls)
    stacks = [call["stack"] for call in calls if call["called"].endswith((_STORED, _SENT, _TRAINED))]
    print(f"{name}: {', '.join(packages)}")
    for package in packages:
        print(f"  {package:<10} {', '.join(module for module in modules if module.partition('.')[0] == package)}")
    for stack in stacks:
        print(f"  stack: {' > '.join(_runs(map(_module, stack)))}")
    changes = [len(_runs(map(_package, stack))) - 1 for stack in stacks]
    figures = {
        "request": name,
        "functions": len({call["called"] for call in calls}),
        "modules": len(modules),
        "packages": len(packages),
        "crossings": len(crossings),
        "crossings_without_core": sum(_package(call["called"]) != "core" for call in crossings),
        "crossings_on_stacks": changes,
    }
    print(json.dumps(figures), end="\n\n")


def _module(function: str) -> str:
    return function.partition(":")[0].removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _package(function: str) -> str:
    return _module(function).partition(".")[0]


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _runs(names: Iterable[str]) -> list[str]:
    """Each name once for as long as it repeats."""
    runs: list[str] = []
    for name in names:
        if runs[-1:] != [name]:
            runs.append(name)
    return runs


def _data_uri(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _picture(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(file, "PNG")
    return file.getvalue()


if __name__ == "__main__":
    main()
