"""The classic engine on small pictures of every kind that the benchmark draws: exact, without exception or warning."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FUZZ = ROOT / "benchmarks" / "classic_fuzz"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, FUZZ, *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=300)


def test_no_picture_fails() -> None:
    told = run("--pictures", "90", "--first", "100000")
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout.splitlines()[-2].split()[:3] == ["all", "90", "0"]
    assert told.stderr == ""


def test_no_tight_wordmark_fails() -> None:
    told = run("--only", "wordmark", "--pictures", "60", "--first", "200000")
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout.splitlines()[-2].split()[:3] == ["all", "60", "0"]


def test_a_picture_is_the_same_whatever_else_is_run(tmp_path: Path) -> None:
    run("--pictures", "4", "--first", "20", "--save", str(tmp_path / "some"))
    run("--pictures", "1", "--first", "22", "--save", str(tmp_path / "one"))
    (one,) = (tmp_path / "one").iterdir()
    assert (tmp_path / "some" / one.name).read_bytes() == one.read_bytes()


def test_a_fault_is_told_with_the_picture_and_where_it_happened(tmp_path: Path) -> None:
    broken = tmp_path / "sitecustomize.py"
    broken.write_text("import lamina.engines.classic.engine as e\ne.plan_layers = lambda *_: 1 / 0\n", "utf-8")
    command = [sys.executable, FUZZ, "--pictures", "1"]
    environment = {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    told = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=120)
    assert told.returncode == 1
    fault = json.loads(told.stdout.splitlines()[0])
    assert fault["picture"] == 0
    assert fault["fault"] == "ZeroDivisionError: division by zero"
    assert "plan_layers" in fault["trace"]
