"""Keeps files by the hash of their content, in a local folder or in an S3, Google or Azure bucket."""

import asyncio
import hashlib
import os
import re
import time
import uuid
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from lamina.core.errors import ErrorCode, LaminaError

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

# A blob put again while it waits for a sweep is written anew, so that its age starts over: a sweep must leave alone
# what was modified less than this long ago, and then nobody's new file is deleted as somebody else's old one.
SWEEP_AFTER = timedelta(hours=1)
_FRESH_FOR = SWEEP_AFTER / 2
_ABANDONED_AFTER = timedelta(days=1)

_PART_BYTES = 8 << 20  # 10,000 parts, the most that S3 takes, are 78 GiB
_PARTS_AT_ONCE = 4
_CHUNK_BYTES = 1 << 20
_CHECK_S = 20
_BUCKET_SCHEMES = ("s3", "s3a", "gs", "az", "azure", "abfs", "abfss")
_SHA256 = re.compile(r"[0-9a-f]{64}")

_NO_BUCKET = ("NoSuchBucket", "specified bucket does not exist", "ContainerNotFound", "container does not exist")
"""What S3, Google (in XML and in JSON) and Azure say."""

# Plain http is used only where the endpoint says so (AWS_ENDPOINT_URL=http://…). The overall limit must let a file of
# 2 GiB through a slow line; the limit for each read is what finds a dead one.
_CLIENT: "ClientConfig" = {"allow_http": True, "connect_timeout": "5s", "read_timeout": "30s", "timeout": "1h"}
_RETRIES: "RetryConfig" = {"max_retries": 4, "retry_timeout": timedelta(seconds=60)}


@dataclass(frozen=True, slots=True)
class Stored:
    """`sha256`: 64 lower-case hex digits, the blob's name; `size` in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class ListedBlob:
    """One blob of a listing; `last_modified` is in UTC."""

    sha256: str
    size: int
    last_modified: datetime


def open_blobs(url_or_folder: str) -> "Blobs":
    """Blobs in a folder (made if it is missing), or under `s3://bucket/prefix`, `gs://…`, `az://…`.

    Credentials, region and endpoint of a bucket come from the provider's usual environment variables. Nothing is
    asked of the bucket before the first use: `Blobs.check` does that.
    Raises LaminaError: settings_invalid (not an address of storage), store_unavailable (the folder cannot be made).
    """
    scheme = urlsplit(url_or_folder).scheme if "://" in url_or_folder else ""
    if scheme in ("", "file"):
        folder = Path(unquote(urlsplit(url_or_folder).path) if scheme else url_or_folder).expanduser().absolute()
        with _told(str(folder)):
            return Blobs(LocalStore(folder, mkdir=True), str(folder), folder)
    if scheme not in _BUCKET_SCHEMES:
        raise LaminaError(
            ErrorCode.SETTINGS_INVALID,
            f"Storage cannot be at {url_or_folder!r}: {scheme}:// is not a kind of storage.",
            "Give a folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix.",
        )
    try:
        store = from_url(url_or_folder, client_options=_CLIENT, retry_config=_RETRIES)
    except (BaseError, ValueError) as error:
        raise LaminaError(
            ErrorCode.SETTINGS_INVALID,
            f"Storage at {url_or_folder!r} cannot be set up: {_first_line(error)}",
            "Check the address, and the provider's environment variables (AWS_*, GOOGLE_*, AZURE_*).",
        ) from error
    return Blobs(store, url_or_folder, None)


class Blobs:
    """Files by content. Every method raises LaminaError: store_unavailable (storage does not answer or refuses),
    and those that name a blob raise not_found where there is none."""

    def __init__(self, store: "ObjectStore", place: str, folder: Path | None) -> None:
        """`place` is what errors call the storage; `folder` is set where it is a local one."""
        self._store = store
        self._folder = folder
        self.place = place

    async def put(self, data: bytes | Path) -> Stored:
        """Stores bytes or a file's content; nobody ever sees a part of it. Content already there is left as it is."""
        if self._folder is not None:
            return await asyncio.to_thread(self._put_in_folder, data, self._folder)
        stored = await asyncio.to_thread(_measured, data)
        path = _path(stored.sha256)
        with _told(self.place):
            try:
                known = await obstore.head_async(self._store, path)
            except FileNotFoundError:
                known = None
            if known is None or not _is_fresh(known, stored.size):
                await obstore.put_async(self._store, path, data, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE)
        return stored

    async def get(self, sha256: str) -> bytes:
        """The whole blob, in memory."""
        with _told(self.place, sha256):
            result = await obstore.get_async(self._store, _path(sha256))
            return (await result.bytes_async()).to_bytes()

    async def stream(self, sha256: str, start: int | None = None, end: int | None = None) -> AsyncIterator[bytes]:
        """The blob's bytes from `start` up to but not including `end`, in chunks of about 1 MiB."""
        size = await self.size(sha256)
        first, last = start or 0, size if end is None else min(end, size)
        if first >= last:  # object stores refuse an empty range
            return
        with _told(self.place, sha256):
            result = await obstore.get_async(self._store, _path(sha256), options={"range": (first, last)})
            async for chunk in result.stream(min_chunk_size=_CHUNK_BYTES):
                yield bytes(chunk)

    async def size(self, sha256: str) -> int:
        """In bytes."""
        path = _path(sha256)
        with _told(self.place, sha256):
            try:
                return (await obstore.head_async(self._store, path))["size"]
            except FileNotFoundError:
                if self._folder is None:  # an answer to HEAD has no body that says whether the bucket is gone
                    return (await obstore.get_async(self._store, path)).meta["size"]
                raise

    async def delete(self, sha256: str) -> None:
        """Deletes the blob; one that is not there is no error."""
        with _told(self.place):
            await self._delete(_path(sha256))

    async def fetch_to(self, sha256: str, path: Path) -> None:
        """Writes the blob to the file `path`, which appears only when it is whole and its hash is right."""
        part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
        digest = hashlib.sha256()
        try:
            with _told(str(path.parent)):
                with part.open("wb") as file:
                    async for chunk in self.stream(sha256):
                        await asyncio.to_thread(_write_both, chunk, file, digest.update)
                if digest.hexdigest() != sha256:
                    raise LaminaError(
                        ErrorCode.STORE_UNAVAILABLE,
                        f"The file {sha256} in {self.place} is damaged: its content no longer has that hash.",
                        "Bring it back from a backup.",
                    )
                part.replace(path)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    async def list(self) -> AsyncIterator[ListedBlob]:
        """Every blob, in no order, a page at a time."""
        with _told(self.place):
            async for page in obstore.list(self._store, prefix="sha256"):
                for meta in page:
                    sha256 = meta["path"].removeprefix("sha256/").replace("/", "")
                    if _SHA256.fullmatch(sha256):
                        yield ListedBlob(sha256, meta["size"], meta["last_modified"])

    async def sweep_partial(self) -> int:
        """Deletes what writers that were killed left half written, a day after; says how many files that were.

        In a bucket such parts are invisible, and only a lifecycle rule of the bucket (abort incomplete multipart
        uploads) deletes them.
        """
        if self._folder is None:
            return 0
        with _told(self.place):
            return await asyncio.to_thread(_delete_partial, self._folder / "sha256")

    async def check(self) -> None:
        """Writes, reads and deletes a small object.

        Raises LaminaError: store_unavailable, with the reason: a read-only folder, no such bucket, wrong credentials.
        """
        path, probe = f"check/{uuid.uuid4().hex}", b"lamina"
        try:
            async with asyncio.timeout(_CHECK_S):
                with _told(self.place):
                    await obstore.put_async(self._store, path, probe)
                    result = await obstore.get_async(self._store, path)
                    is_same = (await result.bytes_async()).to_bytes() == probe
                    await self._delete(path)
        except TimeoutError as error:
            raise _unavailable(self.place, f"it did not answer within {_CHECK_S} s") from error
        if not is_same:
            raise _unavailable(self.place, "what was written did not come back")

    def _put_in_folder(self, data: bytes | Path, folder: Path) -> Stored:
        """In one thread from beginning to end: going from one to another four times takes longer than a small file."""
        stored = _measured(data)
        path = _path(stored.sha256)
        with _told(self.place):
            try:
                known = obstore.head(self._store, path)
            except FileNotFoundError:
                known = None
            if known is None or not _is_fresh(known, stored.size):
                obstore.put(self._store, path, data, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE)
                _sync(folder / path)
        return stored

    async def _delete(self, path: str) -> None:
        with suppress(FileNotFoundError):  # a bucket does not tell either
            await obstore.delete_async(self._store, path)


def _is_fresh(known: "ObjectMeta", size: int) -> bool:
    """Whether a blob that is there is whole, and too young for a sweep."""
    return known["size"] == size and datetime.now(UTC) - known["last_modified"] < _FRESH_FOR


def _path(sha256: str) -> str:
    if not _SHA256.fullmatch(sha256):
        raise LaminaError(ErrorCode.NOT_FOUND, f"There is no file {sha256[:80]!r}.")
    return f"sha256/{sha256[:2]}/{sha256[2:]}"


def _measured(data: bytes | Path) -> Stored:
    if isinstance(data, bytes):
        return Stored(hashlib.sha256(data).hexdigest(), len(data))
    with data.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return Stored(digest.hexdigest(), file.tell())


def _sync(path: Path) -> None:
    """A database that survives a power cut must not point at files that did not."""
    for place in (path, path.parent, path.parent.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _delete_partial(folder: Path) -> int:
    oldest_s = time.time() - _ABANDONED_AFTER.total_seconds()
    # obstore writes beside the blob, under its name with a number, and renames.
    found = [path for path in folder.glob("*/*#*") if path.stat().st_mtime < oldest_s]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def _write_both(chunk: bytes, file: BinaryIO, update: Callable[[bytes], None]) -> None:
    file.write(chunk)
    update(chunk)


@contextmanager
def _told(place: str, sha256: str | None = None) -> Generator[None]:
    """Turns the storage's errors into ours. `sha256`: the blob that is asked for, and may be missing."""
    try:
        yield
    except FileNotFoundError as error:
        if sha256 is None or _is_of_bucket(error):
            raise _unavailable(place, _first_line(error)) from error
        raise LaminaError(ErrorCode.NOT_FOUND, f"There is no file {sha256}.") from error
    except (BaseError, OSError) as error:
        raise _unavailable(place, _first_line(error)) from error


def _unavailable(place: str, reason: str) -> LaminaError:
    return LaminaError(
        ErrorCode.STORE_UNAVAILABLE,
        f"The storage at {place} cannot be used: {reason.rstrip('.')}.",
        "Check that it is there, that it has room, and that this process may write to it.",
    )


def _is_of_bucket(error: Exception) -> bool:
    return any(words in str(error) for words in _NO_BUCKET)


def _first_line(error: Exception) -> str:
    """What obstore says, without the dump of its internals that follows."""
    if _is_of_bucket(error):
        return "there is no such bucket"
    return (str(error).strip() or type(error).__name__).splitlines()[0]
