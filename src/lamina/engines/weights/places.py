"""Finds a model's weights on this machine: in the models folder, the Hugging Face hub cache, or the package."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from lamina.core.catalog import NANO, Model
from lamina.core.errors import ErrorCode, LaminaError
from lamina.engines.weights.checking import INDEX, check_folder
from lamina.installation import reinstall_command

HUB_CACHE = "hub cache"
_BRANCH = "main"
PACKAGED = Path(__file__).parents[1] / "qwen" / "nano" / "weights"
_TRANSFORMER_FILES = ("transformer.gguf", "transformer.safetensors")


@dataclass(frozen=True, slots=True)
class Roots:
    """The search locations.

    `models`: folder with one sub-folder per model; `hub_cache`: cache of the Hugging Face hub; `transformers`:
    transformer files by model name.
    """

    models: Path
    hub_cache: Path | None = None
    transformers: Mapping[str, Path] = field(default_factory=dict[str, Path])


PACKAGE_ONLY = Roots(PACKAGED.parent)
"""Default without a models folder: only nano is found."""


@dataclass(frozen=True, slots=True)
class Place:
    """A model's folder in the diffusers layout.

    `origin`: "models folder", "hub cache" or "package". `transformer_file`: a `.safetensors` or `.gguf` file that
    replaces the transformer weights of the folder.
    """

    model: Model
    folder: Path
    origin: str
    transformer_file: Path | None = None

    def check(self) -> None:
        """Raises `LaminaError` (weights_missing, weights_damaged) if a file is missing or truncated."""
        check_folder(self.folder, self.transformer_file is not None)
        if self.transformer_file is not None:
            from lamina.engines.weights.tensor_files import read_tensors

            read_tensors(self.transformer_file)


def find(model: Model, roots: Roots) -> Place | None:
    """The first location that has the model's `model_index.json`, or None.

    The files may still be damaged, except in the hub cache: it is skipped unless complete, since other programs leave
    partial downloads there.
    """
    transformer = roots.transformers.get(model.name)
    for folder, origin in _candidates(model, roots):
        if (folder / INDEX).is_file():
            beside = (folder / name for name in _TRANSFORMER_FILES)
            file = transformer or next((path for path in beside if path.is_file()), None)
            place = Place(model, folder, origin, file)
            if origin != HUB_CACHE or _is_complete(place):
                return place
    return None


def check_transformer(model: Model, roots: Roots) -> None:
    """Raises `LaminaError` (weights_missing) if the transformer file that is set for the model does not exist."""
    file = roots.transformers.get(model.name)
    if file is not None and not file.is_file():
        problem = "is a folder" if file.is_dir() else "does not exist"
        raise LaminaError(
            ErrorCode.WEIGHTS_MISSING,
            f"The file {file}, which the setting transformer names for {model.name}, {problem}.",
            "Correct the path; a relative path starts at the current folder. lamina settings shows the setting.",
        )


def require(model: Model, roots: Roots) -> Place:
    """The model's complete weights. Raises `LaminaError` (weights_missing, weights_damaged)."""
    check_transformer(model, roots)
    place = find(model, roots)
    if place is None:
        if model is NANO:
            raise LaminaError(
                ErrorCode.WEIGHTS_MISSING,
                "The weights of nano, which are part of Lamina, are missing.",
                f"Install Lamina again: {reinstall_command()}.",
            )
        raise LaminaError(
            ErrorCode.WEIGHTS_MISSING,
            f"The weights of {model.name} are not installed ({model.checkpoint.size_bytes / 1e9:.1f} GB).",
            f"Download them: lamina pull {model.name}. Or use the demonstration model: --engine nano.",
        )
    place.check()
    return place


def folder_of(model: Model, roots: Roots) -> Path:
    """The folder of the model in the models folder, where `lamina pull` installs it."""
    return roots.models / model.name


def hub_snapshot(model: Model, hub_cache: Path) -> Path | None:
    """The snapshot of the catalog's revision in a hub cache, else of its main branch; None if neither is there.

    The layout is `models--OWNER--NAME/{refs/BRANCH, snapshots/COMMIT/}`.
    """
    repository = hub_cache / f"models--{model.checkpoint.repository.replace('/', '--')}"
    commits = [model.checkpoint.revision]
    with suppress(OSError):
        commits.append((repository / "refs" / _BRANCH).read_text("utf-8").strip())
    folders = (repository / "snapshots" / commit for commit in commits if commit)
    return next((folder for folder in folders if folder.is_dir()), None)


def cached_as(folder: Path) -> tuple[str, str] | None:
    """The repository and the commit of a snapshot folder in a hub cache; None for any other folder."""
    repository = folder.parent.parent.name
    if folder.parent.name != "snapshots" or not repository.startswith("models--"):
        return None
    return repository.removeprefix("models--").replace("--", "/", 1), folder.name


def _is_complete(place: Place) -> bool:
    try:
        place.check()
    except LaminaError:
        return False
    return True


def _candidates(model: Model, roots: Roots) -> list[tuple[Path, str]]:
    candidates = [(folder_of(model, roots), "models folder")]
    if model is NANO:
        return [*candidates, (PACKAGED, "package")]
    snapshot = hub_snapshot(model, roots.hub_cache) if roots.hub_cache is not None else None
    return [*candidates, (snapshot, HUB_CACHE)] if snapshot is not None else candidates
