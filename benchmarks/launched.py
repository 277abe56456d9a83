"""Runs a command in its own process and measures its time and its peak memory."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """`seconds`: elapsed; `cpu_seconds`: of all threads; `peak_mb`: of resident memory, in units of 1,000,000 bytes."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


def launched(command: Sequence[object]) -> Run:
    """Runs the command from start to exit. If it fails, this program ends with its error output."""
    arguments = [str(argument) for argument in command]
    completed = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _LAUNCHER, *arguments], capture_output=True, text=True
    )
    if completed.returncode:
        sys.exit(f"{' '.join(arguments)} failed: {completed.stderr.strip()}")
    seconds, cpu_seconds, peak_bytes = map(float, completed.stdout.splitlines()[-1].split())
    return Run(round(seconds, 3), round(cpu_seconds, 3), round(peak_bytes / 1e6, 1))


# A small process starts the command, since the peak of a child includes the process that it was forked from.
_LAUNCHER = """
import os, subprocess, sys, time
start = time.perf_counter()
_, status, usage = os.wait4(subprocess.Popen(sys.argv[1:]).pid, 0)
peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, peak)
sys.exit(os.waitstatus_to_exitcode(status))
"""
