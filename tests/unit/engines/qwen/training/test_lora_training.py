"""A training: what it tells and leaves, that it can be cut off anywhere, and that it learns."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from examples import Watching, edit_examples, layer_examples, train
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.ports import no_progress
from lamina.core.tasks import DecomposeTask, EditTask, Lora, Sampling, TrainTask
from lamina.core.training_options import OptimizerName, Targets, TrainingOptions
from lamina.engines.registry import start_engine, start_picture_maker

TASK = TrainTask(steps=5, learning_rate=1e-2, rank=4, seed=7, checkpoint_every=2)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Watching]:
    folder, watching = tmp_path_factory.mktemp("whole"), Watching()
    train(folder, TASK, progress=watching)
    return folder, watching


def test_it_tells_steps_losses_checkpoints_and_samples(whole: tuple[Path, Watching]) -> None:
    folder, watching = whole
    assert [stage for stage in watching.stages if stage.startswith("encoding")] == [
        f"encoding example {number} of 3" for number in (1, 2, 3)
    ]
    assert watching.stages[-2:] == ["step 5 of 5", "done"]
    assert list(watching.losses) == [1, 2, 3, 4, 5]
    assert all(0 < loss < 10 for loss in watching.losses.values())
    assert [step for step, _ in watching.checkpoints] == [2, 4, 5]
    assert [step for step, _ in watching.samples] == [2, 4]
    left = sorted(path.name for path in folder.iterdir())
    checkpoints = ["checkpoint-000004.safetensors", "checkpoint-000005.safetensors"]
    assert left == [*checkpoints, "lora.safetensors", "sample-000002.png", "sample-000004.png"]


def test_cut_off_twice_it_ends_with_the_same_lora(whole: tuple[Path, Watching], tmp_path: Path) -> None:
    stopped = train(tmp_path, TASK, progress=Watching(cancelled_at=1))
    assert stopped.stopped_by is not None
    assert len(stopped.losses) == 1
    assert (tmp_path / "lora.safetensors").is_file()
    train(tmp_path, TASK, progress=Watching(cancelled_at=3))
    watching = Watching()
    outcome = train(tmp_path, replace(TASK, seed=None), progress=watching)
    assert outcome.notes == ("Resumed from the checkpoint of step 3.",)
    assert (list(watching.losses), outcome.seed, outcome.made.steps) == ([4, 5], 7, 5)
    assert not any(stage.startswith("encoding") for stage in watching.stages)
    assert outcome.losses == pytest.approx(list(whole[1].losses.values()), abs=1e-6)
    uninterrupted, resumed = (load_file(folder / "lora.safetensors") for folder in (whole[0], tmp_path))
    for name, matrix in uninterrupted.items():
        assert (matrix - resumed[name]).abs().max() <= 1e-6, name


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before_it(
    whole: tuple[Path, Watching], tmp_path: Path
) -> None:
    for path in whole[0].glob("checkpoint-*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    newest = tmp_path / "checkpoint-000005.safetensors"
    newest.write_bytes(newest.read_bytes()[:-100])
    (tmp_path / "left.part").write_bytes(b"half a file")
    outcome = train(tmp_path, TASK)
    assert outcome.notes == ("Resumed from the checkpoint of step 4.",)
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    ("changed", "told"),
    [({"rank": 8}, "rank"), ({"seed": 8}, "seed"), ({"steps": 4}, "after 5 steps")],
)
def test_the_checkpoint_of_another_training_is_in_the_way(
    whole: tuple[Path, Watching], changed: dict[str, int], told: str
) -> None:
    with pytest.raises(LaminaError, match=told) as refused:
        train(whole[0], replace(TASK, **changed))  # pyright: ignore[reportArgumentType]
    assert refused.value.code is ErrorCode.OUTPUT_IN_THE_WAY


def test_cancelled_before_the_first_step_it_leaves_no_lora(tmp_path: Path) -> None:
    class AtOnce(Watching):
        def __call__(self, *_: object) -> None:
            raise LaminaError(ErrorCode.CANCELLED, "No.")

    with pytest.raises(LaminaError) as stopped:
        train(tmp_path, TASK, progress=AtOnce())
    assert stopped.value.code is ErrorCode.CANCELLED
    assert not (tmp_path / "lora.safetensors").exists()


def test_cancelled_as_it_ends_it_is_whole_and_says_so(tmp_path: Path) -> None:
    outcome = train(tmp_path, replace(TASK, steps=2), edit_examples(1), progress=Watching(cancelled_at=2))
    assert outcome.stopped_by is not None
    assert len(outcome.losses) == 2
    assert {"lora.safetensors", "checkpoint-000002.safetensors"} <= {path.name for path in tmp_path.iterdir()}


def test_a_loss_that_is_no_number_ends_it_with_what_to_do(tmp_path: Path) -> None:
    task = replace(TASK, learning_rate=1.0, alpha=1024.0, rank=1, steps=40)
    with pytest.raises(LaminaError, match=r"not a finite number.*lower learning rate"):
        train(tmp_path, task, edit_examples(1), TrainingOptions(targets=Targets.ALL))


def test_it_learns_its_examples_and_a_scale_of_zero_is_no_lora(tmp_path: Path) -> None:
    """One pair, over and over: the model ends nearer to it than it began."""
    examples = edit_examples(1)
    task = TrainTask(steps=40, learning_rate=1e-2, rank=8, seed=1, caption_dropout=0.0, checkpoint_every=100)
    outcome = train(tmp_path, task, examples, TrainingOptions(batch=1, average=0.5))
    assert np.mean(outcome.losses[-8:]) < 0.7 * np.mean(outcome.losses[:8])
    nano = start_picture_maker("nano")
    start, wanted = examples[0].starts[0](), examples[0].ends[0]()

    def edited(scale: float | None) -> np.ndarray:
        loras = () if scale is None else (Lora(str(tmp_path / "lora.safetensors"), scale),)
        edit = EditTask(examples[0].caption, Sampling(seed=3, steps=8, guidance=1.0, loras=loras), 64, 64)
        return nano.edit(edit, [start], no_progress).pictures[0]

    without, with_it = edited(None), edited(1.0)
    off = [np.abs(picture.astype(int) - wanted).mean() for picture in (without, with_it)]
    assert off[1] < 0.7 * off[0]
    assert edited(0.0).tobytes() == without.tobytes()


def test_layers_are_learnt_by_the_layered_model(tmp_path: Path) -> None:
    task = TrainTask("qwen-image-layered", steps=3, learning_rate=1e-2, rank=2, seed=1, checkpoint_every=2)
    watching = Watching()
    outcome = train(tmp_path, task, layer_examples(), progress=watching)
    assert len(outcome.losses) == 3
    assert len(watching.samples) == 1
    whole = layer_examples()[0].starts[0]()
    nano = start_engine("nano", task.model)
    loras = (Lora(str(tmp_path / "lora.safetensors")),)
    with_it, without = (
        nano.decompose(whole, DecomposeTask(2, "a square", Sampling(seed=1, steps=2, loras=some)), no_progress)
        for some in (loras, ())
    )
    assert any((a.pixels != b.pixels).any() for a, b in zip(with_it.layers, without.layers, strict=True))


@pytest.mark.parametrize(
    ("targets", "modules"), [(Targets.ATTENTION, 8), (Targets.ATTENTION_MLP, 12), (Targets.ALL, 14)]
)
def test_what_is_trained_is_a_setting(targets: Targets, modules: int, tmp_path: Path) -> None:
    train(tmp_path, replace(TASK, steps=1), edit_examples(1), TrainingOptions(targets=targets))
    with safe_open(tmp_path / "lora.safetensors", framework="pt") as file:
        assert len([key for key in file.keys() if ".transformer_blocks.0." in key]) == 2 * modules  # noqa: SIM118


def test_several_references_and_examples_of_several_sizes_in_batches(tmp_path: Path) -> None:
    outcome = train(tmp_path, TASK, edit_examples(4, references=2), TrainingOptions(batch=2))
    assert len(outcome.losses) == 5


def test_8_bit_adam_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    """Not compiled, which takes a minute and changes nothing of what is kept."""
    options = TrainingOptions(optimizer=OptimizerName.ADAMW8BIT)
    task = replace(TASK, rank=32, steps=3)
    one, two = tmp_path / "one", tmp_path / "two"
    with torch.compiler.set_stance("force_eager"):
        train(one, task, edit_examples(1), options)
        train(two, task, edit_examples(1), options, Watching(cancelled_at=1))
        train(two, task, edit_examples(1), options)
    uninterrupted, resumed = (load_file(folder / "lora.safetensors") for folder in (one, two))
    assert all((matrix - resumed[name]).abs().max() <= 1e-6 for name, matrix in uninterrupted.items())
    (newest,) = one.glob("checkpoint-000003*")
    assert any(tensor.dtype is torch.uint8 for tensor in load_file(newest).values())
