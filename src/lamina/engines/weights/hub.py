"""The Hugging Face hub as Lamina uses it: what a repository holds, and its files with resume; the one place that knows
huggingface_hub.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lamina.core.catalog import Model
from lamina.core.errors import ErrorCode, LaminaError
from lamina.installation import install_command

_TIMEOUT_S = 30.0
_TAKEN = (".safetensors", ".json", ".txt", ".jinja")  # nothing that is a program, or that could hold one


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a repository by its path. `sha256`: of large files, `git_id`: of the others."""

    name: str
    bytes: int
    sha256: str | None
    git_id: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """What of a repository is taken. `commit`: what its revision means now; `licence`: as the repository says."""

    repository: str
    commit: str
    licence: str
    files: tuple[RemoteFile, ...]


def is_taken(name: str) -> bool:
    """Whether a file belongs to a model: its index, and weights and configs in the folders of its components."""
    parts = name.split("/")
    is_shown = not any(part.startswith(".") or part in ("", "..") for part in parts) and "\\" not in name
    return name == "model_index.json" or (len(parts) == 2 and is_shown and parts[1].endswith(_TAKEN))


def list_repository(model: Model, endpoint: str | None = None) -> Listing:
    """Asks the hub. Raises `LaminaError` (download_failed, engine_unavailable)."""
    with _told(model.checkpoint.repository):
        from huggingface_hub import HfApi

        found = HfApi(endpoint=endpoint, library_name="lamina").model_info(
            model.checkpoint.repository, revision=model.checkpoint.revision, files_metadata=True, timeout=_TIMEOUT_S
        )
    files = tuple(_remote_file(entry) for entry in found.siblings or [] if is_taken(entry.rfilename))
    if not found.sha or not any(file.name == "model_index.json" for file in files):
        raise _failed(model.checkpoint.repository, "it holds no model in the diffusers layout")
    card: Any = found.card_data
    return Listing(model.checkpoint.repository, found.sha, str(card.get("license") if card else "") or "", files)


def fetch(
    listing: Listing, file: RemoteFile, target: Path, told: Callable[[int], None], endpoint: str | None = None
) -> None:
    """Appends to `target` what it lacks of the file. `told`: how many bytes it has now. What has come stays, whatever
    happens. Raises `LaminaError` (download_failed, output_unwritable).
    """
    with _told(listing.repository), target.open("ab") as opened:
        from huggingface_hub import hf_hub_url
        from huggingface_hub.file_download import http_get
        from huggingface_hub.utils import build_hf_headers, logging

        logging.set_verbosity_error()  # it warns of every connection that it mends
        if opened.tell() > file.bytes:
            opened.truncate(0)
        start = opened.tell()
        told(start)
        # hf_hub_download keeps nothing of a file when it is interrupted; the function that it is built on can go on.
        http_get(
            hf_hub_url(listing.repository, file.name, revision=listing.commit, endpoint=endpoint),
            opened,
            resume_size=start,
            headers=build_hf_headers(library_name="lamina") | {"Accept-Encoding": "identity"},
            expected_size=file.bytes,
            displayed_filename=file.name,
            tqdm_class=_bar_that_tells(lambda count: told(count), start),  # pyright: ignore[reportArgumentType]
        )


def _bar_that_tells(told: Callable[[int], None], start: int) -> type:
    """What huggingface_hub takes for a progress bar, with `told` in the place of the drawing."""

    class Bar:
        def __init__(self, *_: Any, **__: Any) -> None:
            self.count = start

        def __enter__(self) -> "Bar":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, count: float) -> None:
            self.count += int(count)
            told(self.count)

    return Bar


def _remote_file(entry: Any) -> RemoteFile:
    large = entry.lfs
    return RemoteFile(
        entry.rfilename,
        int(large.size if large is not None else entry.size or 0),
        str(large.sha256) if large is not None else None,
        str(entry.blob_id) if large is None and entry.blob_id else None,
    )


@contextmanager
def _told(repository: str) -> Generator[None]:
    """The hub's errors, and the network's, as one."""
    try:
        from huggingface_hub import errors
    except ImportError as error:
        raise LaminaError(
            ErrorCode.ENGINE_UNAVAILABLE,
            f"Weights cannot be downloaded: {error}.",
            f"Install: {install_command('qwen')}. Or take a folder: lamina pull MODEL --from DIR.",
        ) from error
    network: Any = errors.HTTPError  # pyright: ignore[reportPrivateImportUsage]
    try:
        yield
    except errors.GatedRepoError:
        raise _failed(repository, "its owner must let you in first, and HF_TOKEN must name you") from None
    except errors.RepositoryNotFoundError:
        raise _failed(repository, "there is no such repository, or it is private") from None
    except errors.RevisionNotFoundError:
        raise _failed(repository, "it has no such revision") from None
    except errors.OfflineModeIsEnabled:
        raise _failed(repository, "HF_HUB_OFFLINE forbids it") from None
    except network as error:
        raise _failed(repository, " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__) from error
    except OSError as error:
        if error.errno is None:  # a file that did not come as long as it was announced
            raise _failed(repository, " ".join(str(error).split())[:200].rstrip(".")) from error
        raise LaminaError(
            ErrorCode.OUTPUT_UNWRITABLE,
            f"{error.filename or 'The models folder'} cannot be written to: {error.strerror}.",
            "Free some space or set models_dir to another place; what has come is kept.",
        ) from error


def _failed(repository: str, reason: str) -> LaminaError:
    return LaminaError(
        ErrorCode.DOWNLOAD_FAILED,
        f"{repository} could not be downloaded: {reason}.",
        "What has come is kept: try again. Without a network: lamina pull MODEL --from DIR.",
    )
