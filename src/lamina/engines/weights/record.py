"""The record `lamina.json` beside a model's files: their origin, lengths and checksums."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lamina.core.errors import ErrorCode, LaminaError

RECORD = "lamina.json"
_CHUNK_BYTES = 4 * 2**20

BytesRead = Callable[[int], None]
"""Called with the number of bytes read since the last call."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """The length of a file in bytes and its SHA-256 in hexadecimal."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """`source`: a hub repository or a folder; `commit`: the commit of the repository, or "". `files`: by path."""

    model: str
    source: str
    commit: str
    licence: str
    files: dict[str, FileRecord]

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files.values())


def read_record(folder: Path) -> Record | None:
    """None if there is no readable record."""
    try:
        stored = json.loads((folder / RECORD).read_text("utf-8"))
        files = {
            name: FileRecord(int(file["bytes"]), str(file["sha256"])) for name, file in stored.pop("files").items()
        }
        return Record(files=files, **stored)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_record(folder: Path, record: Record) -> None:
    (folder / RECORD).write_text(json.dumps(asdict(record), indent=2) + "\n", "utf-8")


def sha256_of(path: Path, report: BytesRead = lambda _: None) -> str:
    with path.open("rb") as file:
        return _digest(file, hashlib.sha256(), report)


def git_id_of(path: Path) -> str:
    """The git blob id: SHA-1 of "blob LENGTH\\0" followed by the content."""
    start = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        return _digest(file, start, lambda _: None)


def verify(folder: Path, report: BytesRead = lambda _: None) -> None:
    """Compares every file of a model with its record.

    Raises `LaminaError` (weights_damaged, weights_missing) at the first difference, or if there is no record.
    """
    record = read_record(folder)
    if record is None:
        raise LaminaError(
            ErrorCode.WEIGHTS_MISSING,
            f"There are no checksums for {folder}, because lamina pull did not create it.",
            "To import a folder and record its checksums: lamina pull MODEL --from DIR.",
        )
    for name, file in record.files.items():
        path = folder / name
        if not path.is_file():
            reason = "is missing"
        elif path.stat().st_size != file.bytes:
            reason = f"has {path.stat().st_size:,} bytes instead of {file.bytes:,}"
        elif sha256_of(path, report) != file.sha256:
            reason = "does not match its checksum"
        else:
            continue
        raise LaminaError(
            ErrorCode.WEIGHTS_DAMAGED,
            f"The weights file {path} {reason}.",
            f"Download it again: lamina pull {record.model}.",
        )


def _digest(file: Any, digest: Any, report: BytesRead) -> str:
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
        report(len(chunk))
    return digest.hexdigest()
