"""What `lamina doctor` reads off the machine: Python, packages, processors, memory, devices, models."""

import importlib.util
import os
import platform
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from lamina.cli.model_list import describe_models
from lamina.core.errors import LaminaError
from lamina.engines.qwen.devices import all_devices, host_total_bytes

_PACKAGES = (
    "lamina", "click", "httpx2", "imagecodecs", "isal", "lxml", "numpy", "onnxruntime", "opencv-python-headless",
    "pillow", "psd-tools", "python-pptx", "rapidocr", "tifffile",
)  # fmt: skip
_DIFFUSION_PACKAGES = ("torch", "diffusers", "transformers", "huggingface-hub", "safetensors", "torchao", "gguf")


def describe_machine() -> dict[str, Any]:
    """As JSON. Versions, `cpu_cores` and `memory_bytes` are None where they cannot be found out."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": {package: _version(package) for package in _PACKAGES},
        "cpu_cores": _cpu_cores(),
        "memory_bytes": host_total_bytes() or None,
        "ocr_models": _ocr_models(),
        "diffusion_packages": {package: _version(package) for package in _DIFFUSION_PACKAGES},
        "devices": _devices(),
        "models": _models(),
    }


def _devices() -> list[dict[str, Any]]:
    """What torch can run models on; empty without torch, or where it cannot be loaded."""
    try:
        return [asdict(device) for device in all_devices()]
    except LaminaError:
        return []


def _models() -> dict[str, str]:
    """Each model of the catalog with its state: "here", "damaged" or "missing"."""
    from lamina import settings

    return {entry["name"]: entry["state"] for entry in describe_models(settings.roots(settings.current()))}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _cpu_cores() -> int | None:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _ocr_models() -> list[str]:
    """The files' names; empty if there are none."""
    package = importlib.util.find_spec("rapidocr")
    folders = package.submodule_search_locations if package is not None else None
    return sorted(model.name for folder in folders or [] for model in Path(folder, "models").glob("*.onnx"))
