"""What the command line does when an engine fails in a way that nobody expected."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lamina.cli import fault_log
from lamina.core.layers import Layer, LayerKind, LayerStack, Pixels
from lamina.core.ports import Progress
from lamina.core.tasks import DecomposeTask
from lamina.engines import registry as choice

Lamina = Callable[..., Any]
Draw = Callable[[Path], Path]


class FragileEngine:
    """Fails on pictures that are exactly as wide as they are high."""

    name = "classic"
    is_exact = True
    follows_selections = True

    def decompose(self, picture: Pixels, task: DecomposeTask, progress: Progress) -> LayerStack:  # noqa: ARG002
        height, width = picture.shape[:2]
        if width == height:
            raise ZeroDivisionError("said by the engine")
        return LayerStack(width, height, (Layer("Background", LayerKind.BACKGROUND, picture),))


@pytest.fixture(autouse=True)
def log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the command's own log is."""
    entry = choice.EngineEntry(name="classic", needs=(), extra="Install it", start=lambda _: FragileEngine())
    monkeypatch.setitem(choice.ENGINES, "classic", entry)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(fault_log, "_is_logged", False)  # a service may have run in this process
    return tmp_path / "state" / "lamina" / "lamina.log"


@pytest.fixture
def square(folder: Path) -> Path:
    from PIL import Image

    Image.new("RGB", (20, 20), "red").save(folder / "square.png")
    return folder / "square.png"


@pytest.mark.usefixtures("square")
def test_one_fault_does_not_end_a_batch(lamina: Lamina, draw: Draw, folder: Path, log: Path) -> None:
    draw(folder / "a.png")
    draw(folder / "z.png")
    result = lamina("decompose", ".")
    assert result.code == 1
    lines = {line["source"]: line for line in map(json.loads, result.out.splitlines())}
    assert sorted(path.name for path in folder.glob("*.psd")) == ["a.psd", "z.psd"]
    error = lines["square.png"]["error"]
    assert error["code"] == "engine_failed"
    assert "The classic engine failed" in error["message"] and "ZeroDivisionError" in error["message"]
    assert str(log) in error["hint"]
    assert "Traceback" not in result.out + result.err
    fault_id = error["hint"].rpartition("under ")[2][:8]
    kept = log.read_text("utf-8")
    assert f"{fault_id} square.png\nTraceback" in kept and "said by the engine" in kept


@pytest.mark.usefixtures("square")
def test_a_single_picture_ends_in_one_line(lamina: Lamina, log: Path) -> None:
    result = lamina("decompose", "square.png")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("lamina: The classic engine failed unexpectedly (ZeroDivisionError).")
    assert result.err.count("\n") == 1 and str(log) in result.err
    assert not Path("square.psd").exists()


@pytest.mark.usefixtures("square")
def test_whoever_debugs_sees_the_traceback(lamina: Lamina, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMINA_LOG_LEVEL", "debug")
    result = lamina("decompose", "square.png")
    assert "Traceback (most recent call last)" in result.err and "said by the engine" in result.err
    assert "The traceback is above, under" in result.err
    assert not log.exists()


@pytest.mark.usefixtures("square")
def test_a_log_that_cannot_be_written_hides_nothing(lamina: Lamina, log: Path) -> None:
    log.parent.parent.write_text("in the way")
    result = lamina("decompose", "square.png")
    assert result.code == 1
    assert "Set LAMINA_LOG_LEVEL=debug to see the traceback." in result.err


def test_people_get_a_summary_of_a_batch(
    lamina: Lamina, draw: Draw, folder: Path, square: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(folder / "a.png")
    for number in range(6):
        (folder / f"s{number}.png").write_bytes(square.read_bytes())
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    result = lamina("decompose", ".")
    assert result.code == 1
    last = result.err.splitlines()[-1]
    assert last == "lamina: 7 of 8 pictures failed: s0.png, s1.png, s2.png, s3.png, s4.png and 2 more."


def test_a_fault_of_any_other_command_is_one_line_too(
    lamina: Lamina, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("what nobody expected")

    monkeypatch.setattr("lamina.cli.model_list.models.callback", broken)
    result = lamina("models")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("lamina: The command failed unexpectedly (KeyError).")
    assert "what nobody expected" in log.read_text("utf-8")
