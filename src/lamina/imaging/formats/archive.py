"""Reads ZIP archives within size limits, and writes them reproducibly with a fixed date."""

import zipfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import IO, BinaryIO, cast

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Pixels
from lamina.imaging.layer_images import read_layer_image
from lamina.imaging.png import write_png
from lamina.imaging.read_errors import CorruptFileError
from lamina.imaging.size_limits import SizeLimits

_MAX_ENTRIES = 10_000
_MAX_TEXT_BYTES = 1 << 24
_IS_ENCRYPTED = 1  # bit 0 of the general purpose flags (APPNOTE 4.4.4)


class Archive:
    """A ZIP archive opened for reading, whose images are counted against `limits`.

    Raises `CorruptFileError` if it has too many entries, BadZipFile if it is corrupt.
    """

    def __init__(self, file: BinaryIO, limits: SizeLimits) -> None:
        self._zip = zipfile.ZipFile(file)
        self.names = self._zip.namelist()
        self.limits = limits
        if len(self.names) > _MAX_ENTRIES:
            raise CorruptFileError(f"it contains {len(self.names)} entries; the limit is {_MAX_ENTRIES}")

    def contains(self, name: str) -> bool:
        return name in self._zip.NameToInfo

    def text(self, name: str) -> bytes:
        """The bytes of a small entry. Raises KeyError if it is missing."""
        with self._open(name) as entry:
            data = entry.read(_MAX_TEXT_BYTES + 1)
        if len(data) > _MAX_TEXT_BYTES:
            raise CorruptFileError(f"its entry {name!r} is too large")
        return data

    def picture(self, name: str, label: str) -> Pixels:
        """(height, width, 4) uint8 of an image; see `read_layer_image`. Raises KeyError if the entry is missing."""
        with self._open(name) as entry:
            return read_layer_image(cast(BinaryIO, entry), self.limits, label)

    def _open(self, name: str) -> IO[bytes]:
        info = self._zip.getinfo(name)
        if info.flag_bits & _IS_ENCRYPTED:
            raise _unsupported_entry("is encrypted", "Create the archive again without a password.")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _unsupported_entry(
                "has a compression method other than deflate", "Create the archive again with deflate."
            )
        return self._zip.open(info)


def _unsupported_entry(reason: str, hint: str) -> LaminaError:
    return LaminaError(ErrorCode.INPUT_NOT_A_STACK, f"The content of the archive {reason}.", hint)


@contextmanager
def new_archive(file: BinaryIO) -> Generator[zipfile.ZipFile]:
    """A ZIP archive opened for writing; entries are stored, because PNGs are compressed already."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        yield archive


def add(archive: zipfile.ZipFile, name: str, data: bytes, *, is_compressed: bool = False) -> None:
    """Adds a small entry; `is_compressed` compresses it."""
    archive.writestr(_entry(name), data, zipfile.ZIP_DEFLATED if is_compressed else zipfile.ZIP_STORED)


def add_picture(archive: zipfile.ZipFile, name: str, pixels: Pixels, texts: Mapping[str, str] | None = None) -> None:
    """Adds a PNG strip by strip; `texts` as in `write_png`."""
    with archive.open(_entry(name), "w", force_zip64=pixels.size >= 1 << 30) as entry:
        write_png(cast(BinaryIO, entry), pixels, texts)


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))  # fixed date: equal stacks give equal bytes
