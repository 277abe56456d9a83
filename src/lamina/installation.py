"""How this copy of Lamina was installed: the name of its command, and how to install an extra of it.

Commands never install the bare name: on a public package index anybody could register that name.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:  # rarely needed, and slow to import
    from importlib.metadata import Distribution

_NAME = "lamina"
_ROOT = Path(__file__).resolve().parents[2]
_UNKNOWN = "/path/to/lamina"
_COMMAND = re.compile(r"(?<![\w./@:-])lamina(?= [a-z-])")
_OF_EXTRA = re.compile(r"""^([\w.-]+).*;.*\bextra == ["']([\w-]+)["']""")
_are_paths_hidden = False


def hide_local_paths() -> None:
    """Leave paths of this machine out of commands from now on: messages of this process reach users elsewhere."""
    global _are_paths_hidden
    _are_paths_hidden = True


def program() -> str:
    """The command to type for `lamina`: "scripts/lamina" in a checkout, "lamina" if the shell finds this copy."""
    executable, command_on_path = Path(sys.executable).with_name(_NAME), shutil.which(_NAME)
    script = _script(_NAME)
    if command_on_path and any(
        _is_same_file(Path(command_on_path), path) for path in (executable, _ROOT / "scripts" / _NAME)
    ):
        return _NAME
    if script is not None:
        return script
    return shlex.quote(str(executable)) if executable.is_file() else f"{shlex.quote(sys.executable)} -m {_NAME}"


def localize_commands(text: str) -> str:
    """Replace "lamina" by `program()` in the commands that a text mentions, such as lamina pull."""
    name = program()
    return text if name == _NAME else _COMMAND.sub(lambda _: name, text)


def install_command(extra: str) -> str:
    """The command that installs an extra such as "qwen": scripts/venv qwen, pip install '/srv/lamina[qwen]'."""
    if (script := _script("venv")) is not None:
        return f"{script} {extra}"
    source = _installed_from()
    return source.installer.command(source.requirement([extra]), [*source.options])


def reinstall_command() -> str:
    """The command that repairs a broken installation."""
    if (script := _script("venv")) is not None:
        return f"{script} --reinstall core"
    source = _installed_from()
    return source.installer.command(source.requirement([]), [source.installer.reinstall_option, *source.options])


@dataclass(frozen=True, slots=True)
class _Installer:
    """`reinstall_option`: makes it replace an installed package. `is_clean`: it drops extras installed before."""

    install: str
    reinstall_option: str
    is_clean: bool = False

    def command(self, requirement: str, options: list[str]) -> str:
        forced = [self.reinstall_option] if self.is_clean and self.reinstall_option not in options else []
        return " ".join([self.install, *forced, *options, shlex.quote(requirement)])


@dataclass(frozen=True, slots=True)
class _Source:
    """`location`: a path or URL that the installer accepts; `extras`: the extras that are installed."""

    location: str
    installer: _Installer
    extras: frozenset[str] = frozenset()
    options: tuple[str, ...] = ()

    def requirement(self, wanted: list[str]) -> str:
        """The requirement in the syntax of pip, pipx and uv."""
        extras = sorted({*wanted, *(self.extras if self.installer.is_clean else ())})
        suffix = f"[{','.join(extras)}]" if extras else ""
        is_url = "://" in self.location
        return f"{_NAME}{suffix} @ {self.location}" if is_url else f"{self.location}{suffix}"


class _DirInfo(TypedDict, total=False):
    editable: bool


class _VcsInfo(TypedDict):
    vcs: str
    commit_id: str


class _DirectUrl(TypedDict, total=False):
    """The installer's record of a distribution's origin (PEP 610)."""

    url: str
    dir_info: _DirInfo
    vcs_info: _VcsInfo


def _installed_from() -> _Source:
    from importlib import metadata

    try:
        distribution = metadata.distribution(_NAME)
    except metadata.PackageNotFoundError:
        return _Source(_UNKNOWN, _pip())
    direct_url = _direct_url(distribution)
    is_editable = direct_url.get("dir_info", {}).get("editable", False)
    installer = _installer(distribution)
    options = ("--editable",) if is_editable else ()
    return _Source(_location(direct_url), installer, _installed_extras(distribution), options)


def _direct_url(distribution: Distribution) -> _DirectUrl:
    """Empty if the distribution came from an index."""
    try:
        return json.loads(distribution.read_text("direct_url.json") or "{}")
    except ValueError:
        return {}


def _location(direct_url: _DirectUrl) -> str:
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    url, version_control = direct_url.get("url", ""), direct_url.get("vcs_info")
    if not url or _are_paths_hidden:
        return _UNKNOWN
    if urlsplit(url).scheme == "file":
        path = Path(url2pathname(urlsplit(url).path))
        return str(path) if path.exists() else f"/path/to/{path.name if path.suffix else _NAME}"
    if version_control:
        return f"{version_control['vcs']}+{url}@{version_control['commit_id']}"
    return url


def _installer(distribution: Distribution) -> _Installer:
    """uv tools and pipx applications each have an environment that only uv or pipx changes."""
    prefix = Path(sys.prefix)
    if (prefix / "uv-receipt.toml").is_file():
        return _Installer("uv tool install", "--force", is_clean=True)
    if (prefix / "pipx_metadata.json").is_file():
        return _Installer("pipx install", "--force", is_clean=True)
    if (distribution.read_text("INSTALLER") or "").strip() == "uv":
        return _Installer(f"uv pip install --python {shlex.quote(_python())}", "--reinstall")
    return _pip()


def _pip() -> _Installer:
    pip = shutil.which("pip")
    is_own = pip is not None and Path(pip).parent == Path(sys.executable).parent
    return _Installer("pip install" if is_own else f"{shlex.quote(_python())} -m pip install", "--force-reinstall")


def _python() -> str:
    return "python" if _are_paths_hidden else sys.executable


def _installed_extras(distribution: Distribution) -> frozenset[str]:
    """The extras whose requirements are all installed."""
    from importlib import metadata

    requirements: dict[str, list[str]] = {}
    for requirement in distribution.requires or ():
        if match := _OF_EXTRA.match(requirement):
            requirements.setdefault(match[2], []).append(match[1])
    installed = {package.name.lower().replace("_", "-") for package in metadata.distributions()}
    return frozenset(extra for extra, names in requirements.items() if installed >= {name.lower() for name in names})


def _script(name: str) -> str | None:
    """A script of the checkout that this environment belongs to, relative to the current folder if possible."""
    if not (_ROOT / "scripts" / name).is_file() or Path(sys.prefix).resolve() != (_ROOT / ".venv").resolve():
        return None
    return f"scripts/{name}" if _are_paths_hidden else shlex.quote(_relative(_ROOT / "scripts" / name))


def _relative(path: Path) -> str:
    try:
        current = Path.cwd()
    except OSError:  # the current folder was removed
        return str(path)
    return str(path.relative_to(current)) if path.is_relative_to(current) else str(path)


def _is_same_file(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False
