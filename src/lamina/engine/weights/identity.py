"""What makes two components of two models the same: equal content, or without checksums the same files on disk."""

import json
from pathlib import Path

RECORD = "lamina.json"


def identity_of(path: Path) -> str:
    """Of a component's folder, or of a single file; equal only for equal content.

    By the checksums that `lamina pull` recorded, where it did. Else by what the file system says of each file: links to
    one file are the same, two copies are not.
    """
    files = sorted(entry for entry in path.rglob("*") if entry.is_file()) if path.is_dir() else [path]
    recorded = _recorded(path.parent)
    parts: list[str] = []
    for file in files:
        name = file.relative_to(path).as_posix() if path.is_dir() else ""
        facts = file.stat()
        known = recorded.get(file.relative_to(path.parent).as_posix())
        if known is not None and known[1] == facts.st_size:
            parts.append(f"{name} sha256:{known[0]}")
        else:
            parts.append(f"{name} file:{facts.st_dev}:{facts.st_ino}:{facts.st_size}:{facts.st_mtime_ns}")
    return "\n".join(parts)


def _recorded(folder: Path) -> dict[str, tuple[str, int]]:
    try:
        files = json.loads((folder / RECORD).read_text("utf-8"))["files"]
        return {name: (entry["sha256"], entry["bytes"]) for name, entry in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
