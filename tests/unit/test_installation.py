"""How the command and its installation are told, wherever Lamina was installed from and by what."""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from lamina import installation as origin

ROOT = Path(__file__).parents[2]
METADATA = """Metadata-Version: 2.4
Name: lamina
Version: 1.2.3
Provides-Extra: postgres
Requires-Dist: pytest>=1; extra == "postgres"
Requires-Dist: basedpyright[all]>=1; extra == 'postgres'
Provides-Extra: qwen
Requires-Dist: no-such-package>=2; extra == "qwen"
"""
Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Makes an environment that Lamina was installed into: `url` from where (PEP 610), `by` what."""

    def install(
        url: str | None, by: str = "pip", marker: str = "", is_editable: bool = False, **record: object
    ) -> Path:
        place = tmp_path / "lamina-1.2.3.dist-info"
        place.mkdir()
        (place / "METADATA").write_text(METADATA)
        (place / "INSTALLER").write_text(f"{by}\n")
        if url is not None:
            told = {"url": url, **record} | ({"dir_info": {"editable": True}} if is_editable else {})
            (place / "direct_url.json").write_text(json.dumps(told))
        prefix = tmp_path / "env"
        (prefix / "bin").mkdir(parents=True)
        for name in ("lamina", "python", "pip"):
            (prefix / "bin" / name).write_text("#!/bin/sh\n")
            (prefix / "bin" / name).chmod(0o755)
        if marker:
            (prefix / marker).touch()
        monkeypatch.setattr(metadata, "distribution", lambda _: metadata.PathDistribution(place))
        monkeypatch.setattr(sys, "prefix", str(prefix))
        monkeypatch.setattr(sys, "executable", str(prefix / "bin" / "python"))
        monkeypatch.setenv("PATH", "/usr/bin:/bin")
        return prefix

    return install


def test_from_a_wheel(install: Install, tmp_path: Path) -> None:
    wheel = tmp_path / "my wheels" / "lamina-1.2.3-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.touch()
    prefix = install(wheel.as_uri())
    assert origin.install_command("qwen") == f"{prefix}/bin/python -m pip install '{wheel}[qwen]'"
    assert origin.reinstall_command() == f"{prefix}/bin/python -m pip install --force-reinstall '{wheel}'"
    wheel.unlink()
    told = shlex.split(origin.install_command("qwen"))[-1]
    assert told == "/path/to/lamina-1.2.3-py3-none-any.whl[qwen]", "what is gone is not told as if it were there"


def test_from_a_folder_with_the_environments_pip_at_hand(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = install(tmp_path.as_uri())
    monkeypatch.setenv("PATH", f"{prefix}/bin:/usr/bin")
    assert origin.install_command("qwen") == f"pip install '{tmp_path}[qwen]'"
    assert origin.program() == "lamina"


def test_from_a_folder_to_work_in(install: Install, tmp_path: Path) -> None:
    install(tmp_path.as_uri(), is_editable=True)
    assert origin.install_command("qwen").endswith(f"-m pip install --editable '{tmp_path}[qwen]'")


def test_from_a_repository_or_an_address(install: Install) -> None:
    install("https://example.org/lamina.git", vcs_info={"vcs": "git", "commit_id": "c0ffee"})
    assert origin.install_command("qwen").endswith("'lamina[qwen] @ git+https://example.org/lamina.git@c0ffee'")


@pytest.mark.parametrize("url", [None, ""])
def test_from_an_index_the_name_is_not_told(install: Install, url: str | None) -> None:
    install(url)
    assert origin.install_command("qwen").endswith("'/path/to/lamina[qwen]'")


@pytest.mark.parametrize(
    ("marker", "words"),
    [("uv-receipt.toml", "uv tool install --force"), ("pipx_metadata.json", "pipx install --force")],
)
def test_what_makes_its_environment_anew_gets_the_extras_that_are_there(
    install: Install, tmp_path: Path, marker: str, words: str
) -> None:
    install(tmp_path.as_uri(), by="uv", marker=marker)
    assert origin.install_command("qwen") == f"{words} '{tmp_path}[postgres,qwen]'"
    assert origin.reinstall_command() == f"{words} '{tmp_path}[postgres]'"


def test_an_environment_of_uv_may_have_no_pip(install: Install, tmp_path: Path) -> None:
    prefix = install(tmp_path.as_uri(), by="uv")
    assert origin.install_command("qwen") == f"uv pip install --python {prefix}/bin/python '{tmp_path}[qwen]'"


def test_the_command_is_told_so_that_it_is_found(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = install(tmp_path.as_uri())
    assert origin.program() == f"{prefix}/bin/lamina"
    links = tmp_path / "links"
    links.mkdir()
    (links / "lamina").symlink_to(prefix / "bin" / "lamina")
    monkeypatch.setenv("PATH", f"{links}:/usr/bin")
    assert origin.program() == "lamina"
    (prefix / "bin" / "lamina").unlink()
    assert origin.program() == f"{prefix}/bin/python -m lamina"


def test_who_is_elsewhere_is_told_no_path(install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path.as_uri())
    monkeypatch.setattr(origin, "_are_paths_hidden", False)
    origin.hide_local_paths()
    assert origin.install_command("qwen") == "python -m pip install '/path/to/lamina[qwen]'"


def test_commands_in_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin, "program", lambda: "scripts/lamina")
    text = "Get them (lamina pull MODEL), or see lamina --help; /srv/lamina is the folder of lamina, https://lamina it."
    told = origin.localize_commands(text)
    assert told == text.replace("(lamina", "(scripts/lamina").replace("see lamina", "see scripts/lamina")
    assert origin.localize_commands(told) == told


def test_in_this_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    if Path(sys.prefix) != ROOT / ".venv":
        pytest.skip("the tests do not run from .venv")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.chdir(ROOT)
    assert (origin.program(), origin.install_command("qwen")) == ("scripts/lamina", "scripts/venv qwen")
    assert origin.reinstall_command() == "scripts/venv --reinstall core"
    monkeypatch.chdir(ROOT.parent)
    assert origin.install_command("qwen") == f"{ROOT.name}/scripts/venv qwen"
    monkeypatch.chdir("/usr")
    assert origin.install_command("qwen") == shlex.join([f"{ROOT}/scripts/venv", "qwen"])


def test_commands_that_are_told_in_this_checkout_are_there() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "lamina", "decompose", "--nope"],
        cwd=ROOT, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert told.stderr.endswith("See: scripts/lamina decompose --help\n")
