"""Collects the measurements as lines, as a JSON file that grows piece by piece, and as a Markdown table."""

import json
import platform
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self

import torch

_PACKAGES = ("diffusers", "transformers", "peft", "torchao", "cache-dit")


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine that was measured; a file holds the figures of one machine."""

    device: str
    torch_version: str
    packages: dict[str, str]
    system: str
    is_small: bool

    @classmethod
    def of(cls, device: torch.device, is_small: bool) -> Self:
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {platform.machine()}"
        return cls(name, str(torch.__version__), dict(map(_versioned, _PACKAGES)), platform.system(), is_small)


@dataclass(frozen=True, slots=True)
class Case:
    """`stock_ms`: of diffusers in eager mode; `ours_ms`: of Lamina. `max_rel_error`: the largest difference between the
    two, both in float32 unless `more` says otherwise, divided by the largest value. `more`: figures of some cases only.
    """

    case: str
    stock_ms: float
    ours_ms: float
    max_rel_error: float
    peak_mb: float
    more: dict[str, float | int | str] = field(default_factory=dict[str, float | int | str])

    def line(self) -> dict[str, float | str]:
        return {
            "case": self.case,
            "stock_ms": round(self.stock_ms, 3),
            "ours_ms": round(self.ours_ms, 3),
            "ratio": round(self.stock_ms / self.ours_ms, 3),
            "max_rel_error": float(f"{self.max_rel_error:.3g}"),
            "peak_mb": round(self.peak_mb, 1),
        }


class Figures:
    """`folder`: where the figures are stored, or None. Earlier cases in it are stored, and replaced by name."""

    def __init__(self, machine: Machine, folder: Path | None) -> None:
        self._machine = machine
        self._folder = folder
        self._cases: dict[str, dict[str, Any]] = {}
        self._failures: dict[str, str] = {}
        if folder is not None and (folder / "figures.json").is_file():
            stored = json.loads((folder / "figures.json").read_text("utf-8"))
            if stored["machine"] == asdict(machine):
                self._cases = {case["case"]: case for case in stored["cases"]}
                self._failures = stored["failures"]

    def add(self, case: Case) -> None:
        self._cases[case.case] = {**case.line(), **case.more}
        self._failures.pop(case.case, None)
        self._write()

    def failed(self, piece: str, reason: str) -> None:
        self._failures[piece] = reason
        self._write()

    def table(self) -> str:
        machine = self._machine
        lines = [
            f"{machine.device}, {machine.system}, torch {machine.torch_version}, "
            + ", ".join(f"{name} {number}" for name, number in machine.packages.items()),
            "",
            "| case | stock | stock compiled | ours | times as fast | largest error | peak | more |",
            "|---|---|---|---|---|---|---|---|",
            *map(_row, self._cases.values()),
            *(f"| {name} | failed: {reason} |||||||" for name, reason in self._failures.items()),
        ]
        return "\n".join(lines)

    def _write(self) -> None:
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        stored = {"machine": asdict(self._machine), "cases": list(self._cases.values()), "failures": self._failures}
        (self._folder / "figures.json").write_text(json.dumps(stored, indent=1) + "\n", "utf-8")
        (self._folder / "figures.md").write_text(self.table() + "\n", "utf-8")


_IN_COLUMNS = ("case", "stock_ms", "stock_compiled_ms", "ours_ms", "ratio", "max_rel_error", "peak_mb")


def _row(case: dict[str, Any]) -> str:
    compiled = f"{case['stock_compiled_ms']:.1f} ms" if "stock_compiled_ms" in case else "-"
    more = ", ".join(f"{name} {value}" for name, value in case.items() if name not in _IN_COLUMNS)
    return (
        f"| {case['case']} | {case['stock_ms']:.1f} ms | {compiled} | {case['ours_ms']:.1f} ms | {case['ratio']:.2f} "
        f"| {case['max_rel_error']:.2g} | {case['peak_mb']:,.0f} MB | {more} |"
    )


def _versioned(package: str) -> tuple[str, str]:
    try:
        return package, version(package)
    except PackageNotFoundError:
        return package, "-"
