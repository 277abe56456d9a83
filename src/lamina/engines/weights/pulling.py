"""Brings a model's weights into the models folder: from the hub or a folder, checked, each file stored once."""

import errno
import os
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lamina.core.catalog import MODELS, Model
from lamina.core.errors import ErrorCode, LaminaError
from lamina.engines.weights.architecture import check_is
from lamina.engines.weights.checking import check_folder
from lamina.engines.weights.hub import Listing, RemoteFile, fetch, is_taken, list_repository
from lamina.engines.weights.places import Roots, cached_as, folder_of
from lamina.engines.weights.record import FileRecord, Record, git_id_of, read_record, sha256_of, write_record

_SPARE_BYTES = 100_000_000  # left free on the disk

BytesDone = Callable[[int, int, str], None]
"""Told the bytes done, the bytes in all, and the file at work."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a pull would do, before it does it. `here`: large files that other models have already, by their names;
    `started_bytes`: what an interrupted pull left.
    """

    model: Model
    listing: Listing
    here: dict[str, Path]
    started_bytes: int

    @property
    def total_bytes(self) -> int:
        return sum(file.bytes for file in self.listing.files)

    @property
    def download_bytes(self) -> int:
        linked = sum(file.bytes for file in self.listing.files if file.name in self.here)
        return max(0, self.total_bytes - linked - self.started_bytes)


def offer_of(model: Model, roots: Roots, endpoint: str | None = None) -> Offer:
    """Asks the hub what there is to get. Raises `LaminaError` (download_failed, engine_unavailable)."""
    listing = list_repository(model, endpoint)
    known = _files_by_checksum(roots, model)
    here = {file.name: known[file.sha256] for file in listing.files if file.sha256 in known}
    staging = _staging(model, roots, listing.commit)
    started = sum(_length(staging / file.name) for file in listing.files if file.name not in here)
    return Offer(model, listing, here, started)


def is_current(offer: Offer, roots: Roots) -> bool:
    """Whether the models folder holds this very commit, whole."""
    folder = folder_of(offer.model, roots)
    record = read_record(folder)
    if record is None or record.commit != offer.listing.commit:
        return False
    try:
        check_folder(folder)
    except LaminaError:
        return False
    return all(_length(folder / name) == file.bytes for name, file in record.files.items())


def pull(offer: Offer, roots: Roots, told: BytesDone, endpoint: str | None = None) -> Path:
    """Downloads what is not here yet, checks every file's checksum, and puts the model in its place as the last step.

    Returns its folder. Interrupted, it goes on the next time where it was.
    Raises `LaminaError` (download_failed, output_unwritable, weights_damaged).
    """
    staging = _staging(offer.model, roots, offer.listing.commit)
    with _written(roots.models), _alone(offer.model, roots):
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
                if target.exists() and target.stat().st_nlink > 1:  # another model's too: nothing may be added to it
                    target.unlink()

                def told_file(count: int, before: int = done, name: str = file.name) -> None:
                    told(before + count, offer.total_bytes, name)

                fetch(offer.listing, file, target, told_file, endpoint)
            done += file.bytes
            told(done, offer.total_bytes, f"checking {file.name}")
            files[file.name] = _checked(file, target)
        listing = offer.listing
        record = Record(
            model=offer.model.name,
            source=listing.repository,
            commit=listing.commit,
            licence=listing.licence,
            files=files,
        )
        return _finish(staging, record, roots)


def adopt(model: Model, source: Path, roots: Roots, told: BytesDone) -> Path:
    """As `pull`, from a folder in the diffusers layout or a snapshot in a hub cache; files are linked where they can.

    Raises `LaminaError` (weights_missing, weights_damaged, output_unwritable).
    """
    names = contents_of(model, source)
    staging = _staging(model, roots, "folder")
    total = sum(names.values())
    with _written(roots.models), _alone(model, roots):
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        if source.stat().st_dev != staging.stat().st_dev:
            _check_space(staging, total)
        files: dict[str, FileRecord] = {}
        done = 0
        for name in names:
            target = staging / name
            target.parent.mkdir(exist_ok=True)
            told(done, total, name)
            _link(source / name, target)
            files[name] = FileRecord(_length(target), _hashed(source / name))
            done += files[name].bytes
            told(done, total, name)
        record = Record(
            model=model.name,
            source=str(source.resolve()),
            commit=commit_of(source),
            licence=model.checkpoint.licence,
            files=files,
        )
        return _finish(staging, record, roots)


def contents_of(model: Model, source: Path) -> dict[str, int]:
    """The bytes of each file that `adopt` would take, by its path in `source`.

    Raises `LaminaError` (weights_missing, weights_damaged), also where the folder holds another model.
    """
    check_folder(source)
    check_is(model, source)
    found = {path.relative_to(source).as_posix(): path for path in sorted(source.rglob("*")) if path.is_file()}
    return {name: _length(path) for name, path in found.items() if is_taken(name)}


def commit_of(source: Path) -> str:
    """Of a snapshot in a hub cache; of other folders none is known, and it is empty."""
    cached = cached_as(source.resolve())
    return cached[1] if cached is not None else ""


def _hashed(path: Path) -> str:
    """Raises `LaminaError` (weights_damaged) if a hub cache, whose files bear their checksums as names, has another."""
    found, stored = sha256_of(path), path.resolve()
    is_named = stored.parent.name == "blobs" and len(stored.name) == len(found)
    if is_named and stored.name != found:
        raise LaminaError(
            ErrorCode.WEIGHTS_DAMAGED, f"The weights file {path} is not what its checksum says.", "Get it again."
        )
    return found


def _checked(file: RemoteFile, target: Path) -> FileRecord:
    """A file that is not what was announced is removed, so that the next pull gets it anew."""
    found = sha256_of(target)
    is_right = found == file.sha256 if file.sha256 is not None else file.git_id in (None, git_id_of(target))
    if _length(target) != file.bytes or not is_right:
        target.unlink()
        raise LaminaError(
            ErrorCode.DOWNLOAD_FAILED,
            f"{file.name} came, but is not what its checksum says.",
            "It was removed; try again. If it happens again, something between here and the hub alters it.",
        )
    return FileRecord(file.bytes, found)


def _finish(staging: Path, record: Record, roots: Roots) -> Path:
    """Everything is there: now it may be taken for whole. What was there before goes."""
    check_folder(staging)
    for path in [path for path in staging.rglob("*") if path.is_file()]:  # of an older commit, or of another program
        if path.relative_to(staging).as_posix() not in record.files:
            path.unlink()
    write_record(staging, record)
    folder = roots.models / record.model
    old = folder.with_name(f".{record.model}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        for own in ("transformer.gguf", "transformer.safetensors"):  # the user's
            if (folder / own).is_file():
                (folder / own).rename(staging / own)
        folder.rename(old)
    staging.rename(folder)
    for left in (old, *roots.models.glob(f".{record.model}.*.partial")):
        shutil.rmtree(left, ignore_errors=True)
    return folder


def _staging(model: Model, roots: Roots, version: str) -> Path:
    """Where a pull gathers files: of each commit apart, so that parts of two are never put together."""
    return roots.models / f".{model.name}.{version[:12]}.partial"


@contextmanager
def _alone(model: Model, roots: Roots) -> Generator[None]:
    """One pull of a model at a time: two would append to the same files."""
    roots.models.mkdir(parents=True, exist_ok=True)
    with (roots.models / f".{model.name}.lock").open("w") as lock:
        try:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:  # Windows: left to the user
            pass
        except BlockingIOError:
            raise LaminaError(
                ErrorCode.OUTPUT_IN_THE_WAY, f"{model.name} is being pulled already.", "Wait for the other lamina pull."
            ) from None
        yield


def _files_by_checksum(roots: Roots, but: Model) -> dict[str, Path]:
    """Of the models that are here, the one that is asked for too."""
    found: dict[str, Path] = {}
    for model in (*(other for other in MODELS.values() if other is not but), but):
        folder = folder_of(model, roots)
        record = read_record(folder)
        for name, file in record.files.items() if record is not None else ():
            if _length(folder / name) == file.bytes:
                found[file.sha256] = folder / name
    return found


def _link(source: Path, target: Path) -> None:
    """A hard link; a copy where the file system has none, or the file lies on another disk."""
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
            f"{needed / 1e9:.1f} GB are to come, and {folder.parent} has {free / 1e9:.1f} GB free.",
            "Free some space, or set models_dir to another place.",
        )


@contextmanager
def _written(models: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise LaminaError(
            ErrorCode.OUTPUT_UNWRITABLE,
            f"{error.filename or models} cannot be written to: {error.strerror or error}.",
            "Free some space or set models_dir to another place; what has come is kept.",
        ) from error
