"""The commands and programs in the README and the how-to pages do what stands there.

Blocks in `sh` and `python` are run, one page after the other, in a folder with a copy of the examples; blocks in `bash`
are for reading only, since they need something that is not here.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from documents import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "how-to").glob("*.md"))]
PATIENCE_S = 300
THE_TESTS_THEMSELVES = "scripts/test"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_tells_to_run_runs(page: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    programs = [program for program in _programs(page) if THE_TESTS_THEMSELVES not in program]
    assert programs, f"{page.name} has nothing to run"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LAMINA_")}
    for program in programs:
        command = [sys.executable, "-c", program] if "import lamina" in program else ["bash", "-euc", program]
        run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE_S)
        assert run.returncode == 0, f"{program}\n{run.stderr}"
        for output in re.findall(r"\bout/[\w./-]*(?![\w./{-])", program):
            assert (tmp_path / output).exists(), f"{program}\nwrote no {output}"


def _programs(page: Path) -> list[str]:
    blocks = re.findall(r"^```(?:sh|python)\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [re.sub(r"(?<!\S)scripts/(lamina|venv)\b", rf"'{ROOT}/scripts/\1'", block) for block in blocks]
