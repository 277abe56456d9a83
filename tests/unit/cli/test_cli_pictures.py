"""`lamina generate` and `lamina edit`: what they ask an engine for, what they write and tell, what they refuse."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lamina.core.acceleration import AccelerationLevel
from lamina.core.engine_results import Generated
from lamina.core.layers import Pixels
from lamina.core.ports import Progress
from lamina.core.provenance import Provenance
from lamina.core.tasks import EditTask, GenerateTask, Lora, TaskKind
from lamina.engines import registry as choice

Lamina = Callable[..., Any]


class GreyEngine:
    """Makes grey pictures, a little lighter each, and remembers what it was asked for."""

    name = "nano"

    def __init__(self) -> None:
        self.tasks: list[GenerateTask | EditTask] = []
        self.given: list[tuple[Pixels | None, ...]] = []

    def generate(self, task: GenerateTask, start: Pixels | None, mask: Pixels | None, progress: Progress) -> Generated:
        self.given.append((start, mask))
        return self._made(task, progress)

    def edit(self, task: EditTask, pictures: Sequence[Pixels], progress: Progress) -> Generated:
        self.given.append(tuple(pictures))
        return self._made(task, progress)

    def _made(self, task: GenerateTask | EditTask, progress: Progress) -> Generated:
        self.tasks.append(task)
        progress("greying", 0.5)
        size = (task.height or 48, task.width or 64, 4)
        pictures = [np.full(size, 100 + number, np.uint8) for number in range(task.count)]
        for picture in pictures:
            picture[..., 3] = 255
        made = Provenance("nano", "grey", task.sampling.seed or 5, task.prompt, {"sampling": 0.25}, 9, 2)
        return Generated(tuple(pictures), made, ("Grey stood in for colour.",))


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> GreyEngine:
    engine = GreyEngine()
    entry = choice.EngineEntry(name="nano", needs=(), extra="", start=lambda _: engine, tasks=frozenset(TaskKind))
    monkeypatch.setitem(choice.ENGINES, "nano", entry)
    return engine


@pytest.mark.parametrize("command", [["edit", "in.png", "a"], ["generate", "a", "--image", "in.png"]])
@pytest.mark.usefixtures("engine")
def test_no_picture_is_replaced_by_what_is_made_of_it(lamina: Lamina, command: list[str]) -> None:
    Image.new("RGB", (64, 64), "red").save("in.png")
    result = lamina(*command, "--engine", "nano", "--to", "./in.png")
    assert result.code == 1
    assert "is also an input" in result.err
    assert Image.open("in.png").getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.usefixtures("engine")
def test_a_picture_is_written_and_told_of(lamina: Lamina) -> None:
    result = lamina("generate", "a fog", "--size", "80x64", "--seed", 3, "--engine", "nano")
    assert result.code == 0, result.err
    told = json.loads(result.out)
    assert told == {
        "engine": "nano",
        "checkpoint": "grey",
        "prompt": "a fog",
        "seed": 3,
        "width": 80,
        "height": 64,
        "steps": 9,
        "skipped_steps": 2,
        "seconds": 0.25,
        "timings": {"sampling": 0.25},
        "flagged": [False],
        "outputs": ["generated.png"],
        "notes": ["Grey stood in for colour."],
    }
    with Image.open("generated.png") as image:
        assert (image.size, image.getpixel((0, 0))) == ((80, 64), (100, 100, 100))
        assert json.loads(image.text["lamina"])["seed"] == 3  # pyright: ignore[reportAttributeAccessIssue]


def test_every_option_reaches_the_engine(lamina: Lamina, engine: GreyEngine) -> None:
    options = "--model nano --seed 1 --steps 4 --guidance 2.5 --negative mist --scheduler Euler --acceleration high"
    result = lamina(
        "generate", "a fog", *options.split(), "--lora", "a.safetensors:0.5", "--lora", "owner/b", "--expand"
    )
    assert result.code == 0, result.err
    (task,) = engine.tasks
    sampling = task.sampling
    assert (sampling.model, sampling.seed, sampling.steps, sampling.guidance) == ("nano", 1, 4, 2.5)
    assert (sampling.negative, sampling.scheduler) == ("mist", "Euler")
    assert sampling.acceleration.level is AccelerationLevel.HIGH
    assert sampling.loras == (Lora("a.safetensors", 0.5), Lora("owner/b"))
    assert task.is_expanded


def test_a_picture_to_start_from_and_its_mask_are_read(lamina: Lamina, engine: GreyEngine, picture: Path) -> None:
    Image.new("L", (40, 30), 255).save("mask.png")
    assert lamina("generate", "a fog", "--image", picture, "--mask", "mask.png", "--strength", "0.3").code == 0
    ((start, mask),) = engine.given
    assert start is not None and start.shape == (30, 40, 4)
    assert mask is not None and (mask == 255).all()
    assert engine.tasks[0].strength == 0.3  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.usefixtures("engine")
def test_several_pictures_are_numbered(lamina: Lamina) -> None:
    result = lamina("edit", "-", "lighter", "-n", 2, "--to", "out/fog.webp", "--quality", 100, stdin=_png())
    assert result.code == 0, result.err
    assert json.loads(result.out)["outputs"] == ["out/fog-1.webp", "out/fog-2.webp"]
    for number in (1, 2):
        with Image.open(f"out/fog-{number}.webp") as image:
            assert image.convert("RGB").getpixel((0, 0)) == (99 + number,) * 3


def test_an_edit_takes_several_pictures_in_their_order(lamina: Lamina, engine: GreyEngine, picture: Path) -> None:
    Image.new("RGB", (16, 8), "red").save("red.png")
    assert lamina("edit", picture, "red.png", "put it there", "--to", "a.jpg").code == 0
    assert [one.shape for one in engine.given[0] if one is not None] == [(30, 40, 4), (8, 16, 4)]
    assert engine.tasks[0].prompt == "put it there"


@pytest.mark.usefixtures("engine")
def test_a_watermark_is_seen_and_the_rest_is_not_touched(lamina: Lamina) -> None:
    assert lamina("generate", "a fog", "--size", "256x256", "--watermark", "--to", "a.png").code == 0
    with Image.open("a.png") as image:
        changed = np.asarray(image.convert("RGB"))[..., 0] != 100
    assert 0 < changed.mean() < 0.1
    assert not changed[:128].any()


@pytest.mark.usefixtures("engine")
def test_a_small_model_that_stands_in_for_a_large_one_says_so(lamina: Lamina) -> None:
    told = json.loads(lamina("generate", "a fog").out)
    assert "lamina pull qwen-image" in told["notes"][0]
    told = json.loads(lamina("generate", "a fog", "--model", "nano", "--to", "b.png").out)
    assert told["notes"] == ["Grey stood in for colour."]


@pytest.mark.usefixtures("engine")
def test_nothing_is_printed_when_quiet(lamina: Lamina) -> None:
    result = lamina("generate", "a fog", "--quiet")
    assert (result.code, result.out, result.err) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["generate", ""], 2, "prompt is empty"),
        (["generate", "a", "--size", "big"], 2, "not a size such as 1024x768"),
        (["generate", "a", "--size", "100x100"], 2, "multiple of 16"),
        (["generate", "a", "--mask", "m.png"], 2, "--mask needs --image"),
        (["generate", "a", "--image", "gone.png"], 1, "no file 'gone.png'"),
        (["generate", "a", "--to", "a.psd"], 2, "has no extension of an image format"),
        (["generate", "a", "--to", "no-such"], 2, "has no extension of an image format"),
        (["generate", "a", "--model", "qwen-imag"], 2, "Did you mean 'qwen-image'?"),
        (["generate", "a", "--scheduler", "Eulr"], 2, "Euler"),
        (["generate", "a", "--lora", "a:9"], 2, "-4 to 4"),
        (["edit", "a.png"], 2, "Only one argument was given"),
        (["edit", "gone.png", "a"], 1, "no file 'gone.png'"),
        (["edit", "gone.png", "a", "--model", "qwen-image"], 2, "does not edit"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_and_nothing_is_written(
    lamina: Lamina, engine: GreyEngine, folder: Path, arguments: list[str], code: int, words: str
) -> None:
    result = lamina(*arguments)
    assert result.code == code, result.err
    assert words in result.err
    assert result.err.count("\n") == 1
    assert engine.tasks == [] and list(folder.iterdir()) == []


def test_a_picture_that_is_there_already_is_not_written_over(lamina: Lamina, engine: GreyEngine) -> None:
    assert lamina("generate", "a fog").code == 0
    refused = lamina("generate", "a fog")
    assert refused.code == 1
    assert "--to generated.png" in refused.err
    assert lamina("generate", "a fog", "--to", "generated.png").code == 0
    assert len(engine.tasks) == 2


def _png() -> bytes:
    import io

    file = io.BytesIO()
    Image.new("RGB", (32, 16), "blue").save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("command", "model"),
    [
        (["generate", "a", "--to", "out.png"], "qwen-image"),
        (["edit", "in.png", "a", "--to", "out.png"], "qwen-image-edit"),
        (["decompose", "in.png", "--to", "out.psd"], "qwen-image-layered"),
        (["decompose", "in.png", "in2.png", "--to", "{stem}.psd"], "qwen-image-layered"),
        (["train", "examples", "--to", "out.safetensors"], "qwen-image-layered"),
    ],
)
def test_a_model_whose_weights_are_missing_is_one_error(
    command: list[str], model: str, lamina: Lamina, folder: Path, engine: GreyEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMINA_MODELS_DIR", str(folder / "models"))
    monkeypatch.setenv("HF_HUB_CACHE", str(folder / "hub"))
    for name in ("in.png", "in2.png"):
        Image.new("RGB", (64, 48), "red").save(folder / name)
    before = sorted(folder.iterdir())
    done = lamina(*command, "--model", model)
    assert done.code == 3
    assert done.err.count("\n") == 1
    assert f"lamina pull {model}." in done.err
    assert "--engine nano" in done.err
    assert sorted(folder.iterdir()) == before
    assert engine.tasks == []


def test_nano_says_whose_work_it_does(lamina: Lamina, engine: GreyEngine) -> None:
    done = lamina("generate", "a", "--model", "qwen-image", "--engine", "nano", "--to", "out.png", "--json")
    told = json.loads(done.out)
    assert (done.code, told["engine"], told["checkpoint"]) == (0, "nano", "grey")
    assert told["notes"][0] == "Nano made this instead of qwen-image, because the engine nano was requested."
    assert len(engine.tasks) == 1
