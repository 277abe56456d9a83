"""The commands and programs in the README and the how-to pages do what stands there.

Blocks in `sh` and `python` are run, one page after the other, in a folder with a copy of the examples; blocks in `bash`
are for reading only, since they need something that is not here. A page that speaks to a service on port 8080 gets one,
on another port, and its blocks in `sh` are one program, so that each may use what those before it found out.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from documents import ROOT

sys.path.append(str(ROOT / "tests" / "integration"))
from serving import environment_of, served

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "how-to").glob("*.md"))]
PATIENCE_S = 300
THE_TESTS_THEMSELVES = "scripts/test"
SERVICE = "http://127.0.0.1:8080"
SERVED = [page for page in PAGES if SERVICE in page.read_text("utf-8") or "lamina backup" in page.read_text("utf-8")]


@pytest.mark.parametrize("page", [page for page in PAGES if page not in SERVED], ids=lambda page: page.stem)
def test_what_a_page_tells_to_run_runs(page: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    programs = [program for program in _programs(page) if THE_TESTS_THEMSELVES not in program]
    assert programs, f"{page.name} has nothing to run"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LAMINA_")}
    for program in programs:
        _run(program, tmp_path, environment)


@pytest.mark.parametrize("page", SERVED, ids=lambda page: page.stem)
def test_what_a_page_asks_of_a_service_is_answered(page: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    with served(tmp_path, child=None) as service:
        program = "\n".join(_programs(page)).replace(SERVICE, service.url)
        _run(program, tmp_path, environment_of(tmp_path))


def _run(program: str, folder: Path, environment: dict[str, str]) -> None:
    command = (
        [sys.executable, "-c", program] if "import lamina" in program else ["bash", "-euo", "pipefail", "-c", program]
    )
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE_S)
    assert run.returncode == 0, f"{program}\n{run.stdout[-2000:]}\n{run.stderr}"
    for output in re.findall(r"\bout/[\w./-]*(?![\w./{-])", program):
        assert (folder / output).exists(), f"{program}\nwrote no {output}"


def _programs(page: Path) -> list[str]:
    blocks = re.findall(r"^```(?:sh|python)\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [re.sub(r"(?<![^\s(])scripts/(lamina|venv)\b", rf"'{ROOT}/scripts/\1'", block) for block in blocks]
