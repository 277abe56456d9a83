"""Installs a package in the models folder, from the hub or a folder: verified, each file stored once."""

import errno
import os
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lamina.core.catalog import Model
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.mask_networks import MaskNetwork
from lamina.engines.weights.hub import Listing, RemoteFile, fetch, list_repository
from lamina.engines.weights.package import Package, check_pinned, package_names, package_of
from lamina.engines.weights.places import Roots, cached_as
from lamina.engines.weights.record import FileRecord, Record, git_id_of, read_record, sha256_of, write_record

_SPARE_BYTES = 100_000_000  # must stay free on the disk

BytesDone = Callable[[int, int, str], None]
"""Called with the bytes done, the total bytes, and the current file."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a pull would download.

    `here`: large files that installed models already have, by name; `started_bytes`: left by an interrupted pull.
    """

    listing: Listing
    here: dict[str, Path]
    started_bytes: int

    @property
    def package(self) -> Package:
        return self.listing.package

    @property
    def total_bytes(self) -> int:
        return sum(file.bytes for file in self.listing.files)

    @property
    def download_bytes(self) -> int:
        linked = sum(file.bytes for file in self.listing.files if file.name in self.here)
        return max(0, self.total_bytes - linked - self.started_bytes)


def offer_of(content: Model | MaskNetwork, roots: Roots, endpoint: str | None = None) -> Offer:
    """Lists what a pull would download. Raises `LaminaError` (download_failed, engine_unavailable)."""
    package = package_of(content)
    listing = list_repository(package, endpoint)
    installed = _files_by_checksum(roots, package)
    here = {file.name: installed[file.sha256] for file in listing.files if file.sha256 in installed}
    staging = _staging(package, roots, listing.commit)
    started = sum(_length(staging / file.name) for file in listing.files if file.name not in here)
    return Offer(listing, here, started)


def is_current(offer: Offer, roots: Roots) -> bool:
    """Whether the models folder has exactly this commit, complete."""
    folder = roots.models / offer.package.name
    record = read_record(folder)
    if record is None or record.commit != offer.listing.commit:
        return False
    try:
        check_pinned(offer.package, folder)
    except LaminaError:
        return False
    return all(_length(folder / name) == file.bytes for name, file in record.files.items())


def pull(offer: Offer, roots: Roots, report: BytesDone, endpoint: str | None = None) -> Path:
    """Downloads missing files, verifies all checksums, and installs the model as the last step.

    Returns its folder. An interrupted pull is resumed by the next one.
    Raises `LaminaError` (download_failed, output_unwritable, weights_damaged).
    """
    staging = _staging(offer.package, roots, offer.listing.commit)
    with _written(roots.models), _locked(offer.package, roots):
        staging.mkdir(parents=True, exist_ok=True)
        _check_space(staging, offer.download_bytes)
        files: dict[str, FileRecord] = {}
        done = 0
        for file in offer.listing.files:
            target = staging / file.name
            target.parent.mkdir(exist_ok=True)
            if file.name in offer.here:
                _link(offer.here[file.name], target)
            elif _length(target) != file.bytes or not target.exists():
                if (
                    target.exists() and target.stat().st_nlink > 1
                ):  # hard-linked to another model's file, which must not change
                    target.unlink()

                def report_file(count: int, before: int = done, name: str = file.name) -> None:
                    report(before + count, offer.total_bytes, name)

                fetch(offer.listing, file, target, report_file, endpoint)
            done += file.bytes
            report(done, offer.total_bytes, f"checking {file.name}")
            files[file.name] = _checked(file, target)
        listing = offer.listing
        record = Record(
            model=offer.package.name,
            source=listing.package.repository,
            commit=listing.commit,
            licence=listing.licence,
            files=files,
        )
        return _finish(offer.package, staging, record, roots)


def adopt(content: Model | MaskNetwork, source: Path, roots: Roots, report: BytesDone) -> Path:
    """As `pull`, from a folder in the layout of the repository or a hub cache snapshot; files are hard-linked if
    possible.

    Raises `LaminaError` (weights_missing, weights_damaged, output_unwritable).
    """
    package, names = package_of(content), contents_of(content, source)
    staging = _staging(package, roots, "folder")
    total = sum(names.values())
    with _written(roots.models), _locked(package, roots):
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        if source.stat().st_dev != staging.stat().st_dev:
            _check_space(staging, total)
        files: dict[str, FileRecord] = {}
        done = 0
        for name in names:
            target = staging / name
            target.parent.mkdir(exist_ok=True)
            report(done, total, name)
            _link(source / name, target)
            files[name] = FileRecord(_length(target), _hashed(source / name, package.pinned.get(name)))
            done += files[name].bytes
            report(done, total, name)
        record = Record(
            model=package.name,
            source=str(source.resolve()),
            commit=commit_of(source),
            licence=package.licence,
            files=files,
        )
        return _finish(package, staging, record, roots)


def contents_of(content: Model | MaskNetwork, source: Path) -> dict[str, int]:
    """The size of each file that `adopt` would import, by its path in `source`.

    Raises `LaminaError` (weights_missing, weights_damaged), also if the folder contains something else.
    """
    package = package_of(content)
    package.check_source(source)
    files = {path.relative_to(source).as_posix(): path for path in sorted(source.rglob("*")) if path.is_file()}
    return {name: _length(path) for name, path in files.items() if package.takes(name)}


def commit_of(source: Path) -> str:
    """The commit of a hub cache snapshot; "" for other folders."""
    cached = cached_as(source.resolve())
    return cached[1] if cached is not None else ""


def _hashed(path: Path, known: FileRecord | None) -> str:
    """The checksum. Raises `LaminaError` (weights_damaged) if another is known, or is the file name in a hub cache."""
    checksum, stored = sha256_of(path), path.resolve()
    is_named = stored.parent.name == "blobs" and len(stored.name) == len(checksum)
    if (is_named and stored.name != checksum) or (known is not None and known.sha256 != checksum):
        raise LaminaError(
            ErrorCode.WEIGHTS_DAMAGED, f"The weights file {path} does not match its checksum.", "Download it again."
        )
    return checksum


def _checked(file: RemoteFile, target: Path) -> FileRecord:
    """The record of a downloaded file; a wrong file is deleted, so that the next pull downloads it again."""
    checksum = sha256_of(target)
    is_right = checksum == file.sha256 if file.sha256 is not None else file.git_id in (None, git_id_of(target))
    if _length(target) != file.bytes or not is_right:
        target.unlink()
        raise LaminaError(
            ErrorCode.DOWNLOAD_FAILED,
            f"{file.name} was downloaded but does not match its checksum.",
            "It was deleted; try again. If this recurs, a proxy between this machine and the hub alters files.",
        )
    return FileRecord(file.bytes, checksum)


def _finish(package: Package, staging: Path, record: Record, roots: Roots) -> Path:
    """Installs the complete files in place of the previous version."""
    package.check(staging)
    for path in [path for path in staging.rglob("*") if path.is_file()]:  # from an older commit or another program
        if path.relative_to(staging).as_posix() not in record.files:
            path.unlink()
    write_record(staging, record)
    folder = roots.models / record.model
    old = folder.with_name(f".{record.model}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        for own in ("transformer.gguf", "transformer.safetensors"):  # files of the user
            if (folder / own).is_file():
                (folder / own).rename(staging / own)
        folder.rename(old)
    staging.rename(folder)
    for left in (old, *roots.models.glob(f".{record.model}.*.partial")):
        shutil.rmtree(left, ignore_errors=True)
    return folder


def _staging(package: Package, roots: Roots, version: str) -> Path:
    """The staging folder of a pull, one per commit, so that files of two commits are never mixed."""
    return roots.models / f".{package.name}.{version[:12]}.partial"


@contextmanager
def _locked(package: Package, roots: Roots) -> Generator[None]:
    """Prevents concurrent pulls of a package, which would append to the same files."""
    roots.models.mkdir(parents=True, exist_ok=True)
    with (roots.models / f".{package.name}.lock").open("w") as lock:
        try:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:  # not available on Windows
            pass
        except BlockingIOError:
            raise LaminaError(
                ErrorCode.OUTPUT_IN_THE_WAY,
                f"Another lamina pull of {package.name} is running.",
                "Wait until it has finished.",
            ) from None
        yield


def _files_by_checksum(roots: Roots, requested: Package) -> dict[str, Path]:
    """The files of all installed packages by checksum, including the requested one.

    Those of a package with pinned contents are read, so that a damaged one comes anew.
    """
    files: dict[str, Path] = {}
    for package in (*(other for other in package_names() if other != requested.name), requested.name):
        folder = roots.models / package
        record = read_record(folder)
        for name, file in record.files.items() if record is not None else ():
            path = folder / name
            if _length(path) == file.bytes and not (requested.pinned and sha256_of(path) != file.sha256):
                files[file.sha256] = path
    return files


def _link(source: Path, target: Path) -> None:
    """Creates a hard link, or a copy if the file system does not support links or the file is on another disk."""
    target.unlink(missing_ok=True)
    try:
        os.link(source.resolve(), target)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        shutil.copyfile(source, target)


def _length(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed + _SPARE_BYTES:
        raise LaminaError(
            ErrorCode.OUTPUT_UNWRITABLE,
            f"The download needs {needed / 1e9:.1f} GB, but {folder.parent} has only {free / 1e9:.1f} GB free.",
            "Free some space, or set models_dir to another folder.",
        )


@contextmanager
def _written(models: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise LaminaError(
            ErrorCode.OUTPUT_UNWRITABLE,
            f"Cannot write to {error.filename or models}: {error.strerror or error}.",
            "Free some space, or set models_dir to another folder. Finished downloads are kept.",
        ) from error
