"""The devices that a model can run on, and their memory; torch is imported only when one is asked about."""

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
    """`name`: as torch spells it, "cuda:0", "mps", "cpu". `title`: as its maker calls it. `free_bytes`: what other
    programs leave, what this process holds already included.
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
    """The device of that name; "auto" takes the GPU with the most free memory, else Apple's, else the CPU.

    Raises `LaminaError` (engine_unavailable) if torch or the device is not there.
    """
    found = all_devices()
    if wanted == AUTO:
        gpus = [device for device in found if device.kind == "cuda"]
        return max(gpus, key=lambda device: device.free_bytes) if gpus else found[0]
    name = "cuda:0" if wanted == "cuda" else wanted
    for device in found:
        if device.name == name:
            return device
    raise LaminaError(
        ErrorCode.ENGINE_UNAVAILABLE,
        f"There is no device {wanted!r} that torch can use.",
        f"There are: {', '.join(device.name for device in found)}. Set device to one of them, or to auto.",
    )


def all_devices() -> list[Device]:
    """The CPU last. Raises `LaminaError` (engine_unavailable) without torch."""
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
    """Of the machine, or of the container where that is less; 0 where it cannot be found out."""
    try:
        machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return 0
    return min([machine, *_numbers(_TOTAL_LIMITS)])


def release_memory() -> None:
    """Gives back what torch keeps of objects that are gone, so that other programs and other models can have it."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def _host_free_bytes(total: int) -> int:
    """What could be had now, what this process holds included."""
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
