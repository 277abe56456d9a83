"""Backs up a running service, its rows and contents, into one file, and restores it into an empty store."""

import hashlib
import json
import os
import tarfile
import tempfile
import time
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, TypedDict

from sqlalchemy import Connection, exc

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import JobState
from lamina.imaging.atomic_files import atomic_file
from lamina.store import agents, events, jobs
from lamina.store.blobs import Blobs
from lamina.store.database import Database
from lamina.store.migrations import knows, migrate
from lamina.store.snapshot import check_empty, check_there, read_snapshot, write_snapshot

# The manifest comes last: a file that was cut has none.
_ROWS, _BLOBS, _MANIFEST = "rows.jsonl", "blobs/", "manifest.json"
_FORMAT = 1
_OWNER_ONLY = 0o600  # the file holds the service's secrets
_CHUNK_BYTES = 1 << 20
_LARGEST_MANIFEST_BYTES = 1 << 16


class _Manifest(TypedDict):
    """The last member of a backup. `revision`: of the database's schema; `blobs`: the number of contents."""

    format: int
    revision: str
    rows: int
    rows_sha256: str
    blobs: int


@dataclass(frozen=True, slots=True)
class BackedUp:
    """Numbers of rows and of contents (`blobs`), their size in bytes, and the number of missing contents."""

    rows: int
    blobs: int
    bytes: int
    missing: int = 0


async def back_up(database: Database, blobs: Blobs, target: Path) -> BackedUp:
    """Writes a tar file with the rows of the database at this moment, and the contents that they refer to.

    Raises `LaminaError`: input_not_found (no service there), output_in_the_way, output_unwritable, store_unavailable.
    """
    await database.read(check_there)
    migrate(database.engine)  # this version could not copy an older schema
    with tempfile.TemporaryFile() as rows, atomic_file(target) as file:
        os.fchmod(file.fileno(), _OWNER_ONLY)
        revision, hashes = await database.read(lambda connection: write_snapshot(connection, rows))
        size = rows.tell()
        with tarfile.open(fileobj=file, mode="w") as archive:
            _add(archive, _ROWS, size, rows)
            rows.seek(0)
            count, rows_hash = sum(1 for _ in rows), _hash_of(rows)
            kept = total = 0
            for sha256 in sorted(hashes):
                added = await _add_blob(archive, blobs, sha256)
                kept, total = kept + (added is not None), total + (added or 0)
            manifest: _Manifest = {
                "format": _FORMAT,
                "revision": revision,
                "rows": count,
                "rows_sha256": rows_hash,
                "blobs": kept,
            }
            content = json.dumps(manifest).encode()
            _add(archive, _MANIFEST, len(content), BytesIO(content))
        file.flush()
        os.fsync(file.fileno())
    return BackedUp(count, kept, total, len(hashes) - kept)


async def restore(database: Database, blobs: Blobs, source: Path) -> BackedUp:
    """Restores into an empty database of either kind and a blob store. The whole backup is verified before anything is
    written, and contents are written before the rows that refer to them. Jobs that were running are queued again, and
    that attempt does not count.

    Raises `LaminaError`: input_not_found, input_unreadable, input_corrupt, state_conflict (not empty),
    store_unavailable (it does not answer, or the backup is from a newer Lamina).
    """
    with _opened(source) as archive:
        with _reported_as_damaged(source):
            manifest = _whole(archive)
        revision = manifest["revision"]
        if manifest["format"] != _FORMAT or not knows(revision):
            raise LaminaError(
                ErrorCode.STORE_UNAVAILABLE,
                f"{str(source)!r} was written by a newer Lamina.",
                "Restore it with that version or a newer one.",
            )
        await database.read(check_empty)
        migrate(database.engine, revision)
        sizes = [await _put_blob(archive, member, blobs) for member in archive if member.name.startswith(_BLOBS)]
        count = await _put_rows(database, archive, revision)
    migrate(database.engine)
    await database.write(_queue_again)
    return BackedUp(count, len(sizes), sum(sizes))


def _queue_again(connection: Connection) -> None:
    """Queues the jobs that were running. Their agents belong to another installation, and may still be alive there."""
    now = time.time()
    for job in jobs.running(connection):
        if jobs.requeue(connection, job.id, job.attempt, now, is_excused=True) is not None:
            requeued = {"state": JobState.QUEUED, "attempt": job.attempt, "why": "restored from a backup"}
            events.append(connection, job.id, events.STATE, requeued, now)
    agents.remove_all(connection)


async def _add_blob(archive: tarfile.TarFile, blobs: Blobs, sha256: str) -> int | None:
    """The size of the content in bytes; None if it is missing."""
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


async def _spool(chunks: AsyncIterator[bytes], file: IO[bytes]) -> None:
    async for chunk in chunks:
        file.write(chunk)


def _add(archive: tarfile.TarFile, name: str, size: int, content: IO[bytes]) -> None:
    content.seek(0)
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, _OWNER_ONLY
    archive.addfile(member, content)


def _whole(archive: tarfile.TarFile) -> _Manifest:
    """The manifest, after everything else was checked against it. Raises what `_reported_as_damaged` handles."""
    last = archive.getmembers()[-1:]
    if not last or last[0].name != _MANIFEST or last[0].size > _LARGEST_MANIFEST_BYTES:
        raise ValueError("its end is missing")
    manifest: _Manifest = json.loads(_read(archive, last[0]).read())
    if manifest["format"] != _FORMAT:
        return manifest
    if _hash_of(_read(archive, archive.getmember(_ROWS))) != manifest["rows_sha256"]:
        raise ValueError(f"{_ROWS} is damaged")
    contents = [member for member in archive.getmembers() if member.name.startswith(_BLOBS)]
    if len(contents) != manifest["blobs"]:
        raise ValueError(f"{len(contents)} of {manifest['blobs']} files are there")
    for member in contents:
        if _BLOBS + _hash_of(_read(archive, member)) != member.name:
            raise ValueError(f"{member.name} is damaged")
    return manifest


async def _put_blob(archive: tarfile.TarFile, member: tarfile.TarInfo, blobs: Blobs) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "blob")
        content = _read(archive, member)
        with path.open("wb") as file:
            while chunk := content.read(_CHUNK_BYTES):
                file.write(chunk)
        return (await blobs.put(path)).size


async def _put_rows(database: Database, archive: tarfile.TarFile, revision: str) -> int:
    rows = _read(archive, archive.getmember(_ROWS))
    try:
        return await database.write(lambda connection: read_snapshot(connection, rows, revision))
    except exc.DBAPIError as error:  # Postgres is stricter than SQLite: no zero bytes in text, no text that is too long
        raise LaminaError(
            ErrorCode.STORE_UNAVAILABLE,
            f"The database does not take a row of the backup: {str(error.orig).splitlines()[0]}.",
            "Nothing was restored. Restore into a database of the kind that the backup is from.",
        ) from error


@contextmanager
def _opened(source: Path) -> Generator[tarfile.TarFile]:
    try:
        file = source.open("rb")
    except FileNotFoundError:
        raise LaminaError(ErrorCode.INPUT_NOT_FOUND, f"There is no file {str(source)!r}.", "Check the name.") from None
    except OSError as error:
        raise LaminaError(
            ErrorCode.INPUT_UNREADABLE, f"{str(source)!r} cannot be read: {error.strerror}.", "Check its permissions."
        ) from error
    with file:
        with _reported_as_damaged(source):
            archive = tarfile.TarFile(fileobj=file)
        with archive:
            yield archive


@contextmanager
def _reported_as_damaged(source: Path) -> Generator[None]:
    try:
        yield
    except (tarfile.TarError, KeyError, TypeError, ValueError, OSError) as error:
        raise LaminaError(
            ErrorCode.INPUT_CORRUPT,
            f"{str(source)!r} is not a complete backup of Lamina: {error}.",
            "Use another backup.",
        ) from error


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(member)
    if content is None:
        raise ValueError(f"{member.name} is not a file")
    return content


def _hash_of(file: IO[bytes]) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()
