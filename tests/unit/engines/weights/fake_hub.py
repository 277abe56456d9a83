"""A hub on this machine: the few addresses of the Hugging Face hub that a download needs, and ways to make it fail."""

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlparse

from waiting import joined

COMMIT = "8f0ca708dfff6ba1dd5f2d85d78f8c108a040bcf"


@dataclass
class FakeHub:
    """`repositories`: folders by repository. `cut_after`: by file, the bytes after which its next download breaks off,
    so often as there are numbers; `altered`: files that come with a wrong byte. `requests`: (method, path, range).
    """

    repositories: dict[str, Path]
    cut_after: dict[str, list[int]] = field(default_factory=dict)
    altered: set[str] = field(default_factory=set)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    address: str = ""
    stop: Callable[[], None] = lambda: None

    def start(self) -> None:
        hub = self

        class Handler(_Handler):
            fake = hub

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        self.address = f"http://127.0.0.1:{server.server_address[1]}"

        def stop() -> None:
            server.shutdown()
            server.server_close()
            joined(thread)

        self.stop = stop

    def downloads(self) -> list[str]:
        """The names of the files that were asked for."""
        return [path.rpartition(f"/resolve/{COMMIT}/")[2] for method, path, _ in self.requests if "/resolve/" in path]


class _Handler(BaseHTTPRequestHandler):
    fake: FakeHub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = unquote(urlparse(self.path).path)
        self.fake.requests.append((self.command, path, self.headers.get("Range")))
        for repository, folder in self.fake.repositories.items():
            if path.startswith(f"/api/models/{repository}/revision/"):
                return self._json(200, _info(repository, folder))
            if path.startswith(f"/{repository}/resolve/{COMMIT}/"):
                return self._file(folder, path.partition(f"/resolve/{COMMIT}/")[2])
        return self._json(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})

    def _file(self, folder: Path, name: str) -> None:
        content = bytearray((folder / name).read_bytes())
        if name in self.fake.altered:
            content[-1] ^= 1
        asked = self.headers.get("Range")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        cuts = self.fake.cut_after.get(name, [])
        if cuts:
            self.wfile.write(content[start : start + cuts.pop(0)])
            self.wfile.flush()
            self.close_connection = True
        else:
            self.wfile.write(content[start:])

    def _json(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(text)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


def _info(repository: str, folder: Path) -> dict[str, object]:
    siblings: list[dict[str, object]] = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        entry: dict[str, object] = {
            "rfilename": path.relative_to(folder).as_posix(),
            "size": len(content),
            "blobId": hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest(),  # noqa: S324
        }
        if path.suffix in (".safetensors", ".bin", ".onnx"):
            sha256 = hashlib.sha256(content).hexdigest()
            entry["lfs"] = {"size": len(content), "sha256": sha256, "pointerSize": 134}
        siblings.append(entry)
    card = {"license": "apache-2.0"}
    return {"id": repository, "modelId": repository, "sha": COMMIT, "siblings": siblings, "cardData": card, "tags": []}
