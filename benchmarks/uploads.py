"""Measures how much memory the service needs to receive a file of the largest size, for each way to send it.

Run `python benchmarks/uploads.py [--mib 500]`. A real server has its limit set to exactly this size; the file is zeros,
except for a number in each part. The benchmark measures the server's resident memory before the upload and its peak
until the end (VmHWM of /proc). Then it sends a file of one byte more, which must be refused, and reports the status and
the part. It prints a line of JSON for each way, and a table.
"""

import argparse
import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from serving import Served, served

PART = 10 << 20  # of fal's clients
_BLOCK = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=500, help="size of the file, and the limit (500)")
    size = parser.parse_args().mib << 20
    rows: list[dict[str, Any]] = []
    for how, send in WAYS.items():
        with (
            tempfile.TemporaryDirectory(prefix="lamina-bench-") as folder,
            served(Path(folder), LAMINA_MAX_UPLOAD_BYTES=str(size), LAMINA_AGENTS="0") as server,
        ):
            rows.append(_row(server, how, send, size))
        print(json.dumps(rows[-1]), flush=True)
    print(f"{'how':>12} | MiB | seconds | before MB | most MB | one byte more")
    for row in rows:
        line = f"{row['how']:>12} | {size >> 20} | {row['seconds']:>7} | {row['before_mb']:>9} | {row['most_mb']:>7}"
        print(f"{line} | {row['refused']}")


def _row(server: Served, how: str, send: Any, size: int) -> dict[str, Any]:
    before = _memory_mb(server.process.pid, "VmRSS")
    with httpx2.Client(base_url=server.url, headers=server.client.headers, timeout=600) as client:
        start = time.perf_counter()
        status = send(client, size)
        seconds = time.perf_counter() - start
        most = _memory_mb(server.process.pid, "VmHWM")
        refused = send(client, size + 1)
    return {
        "how": how,
        "status": status,
        "seconds": round(seconds, 1),
        "before_mb": before,
        "most_mb": most,
        "refused": refused,
    }


def _in_parts(client: httpx2.Client, size: int) -> str:
    upload = client.post("/fal/cdn/files/upload/multipart", headers={"X-Fal-File-Name": "large.bin"}).json()
    where = f"{upload['access_url']}/multipart/{upload['uploadId']}"
    parts: list[dict[str, Any]] = []
    for number, start in enumerate(range(0, size, PART), 1):
        length = min(PART, size - start)
        answer = client.put(
            f"{where}/{number}", content=_zeros(length, number), headers={"Content-Length": str(length)}
        )
        if answer.status_code != 200:
            return f"{answer.status_code} at part {number} of {-(-size // PART)}"
        parts.append({"partNumber": number, "etag": answer.headers["etag"]})
    return str(client.post(f"{where}/complete", json={"parts": parts}).status_code)


def _in_one(client: httpx2.Client, size: int) -> str:
    headers = {"Content-Length": str(size)}
    try:
        return str(client.post("/fal/cdn/files/upload", content=_zeros(size, 0), headers=headers).status_code)
    except httpx2.TransportError as error:  # the server refuses it before it has read all of it
        return f"refused while it was sent ({type(error).__name__})"


def _as_a_form(client: httpx2.Client, size: int) -> str:
    with tempfile.TemporaryFile() as file:
        file.truncate(size)
        return str(client.post("/v1/files", files={"file": ("large.bin", file)}).status_code)


def _zeros(size: int, number: int) -> Iterator[bytes]:
    yield number.to_bytes(4, "big")[: min(4, size)]
    left = size - 4
    while left > 0:
        yield bytes(min(left, _BLOCK))
        left -= _BLOCK


def _memory_mb(pid: int, name: str) -> int:
    match = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(match[1]) // 1000 if match else 0


WAYS = {"fal in parts": _in_parts, "fal in one": _in_one, "form": _as_a_form}

if __name__ == "__main__":
    main()
