"""Facts about the machine for `lamina doctor`: Python, packages, CPU cores, memory, devices, models."""

import importlib.util
import os
import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from lamina.cli.model_list import model_statuses
from lamina.core.errors import LaminaError
from lamina.engines.qwen.devices import Device, all_devices, host_total_bytes

_PACKAGES = (
    "lamina", "click", "httpx2", "imagecodecs", "isal", "lxml", "numpy", "onnxruntime", "opencv-python-headless",
    "pillow", "psd-tools", "python-pptx", "rapidocr", "tifffile",
)  # fmt: skip
_DIFFUSION_PACKAGES = ("torch", "diffusers", "transformers", "huggingface-hub", "safetensors", "torchao", "gguf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """`packages`, `diffusion_packages`: versions by name, None if not installed. `cpu_cores`, `memory_bytes`: None if
    unknown. `ocr_models`: file names. `models`: the state of every model, "here", "damaged" or "missing".
    """

    python: str
    system: str
    packages: dict[str, str | None]
    cpu_cores: int | None
    memory_bytes: int | None
    ocr_models: list[str]
    diffusion_packages: dict[str, str | None]
    devices: list[Device]
    models: dict[str, str]


def this_machine() -> Machine:
    return Machine(
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        packages={package: _version(package) for package in _PACKAGES},
        cpu_cores=_cpu_cores(),
        memory_bytes=host_total_bytes() or None,
        ocr_models=_ocr_models(),
        diffusion_packages={package: _version(package) for package in _DIFFUSION_PACKAGES},
        devices=_devices(),
        models=_models(),
    )


def _devices() -> list[Device]:
    """The devices that torch can use; empty if torch is missing or cannot be imported."""
    try:
        return all_devices()
    except LaminaError:
        return []


def _models() -> dict[str, str]:
    from lamina import settings

    statuses = model_statuses(settings.roots(settings.current()))
    return {status.model.name: status.state for status in statuses}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _cpu_cores() -> int | None:
    """The number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _ocr_models() -> list[str]:
    """The file names of the installed OCR models."""
    package = importlib.util.find_spec("rapidocr")
    folders = package.submodule_search_locations if package is not None else None
    return sorted(model.name for folder in folders or [] for model in Path(folder, "models").glob("*.onnx"))
