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
        status = file.stat()
        record_of_file = recorded.get(file.relative_to(path.parent).as_posix())
        if record_of_file is not None and record_of_file.bytes == status.st_size:
            parts.append(f"{name} sha256:{record_of_file.sha256}")
        else:
            parts.append(f"{name} file:{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}")
    return "\n".join(parts)
