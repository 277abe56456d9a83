"""Tests that are started with signals ignored, as in the background of a shell or by `nohup`, and their children."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
INNER = """
import os, signal, subprocess, sys

def test_children():
    child = "import signal, sys; print([signal.getsignal(int(n)) for n in sys.argv[1:]])"
    numbers = [str(int(number)) for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)]
    told = subprocess.run([sys.executable, "-c", child, *numbers], capture_output=True, text=True, timeout=60).stdout
    assert told.count("SIG_DFL") == 2 and "default_int_handler" in told, told

def test_ourselves():
    for number in (signal.SIGINT, signal.SIGHUP):
        os.kill(os.getpid(), number)
"""


@pytest.mark.parametrize("workers", ["0", "1"])
def test_children_heed_signals_that_the_tests_are_to_ignore(tmp_path: Path, workers: str) -> None:
    (tmp_path / "test_inner.py").write_text(INNER)
    command = f"trap '' INT HUP; exec '{sys.executable}' -m pytest -q -p signal_dispositions -n {workers} test_inner.py"
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    run = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "2 passed" in run.stdout
