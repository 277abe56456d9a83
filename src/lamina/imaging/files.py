"""Putting a file or a folder in its place whole or not at all: it is written beside, then renamed."""

import errno
import os
import secrets
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from lamina.core.errors import ErrorCode, LaminaError


@contextmanager
def file_beside(path: Path) -> Generator[BinaryIO]:
    """A new file, open for reading and writing, that takes the place of `path` when the block ends without an error.

    Missing parent folders are created. Raises `LaminaError`: output_in_the_way (a folder is there), output_unwritable.
    """
    check_file_place(path)
    with _told_as_unwritable(path):
        target = _resolved(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = _beside(target)
        try:
            with beside.open("x+b") as file:
                yield file
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)


@contextmanager
def folder_beside(path: Path, may_replace: Callable[[Path], bool]) -> Generator[Path]:
    """A new folder that takes the place of `path` when the block ends without an error.

    An existing folder is replaced if it is empty or `may_replace(path)` says so.
    Raises `LaminaError`: output_in_the_way, output_unwritable.
    """
    check_folder_place(path, may_replace)
    with _told_as_unwritable(path):
        target = _resolved(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = _beside(target)
        try:
            beside.mkdir()
            yield beside
            _exchange(beside, target)
        finally:
            shutil.rmtree(beside, ignore_errors=True)


def check_file_place(path: Path) -> None:
    """Raises what `file_beside` would raise, as far as it can be seen without writing."""
    with _told_as_unwritable(path):
        _check_leads_somewhere(path)
        if path.is_dir():
            raise LaminaError(
                ErrorCode.OUTPUT_IN_THE_WAY,
                f"{str(path)!r} is a folder, and a file must go there.",
                "Give another name.",
            )
        _check_parent(path)


def check_folder_place(path: Path, may_replace: Callable[[Path], bool]) -> None:
    """Raises what `folder_beside` would raise, as far as it can be seen without writing."""
    with _told_as_unwritable(path):
        _check_leads_somewhere(path)
        if path.exists() and not path.is_dir():
            raise LaminaError(
                ErrorCode.OUTPUT_IN_THE_WAY,
                f"{str(path)!r} is a file, and a folder must go there.",
                "Remove it or give another name.",
            )
        if path.is_dir() and any(path.iterdir()) and not may_replace(path):
            raise LaminaError(
                ErrorCode.OUTPUT_IN_THE_WAY,
                f"The folder {str(path)!r} holds files that Lamina did not write.",
                "Give a new or an empty folder.",
            )
        _check_parent(path)


def _check_leads_somewhere(path: Path) -> None:
    """Raises OSError for links that go round in a circle, which `exists` takes for nothing there."""
    try:
        path.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise


def _check_parent(path: Path) -> None:
    target = _resolved(path)
    target.exists()  # an OSError for a name that is too long
    parent = next(folder for folder in target.parents if folder.exists())
    if not parent.is_dir():
        raise NotADirectoryError(f"{str(parent)!r} is not a folder")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise PermissionError(f"there is no permission to write in {str(parent)!r}")


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve raises RuntimeError for links that go round in a circle


def _beside(target: Path) -> Path:
    return target.with_name(f".lamina-{secrets.token_hex(8)}")


def _exchange(fresh: Path, target: Path) -> None:
    if not target.exists():
        fresh.rename(target)
        return
    old = _beside(target)
    target.rename(old)
    try:
        fresh.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _told_as_unwritable(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise LaminaError(
            ErrorCode.OUTPUT_UNWRITABLE,
            f"{str(path)!r} cannot be written: {error.strerror or error}.",
            "Give a place that can be written to.",
        ) from error
