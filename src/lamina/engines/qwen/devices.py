"""Lists the devices that a model can run on, and their memory; imports torch only when called."""

import os
from dataclasses import dataclass
from pathlib import Path

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.placement import AUTO
from lamina.installation import install_command

_TOTAL_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # cgroup v2, v1
_TOTAL_USES = ("/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory/memory.usage_in_bytes")


@dataclass(frozen=True, slots=True)
class Device:
    """A device with its memory.

    `name`: the torch name, "cuda:0", "mps", "cpu". `title`: the vendor's name. `free_bytes`: free memory including
    what this process already holds.
    """

    name: str
    title: str
    total_bytes: int
    free_bytes: int

    @property
    def kind(self) -> str:
        """ "cuda", "mps" or "cpu"."""
        return self.name.split(":")[0]


def find_device(wanted: str = AUTO) -> Device:
    """The device of that name; "auto" selects the CUDA GPU with the most free memory, else MPS, else the CPU.

    Raises `LaminaError` (engine_unavailable) if torch is not installed or there is no such device.
    """
    devices = all_devices()
    if wanted == AUTO:
        gpus = [device for device in devices if device.kind == "cuda"]
        return max(gpus, key=lambda device: device.free_bytes) if gpus else devices[0]
    name = "cuda:0" if wanted == "cuda" else wanted
    for device in devices:
        if device.name == name:
            return device
    raise LaminaError(
        ErrorCode.ENGINE_UNAVAILABLE,
        f"Torch has no device {wanted!r}.",
        f"Available devices: {', '.join(device.name for device in devices)}. Set device to one of them or to auto.",
    )


def all_devices() -> list[Device]:
    """All devices, the CPU last. Raises `LaminaError` (engine_unavailable) without torch."""
    try:
        import torch
    except ImportError as error:
        raise LaminaError(
            ErrorCode.ENGINE_UNAVAILABLE,
            f"The diffusion models cannot run: {error}.",
            f"Install them: {install_command('qwen')}.",
        ) from error
    devices: list[Device] = []
    for index in range(torch.cuda.device_count()) if torch.cuda.is_available() else ():
        free, total = torch.cuda.mem_get_info(index)
        held = torch.cuda.memory_reserved(index)
        devices.append(Device(f"cuda:{index}", torch.cuda.get_device_name(index), total, free + held))
    if torch.backends.mps.is_available():
        usable = torch.mps.recommended_max_memory()
        devices.append(Device("mps", "Apple GPU", usable, usable))
    total = host_total_bytes()
    return [*devices, Device("cpu", "CPU", total, min(total, _host_free_bytes(total)))]


def host_total_bytes() -> int:
    """Total memory of the machine, or of the container if that is less; 0 if unknown."""
    try:
        machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return 0
    return min([machine, *_numbers(_TOTAL_LIMITS)])


def release_memory() -> None:
    """Releases memory that torch caches after objects are deleted, for other programs and models."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def _host_free_bytes(total: int) -> int:
    """Available memory, including what this process already holds."""
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        available = int(lines["MemAvailable"].split()[0]) * 1024
        held = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, KeyError, ValueError):
        return total
    limits, uses = _numbers(_TOTAL_LIMITS), _numbers(_TOTAL_USES)
    in_container = [limit - use for limit, use in zip(limits, uses, strict=False)]
    return min([available, *in_container]) + held


def _numbers(paths: tuple[str, ...]) -> list[int]:
    texts = [Path(path).read_text().strip() for path in paths if Path(path).is_file()]
    return [int(text) for text in texts if text.isdigit()]
