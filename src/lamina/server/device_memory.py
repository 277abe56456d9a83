"""Reads the total and used memory of the devices of this machine."""

import asyncio
import contextlib
import shutil
from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
_NVIDIA = ("nvidia-smi", "--query-gpu=index,memory.used,memory.total", "--format=csv,noheader,nounits")
_TIMEOUT_S = 3.0


async def device_memory() -> list[tuple[str, int, int]]:
    """(device, used bytes, total bytes) by all processes, the CPU first; unknown devices are omitted."""
    return [*_cpu(), *await _gpus()]


def parse_meminfo(text: str) -> tuple[int, int] | None:
    """(used bytes, total bytes) from the text of /proc/meminfo (proc(5))."""
    sizes = {name: rest.split()[0] for name, _, rest in (line.partition(":") for line in text.splitlines()) if rest}
    try:
        total, available = int(sizes["MemTotal"]) * 1024, int(sizes["MemAvailable"]) * 1024
    except (KeyError, ValueError):
        return None
    return total - available, total


def parse_gpus(text: str) -> list[tuple[str, int, int]]:
    """Parses lines such as "0, 1024, 81920" (index, used MiB, total MiB)."""
    gpus: list[tuple[str, int, int]] = []
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            index, used, total = (int(part) for part in line.split(","))
            gpus.append((f"cuda:{index}", used << 20, total << 20))
    return gpus


def _cpu() -> list[tuple[str, int, int]]:
    try:
        memory = parse_meminfo(_MEMINFO.read_text("ascii"))
    except (OSError, ValueError):
        return []
    return [("cpu", *memory)] if memory else []


async def _gpus() -> list[tuple[str, int, int]]:
    if shutil.which(_NVIDIA[0]) is None:
        return []
    process = await asyncio.create_subprocess_exec(
        *_NVIDIA, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return []
    return parse_gpus(output.decode("ascii", "replace"))
