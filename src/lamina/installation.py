"""Where this copy of Lamina came from: how its command is written here, and how an extra of it is installed.

Never by its bare name: that name on a public index is somebody else's to register.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # most that loads this never asks
    from importlib.metadata import Distribution

_NAME = "lamina"
_ROOT = Path(__file__).resolve().parents[2]
_UNKNOWN = "/path/to/lamina"
_COMMAND = re.compile(r"(?<![\w./@:-])lamina(?= [a-z-])")
_OF_EXTRA = re.compile(r"""^([\w.-]+).*;.*\bextra == ["']([\w-]+)["']""")
_is_for_others = False


def keep_paths_back() -> None:
    """From now on no path of this machine is told: what this process says is for users of other machines."""
    global _is_for_others
    _is_for_others = True


def program() -> str:
    """What to type for the command `lamina`: "scripts/lamina" in a checkout's root, "lamina" where that is found."""
    own, found = Path(sys.executable).with_name(_NAME), shutil.which(_NAME)
    script = _script(_NAME)
    if found and any(_is_same(Path(found), one) for one in (own, _ROOT / "scripts" / _NAME)):
        return _NAME
    if script is not None:
        return script
    return shlex.quote(str(own)) if own.is_file() else f"{shlex.quote(sys.executable)} -m {_NAME}"


def as_typed_here(text: str) -> str:
    """The text with `program()` in the place of "lamina" in commands, such as lamina pull."""
    name = program()
    return text if name == _NAME else _COMMAND.sub(lambda _: name, text)


def install_command(extra: str) -> str:
    """What to type to install an extra, such as "qwen": scripts/venv qwen, pip install '/srv/lamina[qwen]'."""
    if (script := _script("venv")) is not None:
        return f"{script} {extra}"
    found = _found()
    return found.installer.command(found.requirement([extra]), [*found.options])


def reinstall_command() -> str:
    """What to type to put right an installation that is broken."""
    if (script := _script("venv")) is not None:
        return f"{script} --reinstall core"
    found = _found()
    return found.installer.command(found.requirement([]), [found.installer.again, *found.options])


@dataclass(frozen=True, slots=True)
class _Installer:
    """`again`: has it install what is there already. `makes_anew`: what else was installed is gone after it."""

    words: str
    again: str
    makes_anew: bool = False

    def command(self, requirement: str, options: list[str]) -> str:
        forced = [self.again] if self.makes_anew and self.again not in options else []
        return " ".join([self.words, *forced, *options, shlex.quote(requirement)])


@dataclass(frozen=True, slots=True)
class _Found:
    """`place`: a path or an address that an installer takes; `extras`: that are here."""

    place: str
    installer: _Installer
    extras: frozenset[str] = frozenset()
    options: tuple[str, ...] = ()

    def requirement(self, wanted: list[str]) -> str:
        """As pip, pipx and uv read it."""
        extras = sorted({*wanted, *(self.extras if self.installer.makes_anew else ())})
        suffix = f"[{','.join(extras)}]" if extras else ""
        is_address = "://" in self.place
        return f"{_NAME}{suffix} @ {self.place}" if is_address else f"{self.place}{suffix}"


def _found() -> _Found:
    from importlib import metadata

    try:
        distribution = metadata.distribution(_NAME)
    except metadata.PackageNotFoundError:
        return _Found(_UNKNOWN, _pip())
    recorded = _recorded(distribution)
    is_editable = bool(recorded.get("dir_info", {}).get("editable"))
    installer = _installer(distribution)
    options = ("--editable",) if is_editable else ()
    return _Found(_place(recorded), installer, _extras_here(distribution), options)


def _recorded(distribution: Distribution) -> dict[str, Any]:
    """The installer's record of where it took the distribution from (PEP 610); empty where it was an index."""
    try:
        return json.loads(distribution.read_text("direct_url.json") or "{}")
    except ValueError:
        return {}


def _place(recorded: dict[str, Any]) -> str:
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    url, control = str(recorded.get("url", "")), recorded.get("vcs_info")
    if not url or _is_for_others:
        return _UNKNOWN
    if urlsplit(url).scheme == "file":
        path = Path(url2pathname(urlsplit(url).path))
        return str(path) if path.exists() else f"/path/to/{path.name if path.suffix else _NAME}"
    if control:
        return f"{control['vcs']}+{url}@{control['commit_id']}"
    return url


def _installer(distribution: Distribution) -> _Installer:
    """uv's tools and pipx's applications have an environment each, which they alone change."""
    prefix = Path(sys.prefix)
    if (prefix / "uv-receipt.toml").is_file():
        return _Installer("uv tool install", "--force", makes_anew=True)
    if (prefix / "pipx_metadata.json").is_file():
        return _Installer("pipx install", "--force", makes_anew=True)
    if (distribution.read_text("INSTALLER") or "").strip() == "uv":
        return _Installer(f"uv pip install --python {shlex.quote(_python())}", "--reinstall")
    return _pip()


def _pip() -> _Installer:
    found = shutil.which("pip")
    is_own = found is not None and Path(found).parent == Path(sys.executable).parent
    return _Installer("pip install" if is_own else f"{shlex.quote(_python())} -m pip install", "--force-reinstall")


def _python() -> str:
    return "python" if _is_for_others else sys.executable


def _extras_here(distribution: Distribution) -> frozenset[str]:
    """Those of which everything is installed."""
    from importlib import metadata

    needs: dict[str, list[str]] = {}
    for requirement in distribution.requires or ():
        if found := _OF_EXTRA.match(requirement):
            needs.setdefault(found[2], []).append(found[1])
    here = {one.name.lower().replace("_", "-") for one in metadata.distributions()}
    return frozenset(extra for extra, names in needs.items() if here >= {name.lower() for name in names})


def _script(name: str) -> str | None:
    """One of the checkout that this environment belongs to, as it is reached from the current folder."""
    if not (_ROOT / "scripts" / name).is_file() or Path(sys.prefix).resolve() != (_ROOT / ".venv").resolve():
        return None
    return f"scripts/{name}" if _is_for_others else shlex.quote(_reached(_ROOT / "scripts" / name))


def _reached(path: Path) -> str:
    try:
        here = Path.cwd()
    except OSError:  # it was removed
        return str(path)
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
