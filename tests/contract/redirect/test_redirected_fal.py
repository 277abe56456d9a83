"""The two samples of fal's page, as they are printed, under `lamina redirect`: the picture and the key are ours."""

import os
import re
import sys
from collections.abc import Generator
from pathlib import Path
from subprocess import CompletedProcess, run

import pytest

from sdks import node_with, python_with
from serving import Served, environment_of, files_served, poster, served

PAGE = "002_cecd557c660299c9.txt"
_VARIABLE = "LAMINA_TEST_VENDOR_PAGES"
_PICTURE = re.compile(r"https://[\w.-]+/[\w./-]+\.png")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    with served(tmp_path_factory.mktemp("fal"), LAMINA_ALLOW_PRIVATE_URLS="true") as one:
        yield one


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "poster.png").write_bytes(poster())
    with files_served(folder) as address:
        yield f"{address}/poster.png"


def sample(language: str, picture: str) -> str:
    folder = os.environ.get(_VARIABLE)
    if not folder:
        pytest.skip(f"{_VARIABLE} does not say where the vendors' pages are")
    text = (Path(folder) / PAGE).read_text("utf-8")
    found = re.search(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found, f"the page has no {language}"
    code, count = _PICTURE.subn(picture, found[1])
    assert count == 1
    return code


def redirected(service: Served, *command: str) -> "CompletedProcess[str]":
    port = service.url.rpartition(":")[2]
    redirect = [sys.executable, "-m", "lamina", "redirect", "--strict", "--only", "fal", "--port", port, "--"]
    environment = {**environment_of(service.data.parent), "FAL_KEY": service.key}
    return run([*redirect, *command], env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_the_python_of_fals_page(service: Served, picture: str, tmp_path: Path) -> None:
    (tmp_path / "sample.py").write_text(sample("python", picture), "utf-8")
    done = redirected(service, str(python_with("fal-client==1.0.3")), str(tmp_path / "sample.py"))
    assert done.returncode == 0, done.stderr
    assert "'images': [" in done.stdout
    assert "/files/" in done.stdout


def test_the_javascript_of_fals_page(service: Served, picture: str, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(node_with("@fal-ai/client@1.10.1") / "node_modules")
    (tmp_path / "sample.mjs").write_text(sample("javascript", picture), "utf-8")
    done = redirected(service, "node", str(tmp_path / "sample.mjs"))
    assert done.returncode == 0, done.stderr
    assert "images: [" in done.stdout
    assert re.search(r"^[0-9a-f-]{36}$", done.stdout, re.MULTILINE), "no request id"
