"""How much memory the devices of this machine have, and how much of it is used, by everybody."""

import asyncio
import contextlib
import shutil
from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
_NVIDIA = ("nvidia-smi", "--query-gpu=index,memory.used,memory.total", "--format=csv,noheader,nounits")
_TIMEOUT_S = 3.0


async def device_memory() -> list[tuple[str, int, int]]:
    """(device, used bytes, total bytes), the CPU's first; without what cannot be told."""
    return [*_cpu(), *await _gpus()]


def parse_meminfo(text: str) -> tuple[int, int] | None:
    """(used bytes, total bytes), of proc(5)'s file."""
    sizes = {name: rest.split()[0] for name, _, rest in (line.partition(":") for line in text.splitlines()) if rest}
    try:
        total, available = int(sizes["MemTotal"]) * 1024, int(sizes["MemAvailable"]) * 1024
    except (KeyError, ValueError):
        return None
    return total - available, total


def parse_gpus(text: str) -> list[tuple[str, int, int]]:
    """Of lines such as "0, 1024, 81920", in MiB."""
    found: list[tuple[str, int, int]] = []
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            index, used, total = (int(part) for part in line.split(","))
            found.append((f"cuda:{index}", used << 20, total << 20))
    return found


def _cpu() -> list[tuple[str, int, int]]:
    try:
        memory = parse_meminfo(_MEMINFO.read_text("ascii"))
    except (OSError, ValueError):
        return []
    return [("cpu", *memory)] if memory else []


async def _gpus() -> list[tuple[str, int, int]]:
    if shutil.which(_NVIDIA[0]) is None:
        return []
    asked = await asyncio.create_subprocess_exec(
        *_NVIDIA, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            output, _ = await asked.communicate()
    except TimeoutError:
        asked.kill()
        await asked.wait()
        return []
    return parse_gpus(output.decode("ascii", "replace"))
