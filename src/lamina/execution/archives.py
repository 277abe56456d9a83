"""Extracts untrusted ZIP files safely: paths, sizes and kinds of member are checked."""

import re
import shutil
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import BinaryIO, cast

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.training import is_litter

MAX_FILES = 4096
MAX_TOTAL_BYTES = 2 << 30
MAX_RATIO = 200.0

_CHUNK_BYTES = 1 << 16
_LISTING_BYTES_A_FILE = 1 << 10
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # with LZMA, the file sets the memory use
_ENCRYPTED_BITS = 0x1 | 0x40 | 0x2000
_UNSAFE_NAME = re.compile(r"[\x00-\x1f\x7f\\]|^[A-Za-z]:")
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a ZIP. `name`: relative, with forward slashes, without `..`. `size`: declared size in bytes."""

    name: str
    size: int


def extract(
    path: Path,
    folder: Path,
    max_files: int = MAX_FILES,
    max_total_bytes: int = MAX_TOTAL_BYTES,
    max_ratio: float = MAX_RATIO,
) -> list[Member]:
    """Extracts the ZIP into the new `folder`, which is removed again on failure. Returns its files in its order.

    Folders and the metadata of file browsers (`__MACOSX`, `.DS_Store`) are skipped. `max_ratio`: limit of the total
    extracted size divided by the size of the ZIP. The limits are checked against the inflated data, since the declared
    sizes cannot be trusted. One unsafe member rejects the ZIP.
    Raises LaminaError: input_corrupt (not a ZIP, damaged), input_too_large (a limit is exceeded), task_invalid (unsafe
    or duplicate names, links, devices, encryption); FileExistsError if `folder` exists.
    """
    limits = _Limits(max_files, max_total_bytes, max_ratio, path.stat().st_size)
    folder.mkdir(parents=True)
    try:
        with _opened(path, limits) as archive:
            members = _checked(archive, limits)
            total = 0
            for member, info in members:
                total = _inflate(archive, info, folder / member.name, total, limits)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return [member for member, _ in members]


@dataclass(frozen=True, slots=True)
class _Limits:
    files: int
    total_bytes: int
    ratio: float
    archive_bytes: int

    @property
    def listing_bytes(self) -> int:
        """Limit of the central directory: more than that many files, folders and metadata entries need."""
        return (1 << 20) + 2 * self.files * _LISTING_BYTES_A_FILE

    def check_total(self, total: int) -> None:
        if total > self.total_bytes:
            raise _too_large(f"its files have more than {self.total_bytes:,} bytes in total")
        if total > self.ratio * self.archive_bytes:
            raise _too_large(f"its files have more than {self.ratio:g} times the size of the ZIP")


class _BoundedFile(FileIO):
    """Limits single reads: `zipfile` reads the whole central directory at once, whatever its declared length."""

    def __init__(self, path: Path, most_bytes: int) -> None:
        super().__init__(path, "rb")
        self._most_bytes = most_bytes
        self._bytes = path.stat().st_size

    def read(self, size: int | None = -1, /) -> bytes:
        rest = self._bytes - self.tell()
        wanted = rest if size is None or size < 0 else size
        if wanted > self._most_bytes:
            raise _too_large("its central directory is too long")
        return super().read(wanted) or b""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        if whence == 0 and offset < 0:
            raise zipfile.BadZipFile("an offset before the file's beginning")
        return super().seek(offset, whence)


@contextmanager
def _opened(path: Path, limits: _Limits) -> Generator[zipfile.ZipFile]:
    try:
        with (
            _BoundedFile(path, limits.listing_bytes) as file,
            zipfile.ZipFile(cast(BinaryIO, file)) as archive,
        ):
            yield archive
    except _BROKEN as error:
        raise LaminaError(
            ErrorCode.INPUT_CORRUPT,
            "The ZIP cannot be read: it is damaged, truncated, or not a ZIP file.",
            "Create it again.",
        ) from error


def _checked(archive: zipfile.ZipFile, limits: _Limits) -> list[tuple[Member, zipfile.ZipInfo]]:
    members: list[tuple[Member, zipfile.ZipInfo]] = []
    for info in archive.infolist():
        name = _name(info)
        if _is_folder(info) or is_litter(name):
            continue
        _check_kind(info, name)
        members.append((Member(name, info.file_size), info))
        if len(members) > limits.files:
            raise _too_large(f"it contains more than {limits.files:,} files")
    limits.check_total(sum(member.size for member, _ in members))
    _check_unique([member.name for member, _ in members])
    return members


def _name(info: zipfile.ZipInfo) -> str:
    name = unicodedata.normalize("NFC", info.orig_filename)
    parts = name.removesuffix("/").split("/")
    if _UNSAFE_NAME.search(name) or name.startswith("/") or ".." in parts or "" in parts:
        raise _unsafe(name, "its name is an absolute path, contains '..', or is ambiguous")
    if len(name.encode(errors="replace")) > 1024 or any(len(part.encode(errors="replace")) > 255 for part in parts):
        raise _unsafe(name, "its name is too long")
    return "/".join(part for part in parts if part != ".")


def _is_folder(info: zipfile.ZipInfo) -> bool:
    return info.orig_filename.endswith("/")  # `is_dir` fails for an empty name


def _check_kind(info: zipfile.ZipInfo, name: str) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if not name or kind not in (0, stat.S_IFREG):
        raise _unsafe(name, "it is a link or a device, not a file")
    if info.flag_bits & _ENCRYPTED_BITS:
        raise _unsafe(name, "it is encrypted")
    if info.compress_type not in _COMPRESSIONS:
        raise _unsafe(name, "its compression method is not Deflate")


def _check_unique(names: list[str]) -> None:
    files: set[str] = set()
    for name in names:
        if name in files:
            raise _unsafe(name, "its name occurs twice")
        files.add(name)
    for name in names:
        folders = (str(folder) for folder in Path(name).parents)
        if not files.isdisjoint(folders):
            raise _unsafe(name, "one of its folders is also a file")


def _inflate(archive: zipfile.ZipFile, info: zipfile.ZipInfo, to: Path, total: int, limits: _Limits) -> int:
    """Writes one member; returns the total of bytes written so far."""
    to.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(info) as source, to.open("xb") as target:
        while chunk := source.read(_CHUNK_BYTES):
            total += len(chunk)
            limits.check_total(total)
            target.write(chunk)
    return total


def _unsafe(name: str, reason: str) -> LaminaError:
    return LaminaError(
        ErrorCode.TASK_INVALID,
        f"The ZIP was rejected because of {name[:80]!a}: {reason}.",
        "Create it again with regular files and relative names.",
    )


def _too_large(reason: str) -> LaminaError:
    return LaminaError(ErrorCode.INPUT_TOO_LARGE, f"The ZIP is too large: {reason}.", "Make it smaller.")
