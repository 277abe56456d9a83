"""The command line run in this process, in a folder of its own, with an engine that needs no time."""

import io
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lamina.cli import main
from lamina.core.layers import Layer, LayerKind, LayerStack, Pixels, TextLine
from lamina.core.ports import Progress
from lamina.core.tasks import DecomposeTask
from lamina.engines import registry as choice


class HalvesEngine:
    """Cuts a picture into its left half, a text layer, over the whole, the background."""

    name = "classic"
    is_exact = True
    follows_selections = True

    def decompose(self, picture: Pixels, task: DecomposeTask, progress: Progress) -> LayerStack:
        height, width = picture.shape[:2]
        progress("halving", 0.5)
        background = Layer("Background", LayerKind.BACKGROUND, picture)
        corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
        line = TextLine("左 left", corners, (0, 0, 0), 12.0)
        left = Layer("Text: 左 left", LayerKind.TEXT, picture[:, : max(1, width // 2)], text=(line,))
        return LayerStack(width, height, (background, left)[: task.layers])


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


Lamina = Callable[..., Result]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, no settings from outside, the command where the shell finds it, and the quick engine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    for name in ("LAMINA_ENGINE", "LAMINA_LAYERS", "LAMINA_MAX_MEGAPIXELS", "LAMINA_SETTINGS"):
        monkeypatch.delenv(name, raising=False)
    entry = choice.EngineEntry(name="classic", needs=(), extra="", start=lambda _: HalvesEngine())
    monkeypatch.setitem(choice.ENGINES, "classic", entry)
    return tmp_path


@pytest.fixture
def lamina(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Lamina:
    """Runs a command line and returns its exit code and what it printed. `stdin`: the bytes on standard input."""

    def call(*arguments: str | Path, stdin: bytes = b"") -> Result:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as left:
            main.run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        assert isinstance(left.value.code, int)
        return Result(left.value.code, out, err)

    return call


@pytest.fixture
def picture(folder: Path, draw: Callable[..., Path]) -> Path:
    """poster.png in the current folder."""
    return draw(folder / "poster.png")


@pytest.fixture
def draw() -> Callable[..., Path]:
    """Draws a small picture to a path, whose folder is made."""

    def call(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.new("RGB", (40, 30), "#336699")
        image.paste("white", (0, 0, 12, 12))
        image.save(path, lossless=True)
        return path

    return call


@pytest.fixture
def pixels_of() -> Callable[[Path], np.ndarray]:
    """The RGBA pixels of a picture file."""

    def call(path: Path) -> np.ndarray:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGBA"))

    return call
