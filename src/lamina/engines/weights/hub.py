"""Lists repositories of the Hugging Face hub and downloads their files, with resume."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lamina.core.errors import ErrorCode, LaminaError
from lamina.engines.weights.checking import INDEX
from lamina.engines.weights.package import Package
from lamina.engines.weights.record import FileRecord
from lamina.installation import install_command

_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a repository. `name`: its path; `sha256`: set for large files; `git_id`: set for the others."""

    name: str
    bytes: int
    sha256: str | None
    git_id: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a package to download. `commit`: of its revision; `licence`: stated by the repository."""

    package: Package
    commit: str
    licence: str
    files: tuple[RemoteFile, ...]


def list_repository(package: Package, endpoint: str | None = None) -> Listing:
    """The package's files on the hub. Raises `LaminaError` (download_failed, engine_unavailable)."""
    with _hub_errors(package):
        from huggingface_hub import HfApi

        info = HfApi(endpoint=endpoint, library_name="lamina").model_info(
            package.repository, revision=package.revision, files_metadata=True, timeout=_TIMEOUT_S
        )
    files = tuple(_remote_file(entry) for entry in info.siblings or [] if package.takes(entry.rfilename))
    if package.pinned:
        files = tuple(_pinned(package, files, name, known) for name, known in package.pinned.items())
    if not info.sha or not (package.pinned or any(file.name == INDEX for file in files)):
        raise _failed(package.repository, "it does not contain a model in the diffusers layout")
    card: Any = info.card_data
    return Listing(package, info.sha, str(card.get("license") if card else "") or "", files)


def _pinned(package: Package, files: tuple[RemoteFile, ...], name: str, known: FileRecord) -> RemoteFile:
    """The file with the checksum that is known. Raises `LaminaError` if it is missing or another one."""
    file = next((file for file in files if file.name == name), None)
    if file is None:
        raise _failed(package.repository, f"it has no {name}")
    if file.bytes != known.bytes or file.sha256 not in (None, known.sha256):
        raise LaminaError(
            ErrorCode.DOWNLOAD_FAILED,
            f"{package.repository} has another {name} than the one that this version of Lamina knows.",
            f"If you have the right one: lamina pull {package.name} --from DIR.",
        )
    return RemoteFile(name, known.bytes, known.sha256, None)


def fetch(
    listing: Listing, file: RemoteFile, target: Path, report: Callable[[int], None], endpoint: str | None = None
) -> None:
    """Downloads the missing part of the file and appends it to `target`.

    `report`: called with the size of `target` so far. After a failure, `target` keeps what was downloaded.
    Raises `LaminaError` (download_failed, output_unwritable).
    """
    with _hub_errors(listing.package), target.open("ab") as opened:
        from huggingface_hub import hf_hub_url
        from huggingface_hub.file_download import http_get
        from huggingface_hub.utils import build_hf_headers, logging

        logging.set_verbosity_error()  # it logs a warning for every retried connection
        if opened.tell() > file.bytes:
            opened.truncate(0)
        start = opened.tell()
        report(start)
        # hf_hub_download discards an interrupted download; the function below it can resume.
        http_get(
            hf_hub_url(listing.package.repository, file.name, revision=listing.commit, endpoint=endpoint),
            opened,
            resume_size=start,
            headers=build_hf_headers(library_name="lamina") | {"Accept-Encoding": "identity"},
            expected_size=file.bytes,
            displayed_filename=file.name,
            tqdm_class=_reporting_bar(lambda count: report(count), start),  # pyright: ignore[reportArgumentType]
        )


def _reporting_bar(report: Callable[[int], None], start: int) -> type:
    """A progress bar class for huggingface_hub that calls `report` instead of drawing."""

    class Bar:
        def __init__(self, *_: Any, **__: Any) -> None:
            self.count = start

        def __enter__(self) -> "Bar":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, count: float) -> None:
            self.count += int(count)
            report(self.count)

    return Bar


def _remote_file(entry: Any) -> RemoteFile:
    large = entry.lfs
    return RemoteFile(
        name=entry.rfilename,
        bytes=int(large.size if large is not None else entry.size or 0),
        sha256=str(large.sha256) if large is not None else None,
        git_id=str(entry.blob_id) if large is None and entry.blob_id else None,
    )


@contextmanager
def _hub_errors(package: Package) -> Generator[None]:
    """Converts errors of the hub and of the network into `LaminaError`."""
    try:
        from huggingface_hub import errors
    except ImportError as error:
        raise LaminaError(
            ErrorCode.ENGINE_UNAVAILABLE,
            f"Weights cannot be downloaded: {error}.",
            f"Install: {install_command(package.extra)}. Or import a folder: lamina pull MODEL --from DIR.",
        ) from error
    repository = package.repository
    network: Any = errors.HTTPError  # pyright: ignore[reportPrivateImportUsage]
    try:
        yield
    except errors.GatedRepoError:
        raise _failed(repository, "it is gated: request access from its owner, then set HF_TOKEN") from None
    except errors.RepositoryNotFoundError:
        raise _failed(repository, "the repository does not exist or is private") from None
    except errors.RevisionNotFoundError:
        raise _failed(repository, "the revision does not exist") from None
    except errors.OfflineModeIsEnabled:
        raise _failed(repository, "HF_HUB_OFFLINE forbids it") from None
    except network as error:
        raise _failed(
            package.repository, " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
        ) from error
    except OSError as error:
        if error.errno is None:  # the file is shorter than announced
            raise _failed(repository, " ".join(str(error).split())[:200].rstrip(".")) from error
        raise LaminaError(
            ErrorCode.OUTPUT_UNWRITABLE,
            f"Cannot write to {error.filename or 'the models folder'}: {error.strerror}.",
            "Free some space, or set models_dir to another folder. Finished downloads are kept.",
        ) from error


def _failed(repository: str, reason: str) -> LaminaError:
    return LaminaError(
        ErrorCode.DOWNLOAD_FAILED,
        f"{repository} could not be downloaded: {reason}.",
        "Try again; the download is resumed. Without a network: lamina pull MODEL --from DIR.",
    )
