"""An archive of pictures into a LoRA through the library: what is refused, by name, and what is left with the LoRA."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.ports import Step
from lamina.core.tasks import TrainTask
from lamina.execution.training import ExampleCounts, check_examples, trained
from lamina.imaging.loss_plot import HEIGHT_PX, WIDTH_PX, loss_plot

NANO = TrainTask("nano", steps=2, rank=2, seed=1, default_caption="style z")


def picture(colour: str, size: tuple[int, int] = (64, 64), file_format: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGBA" if file_format == "PNG" else "RGB", size, colour).save(file, file_format)
    return file.getvalue()


RED, BLUE = picture("red"), picture("blue")
PAIR = {"a_start.png": RED, "a_end.png": BLUE}


def zipped(folder: Path, files: Mapping[str, bytes]) -> Path:
    path = folder / "examples.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_a_zip_and_a_folder_are_looked_at_alike(tmp_path: Path) -> None:
    files = {**PAIR, "a_start2.png": BLUE, "__MACOSX/._a_start.png": b"litter", "a.txt": b"\xef\xbb\xbfmake it blue"}
    folder = tmp_path / "pairs"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    task = TrainTask("nano", references=2)
    assert check_examples(task, folder) == check_examples(task, zipped(tmp_path, files)) == ExampleCounts(1, 2, 0)


def test_layers_are_counted(tmp_path: Path) -> None:
    files = {"a_start.jpg": picture("red", file_format="JPEG"), "a_end.png": RED, "a_end2.png": BLUE}
    task = TrainTask("qwen-image-layered", default_caption="a poster")
    assert check_examples(task, zipped(tmp_path, files)) == ExampleCounts(1, 1, 2)


@pytest.mark.parametrize(
    ("files", "code", "named"),
    [
        ({**PAIR, "b_start.png": RED}, ErrorCode.TASK_INVALID, "b_start.png"),
        ({**PAIR, "a_end.png": BLUE[:60]}, ErrorCode.INPUT_CORRUPT, "'a_end.png'"),
        ({**PAIR, "a_end.png": b"no picture"}, ErrorCode.INPUT_NOT_AN_IMAGE, "'a_end.png'"),
        ({**PAIR, "a_end.png": b""}, ErrorCode.INPUT_EMPTY, "'a_end.png'"),
        ({**PAIR, "a.txt": b"\xff\xfe\x00"}, ErrorCode.TASK_INVALID, "a.txt"),
        ({**PAIR, "../a_start.png": RED}, ErrorCode.TASK_INVALID, "../a_start.png"),
        ({**PAIR, "a_end.png": picture("red", (340, 20))}, ErrorCode.TASK_INVALID, "'a_end.png' is 340 x 20 px"),
        ({}, ErrorCode.TASK_INVALID, "no examples"),
    ],
)
def test_what_is_wrong_with_an_archive_is_told_by_file(
    files: dict[str, bytes], code: ErrorCode, named: str, tmp_path: Path
) -> None:
    with pytest.raises(LaminaError) as refused:
        check_examples(NANO, zipped(tmp_path, files))
    assert refused.value.code is code
    assert named in refused.value.message
    assert str(tmp_path) not in str(refused.value)
    assert "lamina-training" not in str(refused.value)


def test_without_any_caption_the_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(LaminaError, match=r"a_start\.png.*no caption"):
        check_examples(TrainTask("nano"), zipped(tmp_path, PAIR))


def test_a_layer_of_another_size_than_the_picture_is_refused(tmp_path: Path) -> None:
    files = {**PAIR, "a_end2.png": picture("red", (64, 32))}
    with pytest.raises(LaminaError, match=r"a_end2\.png.*64 x 32 px.*64 x 64 px"):
        check_examples(TrainTask("qwen-image-layered", default_caption="x"), zipped(tmp_path, files))


def test_what_is_no_zip_and_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_bytes(RED)
    for path, code in ((tmp_path / "no.zip", ErrorCode.INPUT_CORRUPT), (tmp_path / "x", ErrorCode.INPUT_NOT_FOUND)):
        with pytest.raises(LaminaError) as refused:
            check_examples(NANO, path)
        assert refused.value.code is code


class StopAtOnce:
    """Cancels after the first step."""

    def __call__(self, stage: str, share_done: float, step: Step | None = None, /) -> None:  # noqa: ARG002
        if step is not None:
            raise LaminaError(ErrorCode.CANCELLED, "Enough.")

    def loss(self, step: int, value: float, /) -> None: ...

    def checkpoint(self, step: int, path: str, /) -> None: ...

    def sample(self, step: int, path: str, /) -> None: ...


def test_a_cancelled_training_leaves_its_lora_and_goes_on_to_its_end(tmp_path: Path) -> None:
    folder, archive = tmp_path / "out", zipped(tmp_path, PAIR)
    with pytest.raises(LaminaError) as stopped:
        trained(NANO, archive, folder, "nano", StopAtOnce())
    assert stopped.value.code is ErrorCode.CANCELLED
    assert json.loads((folder / "config.json").read_text())["steps_done"] == 1
    assert (folder / "lora.safetensors").is_file()
    result = trained(NANO, archive, folder, "nano")
    assert (result.steps_done, result.layers, result.seed) == (2, 0, 1)
    assert (result.engine, result.checkpoint.partition("@")[0]) == ("nano", "nano")
    config = json.loads(result.config.read_text())
    told = {key: config[key] for key in ("model", "learns", "examples", "references", "steps_done", "rank", "alpha")}
    assert told == {
        "model": "nano", "learns": "edits", "examples": 1, "references": 1, "steps_done": 2, "rank": 2, "alpha": 2.0,
    }  # fmt: skip
    with Image.open(result.loss_plot) as plot:
        assert plot.size == (WIDTH_PX, HEIGHT_PX)
    assert sorted(path.name for path in folder.iterdir()) == [
        "checkpoint-000001.safetensors", "checkpoint-000002.safetensors", "config.json", "lora.safetensors", "loss.png",
    ]  # fmt: skip


@pytest.mark.parametrize("losses", [[0.5], [0.0, 0.0], [2.0, 1.0, 0.5, 9.0, 0.1]])
def test_a_plot_shows_a_curve_of_however_many_steps(losses: list[float]) -> None:
    plot = loss_plot(np.array(losses, np.float32))
    assert plot.shape == (HEIGHT_PX, WIDTH_PX, 4)
    dark = (plot[..., 2].astype(int) - plot[..., 0] > 100).any(0)  # the mean's blue, column by column
    assert dark.any()
    if len(losses) > 1:
        assert dark[100:-40].all()  # from the first step to the last
