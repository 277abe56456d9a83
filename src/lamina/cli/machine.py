"""What `lamina doctor` reads off the machine: Python, packages, processors, memory, the reader's models."""

import importlib.util
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = (
    "lamina", "click", "httpx2", "isal", "lxml", "numpy", "onnxruntime", "opencv-python-headless", "pillow",
    "psd-tools", "python-pptx", "rapidocr", "tifffile",
)  # fmt: skip
_MEMORY_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # cgroup v2, v1


def describe_machine() -> dict[str, Any]:
    """As JSON. Versions, `cpu_cores` and `memory_bytes` are None where they cannot be found out."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": {package: _version(package) for package in _PACKAGES},
        "cpu_cores": _cpu_cores(),
        "memory_bytes": _memory_bytes(),
        "ocr_models": _ocr_models(),
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _cpu_cores() -> int | None:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _memory_bytes() -> int | None:
    """Of the machine, or of the container where that is less."""
    try:
        sizes = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    except (AttributeError, OSError, ValueError):
        return None
    for path in map(Path, _MEMORY_LIMITS):
        text = path.read_text().strip() if path.is_file() else ""
        sizes += [int(text)] if text.isdigit() else []
    return min(sizes)


def _ocr_models() -> list[str]:
    """The files' names; empty if there are none."""
    package = importlib.util.find_spec("rapidocr")
    folders = package.submodule_search_locations if package is not None else None
    return sorted(model.name for folder in folders or [] for model in Path(folder, "models").glob("*.onnx"))
