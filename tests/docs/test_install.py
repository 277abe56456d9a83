"""What documents and messages tell to type: Lamina from where it came, and commands as they work in the checkout."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from documents import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FOLDERS = ("src", "lab", "scripts", "benchmarks", "examples", "tests", "deploy")
BESIDE = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file())
TELLING = [*PAGES, *(path for path in BESIDE if path.suffix in {".py", ".md", ".mjs", ".yaml", ""})]
BY_NAME = re.compile(r"(?<![\w/])lamina\[|(?:pipx?|uv|tool) install (?:-\S+ )*['\"]?lamina\b")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PARTS = {"core", "dev", *PROJECT["optional-dependencies"]}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_nothing_installs_lamina_by_its_name_from_an_index() -> None:
    """`lamina[extra] @ ADDRESS` is not by name."""
    told = {name_of(path): path.read_text("utf-8", errors="replace") for path in TELLING if path != Path(__file__)}
    found = {
        name: [line for line in text.splitlines() if BY_NAME.search(line) and " @ " not in line]
        for name, text in told.items()
    }
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_in_pages_are_as_they_are_typed_in_the_checkout(page: Path) -> None:
    blocks = re.findall(r"^```(?:sh|bash)\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks if "lamina() {" not in block for line in block.splitlines()]
    assert [line for line in lines if re.search(r"(?<![\w./-])lamina [a-z-]", line.partition("#")[0])] == []


def test_parts_that_are_told_of_are_there() -> None:
    pages = "\n".join(page.read_text("utf-8") for page in PAGES)
    told = {part for parts in re.findall(r"scripts/venv ([a-z][a-z ]*)[`\n]", pages) for part in parts.split()}
    assert told == PARTS


def test_help_of_the_set_up_names_every_part() -> None:
    help_ = subprocess.run([ROOT / "scripts" / "venv", "--help"], capture_output=True, text=True, timeout=60)
    assert (help_.returncode, help_.stderr) == (0, "")
    for part in PARTS:
        assert re.search(rf"^  {part} ", help_.stdout, re.MULTILINE), part
    wrong = subprocess.run([ROOT / "scripts" / "venv", "no-such-part"], capture_output=True, text=True, timeout=60)
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("lamina: There is no part 'no-such-part'.\nUsage: ")
