"""Writes files and folders atomically: to a temporary path in the same folder, which is then renamed."""

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
def atomic_file(path: Path) -> Generator[BinaryIO]:
    """A temporary file, open for reading and writing, that replaces `path` when the block ends without an error.

    Missing parent folders are created. Raises `LaminaError`: output_in_the_way (`path` is a folder), output_unwritable.
    """
    check_file_target(path)
    with _os_errors_translated(path):
        target = _resolved(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = _temporary_path(target)
        try:
            with temporary.open("x+b") as file:
                yield file
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path, may_replace: Callable[[Path], bool]) -> Generator[Path]:
    """A temporary folder that replaces `path` when the block ends without an error.

    An existing folder is replaced if it is empty or if `may_replace(path)` is true.
    Raises `LaminaError`: output_in_the_way, output_unwritable.
    """
    check_folder_target(path, may_replace)
    with _os_errors_translated(path):
        target = _resolved(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = _temporary_path(target)
        try:
            temporary.mkdir()
            yield temporary
            _replace_folder(temporary, target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def check_file_target(path: Path) -> None:
    """Raises the errors of `atomic_file` that can be detected without writing."""
    with _os_errors_translated(path):
        _check_no_link_loop(path)
        if path.is_dir():
            raise LaminaError(
                ErrorCode.OUTPUT_IN_THE_WAY,
                f"{str(path)!r} is a folder, and the output is a file.",
                "Choose another name.",
            )
        _check_parent(path)


def check_folder_target(path: Path, may_replace: Callable[[Path], bool]) -> None:
    """Raises the errors of `atomic_folder` that can be detected without writing."""
    with _os_errors_translated(path):
        _check_no_link_loop(path)
        if path.exists() and not path.is_dir():
            raise LaminaError(
                ErrorCode.OUTPUT_IN_THE_WAY,
                f"{str(path)!r} is a file, and the output is a folder.",
                "Remove the file or choose another name.",
            )
        if path.is_dir() and any(path.iterdir()) and not may_replace(path):
            raise LaminaError(
                ErrorCode.OUTPUT_IN_THE_WAY,
                f"The folder {str(path)!r} contains files that Lamina did not write.",
                "Choose a new or an empty folder.",
            )
        _check_parent(path)


def _check_no_link_loop(path: Path) -> None:
    """Raises OSError for a loop of symbolic links, which `Path.exists` reports as a missing file."""
    try:
        path.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise


def _check_parent(path: Path) -> None:
    target = _resolved(path)
    target.exists()  # raises OSError if the name is too long
    parent = next(folder for folder in target.parents if folder.exists())
    if not parent.is_dir():
        raise NotADirectoryError(f"{str(parent)!r} is not a folder")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise PermissionError(f"no permission to write in {str(parent)!r}")


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve raises RuntimeError for a loop of symbolic links


def _temporary_path(target: Path) -> Path:
    return target.with_name(f".lamina-{secrets.token_hex(8)}")


def _replace_folder(temporary: Path, target: Path) -> None:
    if not target.exists():
        temporary.rename(target)
        return
    old = _temporary_path(target)
    target.rename(old)
    try:
        temporary.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _os_errors_translated(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise LaminaError(
            ErrorCode.OUTPUT_UNWRITABLE,
            f"{str(path)!r} cannot be written: {error.strerror or error}.",
            "Choose a location that you can write to.",
        ) from error
