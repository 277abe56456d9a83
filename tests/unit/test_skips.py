"""What continuous integration relies on: that nothing but a missing GPU keeps a test from being run there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"

TESTS = """
import pytest

@pytest.mark.skipif(True, reason="no server was found")
def test_marked(): ...

def test_in_its_body():
    pytest.skip("no browser was found")

@pytest.fixture
def node():
    pytest.skip("node was not found")

def test_in_a_fixture(node): ...

@pytest.mark.skipif(True, reason="no GPU: torch sees none")
def test_gpu(): ...

@pytest.mark.xfail(strict=True)
def test_expected_to_fail():
    assert False
"""


def outcome(folder: Path, is_all: bool) -> str:
    environment = os.environ | {"LAMINA_TEST_ALL": "1" if is_all else ""}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, timeout=120)
    return run.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(CONFTEST, tmp_path)
    for name in ("signal_dispositions.py", "stores.py"):
        (tmp_path / name).touch()  # their fixtures have no part in this
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def test_a_skip_is_a_skip_by_default(folder: Path) -> None:
    assert "4 skipped, 1 xfailed" in outcome(folder, is_all=False)


def test_when_all_must_run_a_skip_fails_but_for_a_missing_gpu(folder: Path) -> None:
    told = outcome(folder, is_all=True)
    assert "1 skipped, 1 xfailed" in told
    for reason in ("no server was found", "no browser was found", "node was not found"):
        assert f"LAMINA_TEST_ALL=1 does not allow: {reason}" in told


def test_when_all_must_run_a_module_that_skips_itself_fails(folder: Path) -> None:
    (folder / "test_whole.py").write_text("import pytest\npytest.importorskip('no_such_module_of_ours')\n")
    told = outcome(folder, is_all=True)
    assert "LAMINA_TEST_ALL=1 does not allow: could not import 'no_such_module_of_ours'" in told
