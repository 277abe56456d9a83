"""Downloads the packages of the table with npm and apt and unpacks them into a folder outside the repository."""

import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from lab.compositions.source import Source
from lab.compositions.sources import SOURCES

_DOWNLOAD_LIMIT_S = 600


def fetch(cache: Path, sources: Iterable[Source] = SOURCES) -> None:
    """Downloads the packages that are missing in the folder.

    Raises RuntimeError if a registry does not have a package in the version of the table.
    """
    cache.mkdir(parents=True, exist_ok=True)
    for source in {source.name: source for source in sources}.values():
        target = folder(cache, source)
        if not target.is_dir():
            with tempfile.TemporaryDirectory(dir=cache) as workplace:
                unpacked = Path(workplace) / "unpacked"
                unpacked.mkdir()
                (_unpack_npm if source.registry == "npm" else _unpack_debian)(source, Path(workplace), unpacked)
                unpacked.rename(target)


def folder(cache: Path, source: Source) -> Path:
    """The folder of an unpacked package."""
    return cache / source.name.replace("/", "+").replace(":", "+")


def _unpack_npm(source: Source, workplace: Path, unpacked: Path) -> None:
    _run(["npm", "pack", "--silent", source.name], workplace)
    with tarfile.open(_only(workplace, "*.tgz")) as archive:
        archive.extractall(unpacked, filter="data")


def _unpack_debian(source: Source, workplace: Path, unpacked: Path) -> None:
    _run(["apt-get", "download", "-q", f"{source.package}={source.version}"], workplace)
    _run(["dpkg-deb", "-x", str(_only(workplace, "*.deb")), str(unpacked)], workplace)


def _only(workplace: Path, pattern: str) -> Path:
    (file,) = workplace.glob(pattern)
    return file


def _run(command: list[str], workplace: Path) -> None:
    program = shutil.which(command[0])
    if program is None:
        raise RuntimeError(f"{command[0]} is not installed; npm, apt-get and dpkg-deb are needed.")
    done = subprocess.run(  # noqa: S603 - the commands come from the table above
        [program, *command[1:]], cwd=workplace, capture_output=True, text=True, timeout=_DOWNLOAD_LIMIT_S, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.strip()[-400:]}")
