"""Caches LoRAs downloaded from URLs by their content, and downloads each URL once."""

import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import urlsplit

from lamina.engines.qwen.adapters.files import LoraFile
from lamina.engines.qwen.adapters.header_sniffing import MOST_BYTES, check_lora, check_name
from lamina.engines.qwen.adapters.refusal import unusable

KEPT_BYTES = 32 << 30


class Fetch(Protocol):
    """Downloads an http or https URL. A service uses one that cannot access its private network."""

    def __call__(self, url: str, write: Callable[[bytes], object], /) -> None:
        """Passes the content to `write` in chunks; exceptions of `write` propagate.

        Raises `LaminaError` (download_failed).
        """
        ...


class LoraDownloads:
    """A cache folder: `blobs/` contains files named by their SHA-256, `urls/` maps the SHA-256 of URLs to them.

    Beyond `kept_bytes`, the least recently used LoRAs are deleted; they are downloaded again when needed.
    """

    def __init__(self, folder: Path, fetch: Fetch, kept_bytes: int = KEPT_BYTES) -> None:
        self._blobs, self._urls = folder / "blobs", folder / "urls"
        self._fetch = fetch
        self._kept_bytes = kept_bytes

    def get(self, url: str) -> LoraFile:
        """The LoRA at a URL, from the cache if possible. Raises `LaminaError` (lora_unusable, download_failed)."""
        try:
            label = label_of(url)
        except ValueError:
            raise unusable(url, "it is not a valid URL.", "Check the URL.") from None
        check_name(urlsplit(url).path, label)
        entry = self._urls / hashlib.sha256(url.encode()).hexdigest()
        sha256 = entry.read_text() if entry.is_file() else ""
        blob = self._blobs / f"{sha256}.safetensors"
        if not sha256 or not blob.is_file():
            blob = self._download(url, label)
            _write_atomically(entry, blob.stem)
            self._forget_oldest(blob)
        now_ns = time.time_ns()  # higher resolution than the default of utime
        os.utime(blob, ns=(now_ns, now_ns))  # marks it as used
        return LoraFile(label, blob, blob.stem)

    def _download(self, url: str, label: str) -> Path:
        self._blobs.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._blobs, suffix=".part", delete=False) as part:
            try:
                content = _Bounded(part, label)
                self._fetch(url, content.write)
                part.close()
                check_lora(Path(part.name), label)
                blob = self._blobs / f"{content.sha256.hexdigest()}.safetensors"
                return Path(part.name).replace(blob)
            finally:
                Path(part.name).unlink(missing_ok=True)

    def _forget_oldest(self, newest: Path) -> None:
        kept = newest.stat().st_size
        others = [(path.stat(), path) for path in self._blobs.glob("*.safetensors") if path != newest]
        for status, path in sorted(others, key=lambda other: other[0].st_mtime_ns, reverse=True):
            kept += status.st_size
            if kept > self._kept_bytes:
                path.unlink(missing_ok=True)


def label_of(url: str) -> str:
    """A URL for messages, without user, password and query, which may contain secrets."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


class _Bounded:
    """Writes and hashes up to the size limit of a LoRA."""

    def __init__(self, file: IO[bytes], label: str) -> None:
        self._file, self._label = file, label
        self._written = 0
        self.sha256 = hashlib.sha256()

    def write(self, piece: bytes) -> None:
        self._written += len(piece)
        if self._written > MOST_BYTES:
            raise unusable(self._label, f"it has more than {MOST_BYTES:,} bytes; it may be a full model.")
        self.sha256.update(piece)
        self._file.write(piece)


def _write_atomically(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".part", delete=False) as part:
        part.write(text)
    Path(part.name).replace(path)
