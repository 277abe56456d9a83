"""Where a model's weights are on this machine: the models folder, the cache of the Hugging Face hub, the package."""

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
    """Where to look. `models`: the folder with a sub-folder a model; `hub_cache`: of the Hugging Face hub;
    `transformers`: files to take a model's transformer from, by the model's name.
    """

    models: Path
    hub_cache: Path | None = None
    transformers: Mapping[str, Path] = field(default_factory=dict[str, Path])


PACKAGE_ONLY = Roots(PACKAGED.parent)
"""For where no models folder is set: no model has a folder there."""


@dataclass(frozen=True, slots=True)
class Place:
    """A model's folder, in the diffusers layout. `origin`: "models folder", "hub cache" or "package".
    `transformer_file`: the one `.safetensors` or `.gguf` that its transformer is read from instead.
    """

    model: Model
    folder: Path
    origin: str
    transformer_file: Path | None = None

    def check(self) -> None:
        """Raises `LaminaError` (weights_missing, weights_damaged) unless everything is there and as long as it says."""
        check_folder(self.folder, self.transformer_file is not None)
        if self.transformer_file is not None:
            from lamina.engines.weights.tensor_files import read_tensors

            read_tensors(self.transformer_file)


def find(model: Model, roots: Roots) -> Place | None:
    """The first place that has the model's `model_index.json`; it may yet be damaged, but for the hub's cache, where
    other programs leave parts of models. None if no place has.
    """
    transformer = roots.transformers.get(model.name)
    for folder, origin in _candidates(model, roots):
        if (folder / INDEX).is_file():
            beside = (folder / name for name in _TRANSFORMER_FILES)
            file = transformer or next((path for path in beside if path.is_file()), None)
            place = Place(model, folder, origin, file)
            if origin != HUB_CACHE or _is_whole(place):
                return place
    return None


def check_transformer(model: Model, roots: Roots) -> None:
    """Raises `LaminaError` (weights_missing) where a file is set to take the model's transformer from, and is none."""
    file = roots.transformers.get(model.name)
    if file is not None and not file.is_file():
        what = "is a folder" if file.is_dir() else "is not there"
        raise LaminaError(
            ErrorCode.WEIGHTS_MISSING,
            f"The file {file}, which the setting transformer names for {model.name}, {what}.",
            "Correct the path; a relative one counts from the folder you are in. lamina settings shows it.",
        )


def require(model: Model, roots: Roots) -> Place:
    """The model's weights, whole. Raises `LaminaError` (weights_missing, weights_damaged)."""
    check_transformer(model, roots)
    place = find(model, roots)
    if place is None:
        if model is NANO:
            raise LaminaError(
                ErrorCode.WEIGHTS_MISSING,
                "The weights of nano, which come with Lamina, are not there.",
                f"Install Lamina again: {reinstall_command()}.",
            )
        raise LaminaError(
            ErrorCode.WEIGHTS_MISSING,
            f"The weights of {model.name} are not on this machine ({model.checkpoint.size_bytes / 1e9:.1f} GB).",
            f"Get them: lamina pull {model.name}. Or try it with --engine nano.",
        )
    place.check()
    return place


def folder_of(model: Model, roots: Roots) -> Path:
    """Where `lamina pull` puts the model."""
    return roots.models / model.name


def hub_snapshot(model: Model, hub_cache: Path) -> Path | None:
    """The catalog's revision in a hub cache, or else the one that its main branch is at; None if neither is there.

    The layout is `models--OWNER--NAME/{refs/BRANCH, snapshots/COMMIT/}`.
    """
    repository = hub_cache / f"models--{model.checkpoint.repository.replace('/', '--')}"
    commits = [model.checkpoint.revision]
    with suppress(OSError):
        commits.append((repository / "refs" / _BRANCH).read_text("utf-8").strip())
    folders = (repository / "snapshots" / commit for commit in commits if commit)
    return next((folder for folder in folders if folder.is_dir()), None)


def cached_as(folder: Path) -> tuple[str, str] | None:
    """The repository and the commit of a snapshot's folder, by the layout of a hub cache; None if it is none."""
    repository = folder.parent.parent.name
    if folder.parent.name != "snapshots" or not repository.startswith("models--"):
        return None
    return repository.removeprefix("models--").replace("--", "/", 1), folder.name


def _is_whole(place: Place) -> bool:
    try:
        place.check()
    except LaminaError:
        return False
    return True


def _candidates(model: Model, roots: Roots) -> list[tuple[Path, str]]:
    found = [(folder_of(model, roots), "models folder")]
    if model is NANO:
        return [*found, (PACKAGED, "package")]
    snapshot = hub_snapshot(model, roots.hub_cache) if roots.hub_cache is not None else None
    return [*found, (snapshot, HUB_CACHE)] if snapshot is not None else found
