"""Content-addressed storage of blobs, in a local folder or in an S3, Google or Azure bucket."""

import asyncio
import hashlib
import os
import re
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

# A sweep must not delete a blob that was modified less than this long ago: it may have just been put for a new file. So
# that an old blob counts as new, too, `put` writes it again once it is half as old.
SWEEP_AFTER = timedelta(hours=1)
_FRESH_FOR = SWEEP_AFTER / 2
_PARTIAL_AFTER = timedelta(days=1)

_PART_BYTES = 8 << 20  # S3 allows 10,000 parts: 78 GiB
_PARTS_AT_ONCE = 4
_CHUNK_BYTES = 1 << 20
_CHECK_S = 20
_BUCKET_SCHEMES = ("s3", "s3a", "gs", "az", "azure", "abfs", "abfss")
_SHA256 = re.compile(r"[0-9a-f]{64}")

_NO_BUCKET = ("NoSuchBucket", "specified bucket does not exist", "ContainerNotFound", "container does not exist")
"""How S3, Google (in XML and in JSON) and Azure report that a bucket does not exist."""

# Plain HTTP is used only if the endpoint says so (AWS_ENDPOINT_URL=http://…). The overall time-out must allow for 2 GiB
# over a slow connection; the read time-out detects dead ones.
_CLIENT: "ClientConfig" = {"allow_http": True, "connect_timeout": "5s", "read_timeout": "30s", "timeout": "1h"}
_RETRIES: "RetryConfig" = {"max_retries": 4, "retry_timeout": timedelta(seconds=60)}


@dataclass(frozen=True, slots=True)
class Stored:
    """`sha256`: 64 lower-case hexadecimal digits, the blob's name. `size`: bytes."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class ListedBlob:
    """One blob of a listing. `size`: bytes. `last_modified`: in UTC."""

    sha256: str
    size: int
    last_modified: datetime


def open_blobs(url_or_folder: str) -> "Blobs":
    """Open the blobs in a folder (created if it does not exist) or under `s3://bucket/prefix`, `gs://…`, `az://…`.

    Credentials, region and endpoint of a bucket come from the provider's usual environment variables. The bucket is not
    contacted; call `Blobs.check` for that.
    Raises `LaminaError`: settings_invalid (unknown scheme or invalid address), store_unavailable (the folder cannot be
    created).
    """
    scheme = urlsplit(url_or_folder).scheme if "://" in url_or_folder else ""
    if scheme in ("", "file"):
        folder = Path(unquote(urlsplit(url_or_folder).path) if scheme else url_or_folder).expanduser().absolute()
        with _converted_errors(str(folder)):
            return Blobs(LocalStore(folder, mkdir=True), str(folder), folder)
    if scheme not in _BUCKET_SCHEMES:
        raise LaminaError(
            ErrorCode.SETTINGS_INVALID,
            f"The storage {url_or_folder!r} cannot be used: {scheme}:// is not supported.",
            "Give a folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix.",
        )
    try:
        store = from_url(url_or_folder, client_options=_CLIENT, retry_config=_RETRIES)
    except (BaseError, ValueError) as error:
        raise LaminaError(
            ErrorCode.SETTINGS_INVALID,
            f"The storage {url_or_folder!r} cannot be opened: {_first_line(error)}",
            "Check the address and the provider's environment variables (AWS_*, GOOGLE_*, AZURE_*).",
        ) from error
    return Blobs(store, url_or_folder, None)


class Blobs:
    """A store of blobs.

    All methods raise `LaminaError` (store_unavailable) if the storage does not respond or refuses the request; those
    that read a blob raise not_found if it does not exist.
    """

    def __init__(self, store: "ObjectStore", place: str, folder: Path | None) -> None:
        """`place`: how error messages name the storage. `folder`: set if the storage is local."""
        self._store = store
        self._folder = folder
        self.place = place

    async def put(self, data: bytes | Path) -> Stored:
        """Store bytes or the content of a file. It is atomic; content that is stored already is not written again."""
        if self._folder is not None:
            return await asyncio.to_thread(self._put_in_folder, data, self._folder)
        stored = await asyncio.to_thread(_measured, data)
        path = _path(stored.sha256)
        with _converted_errors(self.place):
            try:
                existing = await obstore.head_async(self._store, path)
            except FileNotFoundError:
                existing = None
            if existing is None or not _is_fresh(existing, stored.size):
                await obstore.put_async(self._store, path, data, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE)
        return stored

    async def get(self, sha256: str) -> bytes:
        """The whole blob, in memory."""
        with _converted_errors(self.place, sha256):
            result = await obstore.get_async(self._store, _path(sha256))
            return (await result.bytes_async()).to_bytes()

    async def stream(self, sha256: str, start: int | None = None, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to but not including `end`, in chunks of about 1 MiB."""
        size = await self.size(sha256)
        first, last = start or 0, size if end is None else min(end, size)
        if first >= last:  # object stores reject empty ranges
            return
        with _converted_errors(self.place, sha256):
            result = await obstore.get_async(self._store, _path(sha256), options={"range": (first, last)})
            async for chunk in result.stream(min_chunk_size=_CHUNK_BYTES):
                yield bytes(chunk)

    async def size(self, sha256: str) -> int:
        """In bytes."""
        path = _path(sha256)
        with _converted_errors(self.place, sha256):
            try:
                return (await obstore.head_async(self._store, path))["size"]
            except FileNotFoundError:
                if self._folder is None:  # a response to HEAD has no body, so it does not show a missing bucket
                    return (await obstore.get_async(self._store, path)).meta["size"]
                raise

    async def delete(self, sha256: str) -> None:
        """Delete the blob; does nothing if it does not exist."""
        with _converted_errors(self.place):
            await self._delete(_path(sha256))

    async def fetch_to(self, sha256: str, path: Path) -> None:
        """Write the blob to the file `path`, which appears only when it is complete and its hash has been verified."""
        part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
        digest = hashlib.sha256()
        try:
            with _converted_errors(str(path.parent)):
                with part.open("wb") as file:
                    async for chunk in self.stream(sha256):
                        await asyncio.to_thread(_write_both, chunk, file, digest.update)
                if digest.hexdigest() != sha256:
                    raise LaminaError(
                        ErrorCode.STORE_UNAVAILABLE,
                        f"The file {sha256} in {self.place} is damaged: its content does not match its hash.",
                        "Restore it from a backup.",
                    )
                part.replace(path)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    async def list(self) -> AsyncIterator[ListedBlob]:
        """All blobs in no particular order, fetched page by page."""
        with _converted_errors(self.place):
            async for page in obstore.list(self._store, prefix="sha256"):
                for meta in page:
                    sha256 = meta["path"].removeprefix("sha256/").replace("/", "")
                    if _SHA256.fullmatch(sha256):
                        yield ListedBlob(sha256, meta["size"], meta["last_modified"])

    async def sweep_partial(self, now: float) -> int:
        """Delete files that writers which were killed left incomplete a day before `now` or earlier.

        Returns their number. `now`: seconds since 1970. Does nothing in a bucket, where such parts are invisible: use a
        lifecycle rule of the bucket (abort incomplete multipart uploads).
        """
        if self._folder is None:
            return 0
        with _converted_errors(self.place):
            return await asyncio.to_thread(_delete_partial, self._folder / "sha256", now)

    async def check(self) -> None:
        """Test the storage by writing, reading and deleting a small object.

        Raises `LaminaError` (store_unavailable) with the reason: a read-only folder, no such bucket, wrong credentials.
        """
        path, probe = f"check/{uuid.uuid4().hex}", b"lamina"
        try:
            async with asyncio.timeout(_CHECK_S):
                with _converted_errors(self.place):
                    await obstore.put_async(self._store, path, probe)
                    result = await obstore.get_async(self._store, path)
                    is_same = (await result.bytes_async()).to_bytes() == probe
                    await self._delete(path)
        except TimeoutError as error:
            raise _unavailable(self.place, f"it did not respond within {_CHECK_S} s") from error
        if not is_same:
            raise _unavailable(self.place, "it did not return what was written")

    def _put_in_folder(self, data: bytes | Path, folder: Path) -> Stored:
        """Runs in one thread: for a small file, switching threads for each step takes longer than the steps."""
        stored = _measured(data)
        path = _path(stored.sha256)
        with _converted_errors(self.place):
            try:
                existing = obstore.head(self._store, path)
            except FileNotFoundError:
                existing = None
            if existing is None or not _is_fresh(existing, stored.size):
                obstore.put(self._store, path, data, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE)
                _sync(folder / path)
        return stored

    async def _delete(self, path: str) -> None:
        with suppress(FileNotFoundError):  # buckets do not report this either
            await obstore.delete_async(self._store, path)


def _is_fresh(existing: "ObjectMeta", size: int) -> bool:
    """True if an existing blob is complete and stays too young for a sweep."""
    return existing["size"] == size and datetime.now(UTC) - existing["last_modified"] < _FRESH_FOR


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
    """Flush to disk: after a power failure, the database must not refer to files that were lost."""
    for place in (path, path.parent, path.parent.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _delete_partial(folder: Path, now: float) -> int:
    oldest_s = now - _PARTIAL_AFTER.total_seconds()
    # obstore writes to a file beside the blob, named like it with "#" and a number, and renames it.
    partial = [path for path in folder.glob("*/*#*") if path.stat().st_mtime < oldest_s]
    for path in partial:
        path.unlink(missing_ok=True)
    return len(partial)


def _write_both(chunk: bytes, file: BinaryIO, update: Callable[[bytes], None]) -> None:
    file.write(chunk)
    update(chunk)


@contextmanager
def _converted_errors(place: str, sha256: str | None = None) -> Generator[None]:
    """Convert the storage's errors to `LaminaError`. `sha256`: of the requested blob, which may not exist."""
    try:
        yield
    except FileNotFoundError as error:
        if sha256 is None or _is_missing_bucket(error):
            raise _unavailable(place, _first_line(error)) from error
        raise LaminaError(ErrorCode.NOT_FOUND, f"There is no file {sha256}.") from error
    except (BaseError, OSError) as error:
        raise _unavailable(place, _first_line(error)) from error


def _unavailable(place: str, reason: str) -> LaminaError:
    return LaminaError(
        ErrorCode.STORE_UNAVAILABLE,
        f"The storage at {place} cannot be used: {reason.rstrip('.')}.",
        "Check that it exists, has free space, and that this process may write to it.",
    )


def _is_missing_bucket(error: Exception) -> bool:
    return any(text in str(error) for text in _NO_BUCKET)


def _first_line(error: Exception) -> str:
    """obstore's message without the dump of internals that follows it."""
    if _is_missing_bucket(error):
        return "there is no such bucket"
    return (str(error).strip() or type(error).__name__).splitlines()[0]
