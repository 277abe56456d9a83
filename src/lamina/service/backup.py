"""Backs a service up into one file, rows and contents, while it runs; and restores it into an empty place."""

import json
import os
import tarfile
import tempfile
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from lamina.core.errors import ErrorCode, LaminaError
from lamina.document.files import file_beside
from lamina.store.blobs import Blobs
from lamina.store.database import Database
from lamina.store.migrations import migrate
from lamina.store.snapshot import read_snapshot, write_snapshot

_MANIFEST, _ROWS, _BLOBS = "manifest.json", "rows.jsonl", "blobs/"
_FORMAT = 1
_OWNER_ONLY = 0o600  # the file holds the service's secrets


@dataclass(frozen=True, slots=True)
class BackedUp:
    """`missing`: contents that were removed while the backup ran."""

    rows: int
    blobs: int
    bytes: int
    missing: int = 0


async def back_up(database: Database, blobs: Blobs, target: Path) -> BackedUp:
    """A tar file with everything that the database has at this moment, and the contents that it speaks of."""
    with tempfile.TemporaryFile() as rows, file_beside(target) as file:
        os.fchmod(file.fileno(), _OWNER_ONLY)
        revision, hashes = write_snapshot(database.engine, rows)
        count = _lines_in(rows)
        with tarfile.open(fileobj=file, mode="w") as archive:
            manifest = {"format": _FORMAT, "revision": revision, "rows": count, "blobs": len(hashes)}
            content = json.dumps(manifest).encode()
            _add(archive, _MANIFEST, len(content), BytesIO(content))
            _add(archive, _ROWS, rows.tell(), rows)
            kept = size = 0
            for sha256 in sorted(hashes):
                added = await _add_blob(archive, blobs, sha256)
                kept, size = kept + (added is not None), size + (added or 0)
    return BackedUp(count, kept, size, len(hashes) - kept)


async def restore(database: Database, blobs: Blobs, source: Path) -> BackedUp:
    """Into an empty database, of whichever kind, and a blob store. Contents first: a row never speaks of nothing.

    Raises `LaminaError`: input_corrupt, state_conflict (not empty), store_unavailable (from a newer Lamina).
    """
    try:
        with closing(tarfile.open(source, "r:")) as archive:
            manifest = json.loads(_read(archive, _MANIFEST).read())
            if manifest["format"] != _FORMAT:
                raise LaminaError(
                    ErrorCode.INPUT_CORRUPT, "The backup is in a format of a newer Lamina.", "Use that or a newer one."
                )
            migrate(database.engine, manifest["revision"])
            kept = size = 0
            for member in archive:
                if member.isfile() and member.name.startswith(_BLOBS):
                    size += await _put_blob(archive, member, blobs)
                    kept += 1
            count = await database.write(lambda connection: read_snapshot(connection, _read(archive, _ROWS)))
    except (tarfile.TarError, KeyError, ValueError, OSError) as error:
        raise LaminaError(
            ErrorCode.INPUT_CORRUPT, f"{str(source)!r} is no whole backup: {error}.", "Take another one."
        ) from error
    migrate(database.engine)
    return BackedUp(count, kept, size)


async def _add_blob(archive: tarfile.TarFile, blobs: Blobs, sha256: str) -> int | None:
    """Its size; None where it has just been removed."""
    with tempfile.TemporaryFile() as content:
        try:
            await _spool(blobs.stream(sha256), content)
        except LaminaError as error:
            if error.code is ErrorCode.NOT_FOUND:
                return None
            raise
        size = content.tell()
        _add(archive, _BLOBS + sha256, size, content)
    return size


async def _spool(chunks: AsyncIterator[bytes], file: BinaryIO) -> None:
    async for chunk in chunks:
        file.write(chunk)


async def _put_blob(archive: tarfile.TarFile, member: tarfile.TarInfo, blobs: Blobs) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "blob")
        content = archive.extractfile(member)
        assert content is not None  # noqa: S101  (it is a file)
        with path.open("wb") as file:
            while chunk := content.read(1 << 20):
                file.write(chunk)
        stored = await blobs.put(path)
    if member.name != _BLOBS + stored.sha256:
        raise ValueError(f"{member.name} is damaged")
    return stored.size


def _add(archive: tarfile.TarFile, name: str, size: int, content: BinaryIO) -> None:
    content.seek(0)
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, _OWNER_ONLY
    archive.addfile(member, content)


def _read(archive: tarfile.TarFile, name: str) -> BinaryIO:
    content = archive.extractfile(name)
    if content is None:
        raise KeyError(name)
    return content  # pyright: ignore[reportReturnType]


def _lines_in(file: BinaryIO) -> int:
    file.seek(0)
    count = sum(1 for _ in file)
    file.seek(0, os.SEEK_END)
    return count
