"""Facts about the machine for `lamina doctor`: Python, packages, CPU cores, memory, devices, models."""

import os
import platform
from dataclasses import dataclass
from importlib import metadata

from lamina.cli.model_list import DAMAGED, HERE, MISSING, model_statuses
from lamina.core.errors import LaminaError
from lamina.core.mask_networks import MASK_NETWORKS
from lamina.engines.ocr_models import ocr_model_files
from lamina.engines.qwen.devices import Device, all_devices, host_total_bytes
from lamina.settings import current, engine_config

_PACKAGES = (
    "lamina", "click", "httpx2", "imagecodecs", "isal", "lxml", "numpy", "onnxruntime", "opencv-python-headless",
    "pillow", "psd-tools", "python-pptx", "rapidocr", "tifffile",
)  # fmt: skip
_DIFFUSION_PACKAGES = ("torch", "diffusers", "transformers", "huggingface-hub", "safetensors", "torchao", "gguf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """`packages`, `diffusion_packages`: versions by name, None if not installed. `cpu_cores`, `memory_bytes`: None if
    unknown. `ocr_models`: file names. `scripts`: Tesseract's models by the script that they read (ISO 15924), such as
    "Cyrl". `mask_networks`: the state of every network that can be installed in addition;
    `models`: that of every model; "here", "damaged" or "missing".
    """

    python: str
    system: str
    packages: dict[str, str | None]
    cpu_cores: int | None
    memory_bytes: int | None
    ocr_models: list[str]
    scripts: dict[str, str]
    mask_networks: dict[str, str]
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
        ocr_models=[model.name for model in ocr_model_files()],
        scripts=_scripts(),
        mask_networks=_mask_networks(),
        diffusion_packages={package: _version(package) for package in _DIFFUSION_PACKAGES},
        devices=_devices(),
        models=_models(),
    )


def _scripts() -> dict[str, str]:
    from lamina.engines.classic.other_scripts import installed_models

    program = engine_config(current()).tesseract
    return installed_models(program) if program else {}


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


def _mask_networks() -> dict[str, str]:
    from lamina import settings
    from lamina.engines.weights.package import check_pinned, package_of

    models = settings.roots(settings.current()).models
    states: dict[str, str] = {}
    for name, network in MASK_NETWORKS.items():
        try:
            states[name] = MISSING
            if (models / name).is_dir():
                check_pinned(package_of(network), models / name)
                states[name] = HERE
        except LaminaError:
            states[name] = DAMAGED
    return states


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _cpu_cores() -> int | None:
    """The number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
