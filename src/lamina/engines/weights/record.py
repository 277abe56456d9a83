"""The record `lamina.json` beside a model's files: where they came from, and what each must be."""

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
"""Told how many bytes of a file have been read since the last time."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file's length, and its SHA-256 in hexadecimal."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """`source`: a hub repository or a folder; `commit`: of the repository, where it is known. `files`: by path."""

    model: str
    source: str
    commit: str
    licence: str
    files: dict[str, FileRecord]

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files.values())


def read_record(folder: Path) -> Record | None:
    """None where there is none that can be read."""
    try:
        told: dict[str, Any] = json.loads((folder / RECORD).read_text("utf-8"))
        files = {name: FileRecord(int(file["bytes"]), str(file["sha256"])) for name, file in told.pop("files").items()}
        return Record(files=files, **told)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_record(folder: Path, record: Record) -> None:
    (folder / RECORD).write_text(json.dumps(asdict(record), indent=2) + "\n", "utf-8")


def sha256_of(path: Path, told: BytesRead = lambda _: None) -> str:
    with path.open("rb") as file:
        return _digest(file, hashlib.sha256(), told)


def git_id_of(path: Path) -> str:
    """The name that git gives to the content: SHA-1 of "blob LENGTH\\0" and the content."""
    start = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        return _digest(file, start, lambda _: None)


def verify(folder: Path, told: BytesRead = lambda _: None) -> None:
    """Reads every file of a model in full. Raises `LaminaError` (weights_damaged, weights_missing) at the first that is
    not what the record says, or if there is no record.
    """
    record = read_record(folder)
    if record is None:
        raise LaminaError(
            ErrorCode.WEIGHTS_MISSING,
            f"There are no checksums for {folder}: it was not put there by lamina pull.",
            "lamina pull MODEL --from DIR takes a folder and records them.",
        )
    for name, file in record.files.items():
        path = folder / name
        if not path.is_file():
            reason = "is not there"
        elif path.stat().st_size != file.bytes:
            reason = f"has {path.stat().st_size:,} bytes instead of {file.bytes:,}"
        elif sha256_of(path, told) != file.sha256:
            reason = "is not what its checksum says"
        else:
            continue
        raise LaminaError(
            ErrorCode.WEIGHTS_DAMAGED,
            f"The weights file {path} {reason}.",
            f"Get it again: lamina pull {record.model}.",
        )


def _digest(file: Any, digest: Any, told: BytesRead) -> str:
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
        told(len(chunk))
    return digest.hexdigest()
