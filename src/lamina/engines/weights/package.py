"""Describes what a pull installs in one folder: the weights of a model, or a network for masks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lamina.core.catalog import MODELS, Model
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.mask_networks import MASK_NETWORKS, MaskNetwork
from lamina.engines.weights.architecture import check_is
from lamina.engines.weights.checking import INDEX, check_folder
from lamina.engines.weights.record import FileRecord, sha256_of

_TAKEN = (".safetensors", ".json", ".txt", ".jinja")  # no code, and no format that can contain code


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A folder of the models folder, and the repository of the hub that it comes from.

    `takes`: whether a file of the repository, given by its path, belongs to it. `check`: raises `LaminaError`
    (weights_missing, weights_damaged) unless a folder is complete. `check_source`: the same for a folder to import,
    also if it has something else. `extra`: the group of dependencies with which it is downloaded. `pinned`: the files
    whose content is known, by their path; others are compared with what the hub says of them.
    """

    name: str
    repository: str
    revision: str
    licence: str
    takes: Callable[[str], bool]
    check: Callable[[Path], None]
    check_source: Callable[[Path], None]
    extra: str
    pinned: Mapping[str, FileRecord] = field(default_factory=dict[str, FileRecord])


def package_of(content: Model | MaskNetwork) -> Package:
    return _of_network(content) if isinstance(content, MaskNetwork) else _of_model(content)


def check_pinned(package: Package, folder: Path) -> None:
    """As `check`, also of the contents whose checksums are known beforehand."""
    package.check(folder)
    for name, file in package.pinned.items():
        if sha256_of(folder / name) != file.sha256:
            raise LaminaError(
                ErrorCode.WEIGHTS_DAMAGED,
                f"The weights file {folder / name} does not match its checksum.",
                f"Download it again: lamina pull {package.name}.",
            )


def package_names() -> list[str]:
    """The names of all packages."""
    return [*MODELS, *MASK_NETWORKS]


def is_of_model(name: str) -> bool:
    """Whether a file belongs to a model: the index, or weights and configs in a component folder."""
    parts = name.split("/")
    is_shown = not any(part.startswith(".") or part in ("", "..") for part in parts) and "\\" not in name
    return name == INDEX or (len(parts) == 2 and is_shown and parts[1].endswith(_TAKEN))


def _of_model(model: Model) -> Package:
    def check_source(folder: Path) -> None:
        check_folder(folder)
        check_is(model, folder)

    return Package(
        name=model.name,
        repository=model.checkpoint.repository,
        revision=model.checkpoint.revision,
        licence=model.checkpoint.licence,
        takes=is_of_model,
        check=check_folder,
        check_source=check_source,
        extra="qwen",
    )


def _of_network(network: MaskNetwork) -> Package:
    pinned = {file.name: FileRecord(file.bytes, file.sha256) for file in network.files}

    def check(folder: Path) -> None:
        for name, file in pinned.items():
            path = folder / name
            if not path.is_file():
                raise LaminaError(
                    ErrorCode.WEIGHTS_MISSING,
                    f"The weights are incomplete: {path} is missing.",
                    f"Download them: lamina pull {network.name}.",
                )
            if path.stat().st_size != file.bytes:
                raise LaminaError(
                    ErrorCode.WEIGHTS_DAMAGED,
                    f"The weights file {path} has {path.stat().st_size:,} bytes instead of {file.bytes:,}.",
                    f"Download it again: lamina pull {network.name}.",
                )

    return Package(
        name=network.name,
        repository=network.repository,
        revision=network.revision,
        licence=network.licence,
        takes=pinned.__contains__,
        check=check,
        check_source=check,
        extra="hub",
        pinned=pinned,
    )
