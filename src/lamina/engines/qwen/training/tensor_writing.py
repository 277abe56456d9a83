"""Writes tensors to a file that is there whole or not at all, whatever ends the process or the machine meanwhile."""

import os
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

PART = ".part"


def write_tensors(path: Path, tensors: Mapping[str, Tensor], told: Mapping[str, str]) -> None:
    """Beside its place, then renamed. `told`: the file's metadata."""
    beside = path.with_suffix(PART)
    save_file({name: tensor.detach().to("cpu").contiguous() for name, tensor in tensors.items()}, beside, dict(told))
    beside.chmod(path.parent.stat().st_mode & 0o666)  # the library makes files that only their owner can read
    with beside.open("rb") as file:
        os.fsync(file.fileno())  # else a power cut could leave the name without the content
    beside.replace(path)
