"""Writes tensors to a file atomically and durably."""

import os
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

PART = ".part"


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Writes a temporary file, syncs it and renames it. `metadata`: of the safetensors file."""
    beside = path.with_suffix(PART)
    save_file(
        {name: tensor.detach().to("cpu").contiguous() for name, tensor in tensors.items()}, beside, dict(metadata)
    )
    beside.chmod(path.parent.stat().st_mode & 0o666)  # the library creates files with owner-only permissions
    with beside.open("rb") as file:
        os.fsync(file.fileno())  # otherwise a power failure could leave an empty file
    beside.replace(path)
