"""Names the weights that a result was made with, from the known origin of the files."""

import hashlib
from functools import lru_cache
from pathlib import Path

from lamina.core.catalog import NANO, Model
from lamina.engines.weights.places import Place, cached_as
from lamina.engines.weights.record import Record, read_record

_DIGITS = 12
_SAMPLE_BYTES, _SAMPLES_APART = 64, 1 << 15


def checkpoint_of(place: Place) -> str:
    """The name of a checkpoint: "Qwen/Qwen-Image@COMMIT", "folder NAME@DIGEST", or "nano@DIGEST".

    If the commit is unknown, the name is the repository alone. If the transformer comes from another file, " with
    FILE" is appended. Different weights have different names, since cached captions are keyed by it.
    """
    named = _named(place)
    return named if place.transformer_file is None else f"{named} with {place.transformer_file.name}"


def _named(place: Place) -> str:
    record = read_record(place.folder)
    if record is not None:
        return _recorded(record, place.model)
    if (cached := cached_as(place.folder)) is not None:
        return "@".join(cached)
    if place.model is NANO:
        return f"{NANO.name}@{_sampled(place.folder)}"
    return place.model.checkpoint.repository


def _recorded(record: Record, model: Model) -> str:
    source = Path(record.source)
    if (cached := cached_as(source)) is not None:
        return "@".join(cached)
    if record.source == model.checkpoint.repository:
        return f"{record.source}@{record.commit}"
    checksums = "\n".join(f"{name} {file.sha256}" for name, file in sorted(record.files.items()))
    digest = hashlib.sha256(checksums.encode()).hexdigest()[:_DIGITS]
    return f"folder {source.name}@{digest}"  # without its path, which is private


def _sampled(folder: Path) -> str:
    files = {path: path.stat() for path in sorted(folder.rglob("*.safetensors"))}
    return _digest(folder, tuple((path, status.st_size, status.st_mtime_ns) for path, status in files.items()))


@lru_cache(maxsize=4)  # called for every request
def _digest(folder: Path, files: tuple[tuple[Path, int, int], ...]) -> str:
    """A digest of samples from all over the files: training changes every tensor, and reading all takes 0.2 s.

    `files`: path, size in bytes, modification time in ns.
    """
    digest = hashlib.sha256()
    for path, size, _ in files:
        digest.update(f"{path.relative_to(folder).as_posix()} {size}\n".encode())
        with path.open("rb", buffering=0) as file:
            for start in range(0, size, _SAMPLES_APART):
                file.seek(start)
                digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()[:_DIGITS]
