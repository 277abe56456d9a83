"""Others' packages, such as the vendors' clients, installed once into the user's cache, each into its own place."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

_INSTALL_S = 600
_COMPLETE = ".complete"


def python_with(*requirements: str) -> Path:
    """A Python of its own with these pinned packages. Skips the test where they cannot be had."""
    place = _place("python", (sysconfig.get_platform(), sys.version.split()[0], *requirements))

    def fill(place: Path) -> None:
        _run([sys.executable, "-m", "venv", str(place)])
        pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, *requirements])

    _install(place, fill)
    return place / "bin" / "python"


def node_with(*packages: str) -> Path:
    """A folder whose node_modules has these pinned packages. Skips the test where they cannot be had."""
    for command in ("node", "npm"):
        if shutil.which(command) is None:
            pytest.skip(
                f"no {command} was found: install the distribution's package (Debian: apt-get install nodejs npm)"
            )
    place = _place("node", packages)

    def fill(place: Path) -> None:
        (place / "package.json").write_text('{"type": "module", "private": true}')
        _run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent", *packages], place)

    _install(place, fill)
    return place


def _place(kind: str, names: Sequence[str]) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    mark = hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]
    return cache / "lamina" / "sdks" / f"{kind}-{mark}"


def _install(place: Path, fill: Callable[[Path], None]) -> None:
    """By whichever of the tests' processes comes first. In its place at once: a virtual environment cannot be moved."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (place / _COMPLETE).exists():
            return
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        try:
            fill(place)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        (place / _COMPLETE).touch()


def _run(command: Sequence[str], folder: Path | None = None) -> None:
    with tempfile.TemporaryFile("w+") as errors:
        try:
            done = subprocess.run(
                command, cwd=folder, stdout=errors, stderr=errors, timeout=_INSTALL_S, check=False, env=_environment()
            )
        except subprocess.TimeoutExpired:
            pytest.skip(f"{command[0]} took longer than {_INSTALL_S} s to install {command[-1]}")
        if done.returncode:
            errors.seek(0)
            pytest.skip(f"{' '.join(command[-2:])} could not be installed: {errors.read()[-500:]}")


def _environment() -> dict[str, str]:
    """Without what points Python to this checkout."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
