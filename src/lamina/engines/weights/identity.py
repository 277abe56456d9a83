"""Identifies equal components of different models by checksums, or by the files on disk if there are none."""

from pathlib import Path

from lamina.engines.weights.record import read_record


def identity_of(path: Path) -> str:
    """A key for a component's folder or a single file, equal only for equal content.

    Uses the checksums recorded by `lamina pull` if there are any, else the metadata of the files: hard links to one
    file are equal, two copies are not.
    """
    files = sorted(entry for entry in path.rglob("*") if entry.is_file()) if path.is_dir() else [path]
    record = read_record(path.parent)
    recorded = record.files if record is not None else {}
    parts: list[str] = []
    for file in files:
        name = file.relative_to(path).as_posix() if path.is_dir() else ""
        facts = file.stat()
        known = recorded.get(file.relative_to(path.parent).as_posix())
        if known is not None and known.bytes == facts.st_size:
            parts.append(f"{name} sha256:{known.sha256}")
        else:
            parts.append(f"{name} file:{facts.st_dev}:{facts.st_ino}:{facts.st_size}:{facts.st_mtime_ns}")
    return "\n".join(parts)
