"""The commands and programs in the README and the how-to pages do what stands there.

Blocks in `sh` and `python` are run, one page after the other, in one folder with a copy of the examples, as a newcomer
does in a checkout: no page is in the way of another, and all that they write is in out/, which git ignores. Blocks in
`bash` are for reading only, since they need something that is not here. A page that speaks to a service on port 8080
gets one, on another port, and its blocks in `sh` are one program, so that each may use what those before it found out.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from documents import ROOT
from PIL import Image

from serving import environment_of, served

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "how-to").glob("*.md"))]
PATIENCE_S = 300
THE_TESTS_THEMSELVES = "scripts/test"
SERVICE = "http://127.0.0.1:8080"
SERVED = [page for page in PAGES if SERVICE in page.read_text("utf-8") or "lamina backup" in page.read_text("utf-8")]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "examples", folder / "examples")
    return folder


@pytest.fixture(autouse=True)
def nothing_else_is_left(checkout: Path) -> Iterator[None]:
    yield
    assert "out/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert sorted(path.name for path in checkout.iterdir() if path.name != "out") == ["examples"]
    assert sorted(path.name for path in (checkout / "examples").iterdir()) == sorted(
        path.name for path in (ROOT / "examples").iterdir()
    )


@pytest.mark.parametrize("page", [page for page in PAGES if page not in SERVED], ids=lambda page: page.stem)
def test_what_a_page_tells_to_run_runs(page: Path, checkout: Path) -> None:
    programs = [program for program in _programs(page) if THE_TESTS_THEMSELVES not in program]
    assert programs, f"{page.name} has nothing to run"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LAMINA_")}
    for program in programs:
        _run(program, checkout, environment)


@pytest.mark.parametrize("page", SERVED, ids=lambda page: page.stem)
def test_what_a_page_asks_of_a_service_is_answered(page: Path, checkout: Path, tmp_path: Path) -> None:
    with served(tmp_path, child=None) as service:
        program = "\n".join(_programs(page)).replace(SERVICE, service.url)
        _run(program, checkout, environment_of(tmp_path))


def test_the_first_pictures_are_what_the_readme_says(checkout: Path) -> None:
    """A disc in the middle, red and then green, on white."""
    for name, channel in (("circle", 0), ("green", 1)):
        with Image.open(checkout / "out" / f"{name}.png") as image:
            pixels = np.asarray(image.convert("RGB")).astype(int)
        rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
        others = np.delete(pixels, channel, axis=2).max(2)
        is_disc = pixels[..., channel] - others > 60
        distance = np.hypot(rows - rows[is_disc].mean(), columns - columns[is_disc].mean())
        radius = np.sqrt(is_disc.sum() / np.pi)
        is_circle = distance <= radius
        assert (is_disc & is_circle).sum() / (is_disc | is_circle).sum() > 0.95, name
        assert 0.1 < is_disc.mean() < 0.5, name
        assert pixels[distance > 1.25 * radius].mean(0).min() > 240, name


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
