"""Runs a command as a process of its own, and tells how long it took and how much memory it held at most."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """`seconds` by the clock, `cpu_seconds` of all its threads, `peak_mb` of resident memory in 1,000,000 bytes."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


def launched(command: Sequence[object]) -> Run:
    """The command from start to exit; ends this program with what the command said if it fails."""
    words = [str(word) for word in command]
    told = subprocess.run([sys.executable, "-I", "-S", "-c", _LAUNCHER, *words], capture_output=True, text=True)
    if told.returncode:
        sys.exit(f"{' '.join(words)} failed: {told.stderr.strip()}")
    seconds, cpu_seconds, peak_bytes = map(float, told.stdout.splitlines()[-1].split())
    return Run(round(seconds, 3), round(cpu_seconds, 3), round(peak_bytes / 1e6, 1))


# A small process in between: the peak that is told for a child counts what it was forked from, and this one is large.
_LAUNCHER = """
import os, subprocess, sys, time
start = time.perf_counter()
_, status, usage = os.wait4(subprocess.Popen(sys.argv[1:]).pid, 0)
peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, peak)
sys.exit(os.waitstatus_to_exitcode(status))
"""
