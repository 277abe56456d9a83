"""`lamina train`: what it writes and tells, how Ctrl-C ends it and the same command goes on, what it refuses."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lamina.cli import train

Lamina = Callable[..., Any]
OPTIONS = ("--engine", "nano", "--steps", "3", "--rank", "2", "--caption", "style z", "--seed", "5")


@pytest.fixture
def pairs(folder: Path) -> Path:
    archive = folder / "pairs"
    archive.mkdir()
    for name, colour in (("a_start", "red"), ("a_end", "blue")):
        Image.new("RGB", (64, 64), colour).save(archive / f"{name}.png")
    return archive


def test_a_lora_comes_with_its_settings_its_plot_and_what_it_was_made_from(lamina: Lamina, pairs: Path) -> None:
    done = lamina("train", pairs, *OPTIONS, "--checkpoint-every", "2")
    assert (done.code, done.err) == (0, "")
    told = json.loads(done.out)
    assert told["outputs"] == ["lora.safetensors", "lora.json", "lora.png"]
    assert (told["engine"], told["seed"], told["steps"], told["layers"]) == ("nano", 5, 3, 0)
    assert told["loss"] > 0
    assert all(Path(output).is_file() for output in told["outputs"])
    assert json.loads(Path("lora.json").read_text())["default_caption"] == "style z"
    assert sorted(path.name for path in Path("lora.training").iterdir()) == [
        "checkpoint-000002.safetensors", "checkpoint-000003.safetensors", "sample-000002.png",
    ]  # fmt: skip
    again = lamina("train", pairs, *OPTIONS)
    assert again.code == 1
    assert "'lora.safetensors' already exists" in again.err


def test_ctrl_c_keeps_what_was_learnt_and_the_same_command_goes_on(
    lamina: Lamina, pairs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("train", pairs, *OPTIONS, "--to", "style.safetensors")
    heeded = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patched:
        told = train._TrainingLine.loss

        def interrupt(line: Any, step: int, value: float) -> None:
            told(line, step, value)
            if step == 2:
                signal.raise_signal(signal.SIGINT)

        patched.setattr(train._TrainingLine, "loss", interrupt)
        stopped = lamina(*command)
    assert stopped.code == 130
    assert "Interrupted after 2 steps. The same command resumes from there" in stopped.err
    assert Path("style.training/lora.safetensors").is_file()
    assert not Path("style.safetensors").exists()
    done = lamina(*command)
    assert done.code == 0
    assert json.loads(done.out)["notes"] == ["Resumed from the checkpoint of step 2."]
    assert Path("style.safetensors").is_file()
    assert signal.getsignal(signal.SIGINT) is heeded


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("pairs", "--to", "lora.bin"), 2, "does not end in .safetensors"),
        (("pairs", "--model", "qwen-image"), 2, "cannot be trained for"),
        (("pairs", "--engine", "nano"), 2, "no caption"),
        (("nothing.zip",), 1, "no file or folder 'nothing.zip'"),
        (("pairs", "--rank", "0"), 2, "--rank"),
        (("pairs", "--engine", "classic"), 2, "--engine"),
        (("pairs", "--model", "layered", "--resolution", "700"), 2, "640 or 1024"),
    ],
)
@pytest.mark.usefixtures("pairs")
def test_what_cannot_be_trained_is_told_and_nothing_is_written(
    lamina: Lamina, arguments: tuple[str, ...], code: int, told: str
) -> None:
    refused = lamina("train", *arguments)
    assert refused.code == code
    assert told in refused.err
    assert not list(Path().glob("*.safetensors"))
