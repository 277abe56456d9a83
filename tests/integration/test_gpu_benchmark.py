"""The benchmark for GPUs, on a CPU: small, with the same code, and told in the lines that its readers expect."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("diffusers", reason="the diffusion models are not installed")

ROOT = Path(__file__).parents[2]
FIGURES = ["case", "stock_ms", "ours_ms", "ratio", "max_rel_error", "peak_mb"]
NUMBERS = {"denoise_step", "generate_step", "modulation_tables", "vae_decode", "vae_encode", "vae_decode_nano"}
PICTURES = {"nano_generate", "nano_decompose"}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "benchmarks" / "gpu", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment, timeout=600)


def test_each_case_is_a_line_of_json_and_ours_is_the_same_sooner(tmp_path: Path) -> None:
    told = run("--small", "--limit-s", "1", "--out", str(tmp_path))
    lines = {line["case"]: line for line in map(json.loads, told.stdout.splitlines())}
    assert lines.keys() >= NUMBERS | PICTURES
    for line in lines.values():
        assert list(line) == FIGURES
        assert line["max_rel_error"] <= (0.05 if line["case"] in PICTURES else 1e-5)
        assert line["ratio"] == pytest.approx(line["stock_ms"] / line["ours_ms"], rel=0.05)
    assert lines["vae_decode"]["ratio"] > 1.5
    assert lines["modulation_tables"]["ratio"] > 1.5
    kept = json.loads((tmp_path / "figures.json").read_text("utf-8"))
    assert [case["case"] for case in kept["cases"]] == list(lines)
    assert kept["failures"] == {}
    table = (tmp_path / "figures.md").read_text("utf-8")
    assert all(f"| {case} |" in table for case in NUMBERS | PICTURES)


def test_a_piece_adds_to_the_figures_that_are_there(tmp_path: Path) -> None:
    for piece in ("ceiling", "modulation"):
        told = run("--small", "--limit-s", "1", "--only", piece, "--out", str(tmp_path))
        assert len(told.stdout.splitlines()) == 1
    kept = json.loads((tmp_path / "figures.json").read_text("utf-8"))
    assert [case["case"] for case in kept["cases"]] == ["matrix_product", "modulation_tables"]
