"""Archives of pictures to learn from, as fal names what is in them."""

import base64
import io
import threading
import zipfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image

from waiting import joined

SIDE_PX = 64


def picture(colour: str = "#c03030", kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (SIDE_PX, SIDE_PX), colour).save(file, kind)
    return file.getvalue()


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def edits(count: int = 2, references: int = 1) -> bytes:
    """Pairs, each with a caption of its own."""
    files: dict[str, bytes | str] = {}
    for number in range(count):
        for reference in range(1, references + 1):
            files[f"{number}_start{'' if reference == 1 else reference}.png"] = picture("#c03030")
        files[f"{number}_end.png"] = picture("#3030c0")
        files[f"{number}.txt"] = "make it blue"
    return zipped(files)


def layers(count: int = 3, groups: int = 2) -> bytes:
    files: dict[str, bytes | str] = {}
    for number in range(groups):
        files[f"{number}_start.png"] = picture()
        files[f"{number}.txt"] = "a red square"
        for layer in range(1, count + 1):
            files[f"{number}_end{'' if layer == 1 else layer}.png"] = picture()
    return zipped(files)


@contextmanager
def given_out(files: Mapping[str, bytes]) -> Generator[str]:
    """The address of a web server on this machine that has these files."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.get(self.path.lstrip("/"))
            self.send_response(404 if content is None else 200)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        joined(thread)


def data_uri(archive: bytes) -> str:
    return f"data:application/zip;base64,{base64.b64encode(archive).decode()}"
