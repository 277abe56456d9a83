"""An archive of pictures into a LoRA: checked as a whole, then trained on, with what there is to know beside it."""

import hashlib
import json
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from lamina import settings
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Pixels
from lamina.core.ports import LoraTrainer, TrainingProgress, no_training_progress
from lamina.core.provenance import Provenance
from lamina.core.results import TrainingOutcome
from lamina.core.tasks import TaskKind, TrainTask
from lamina.core.training import (
    LORA_FILE,
    Example,
    Group,
    caption_for,
    check_references,
    filled,
    group_names,
    trained_model,
)
from lamina.engines.registry import AUTO, chosen_engine, stand_in_notes, start_trainer
from lamina.execution.archives import extract
from lamina.execution.faults import HeardTraining, faults_told
from lamina.imaging.atomic_files import atomic_file
from lamina.imaging.encoding import encode
from lamina.imaging.loss_plot import loss_plot
from lamina.imaging.picture import read_picture

CONFIG_FILE, LOSS_FILE = "config.json", "loss.png"
_MOST_ASPECT = 16  # at the lowest resolution the shorter side is a token then
_LONGEST_CAPTION_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class ExamplesFound:
    """What an archive holds. `references`: of each example; `layers`: of each, 0 where edits are learnt."""

    groups: int
    references: int
    layers: int


@dataclass(frozen=True, slots=True)
class Trained:
    """A LoRA and what there is to know of it; `made` tells engine, base checkpoint, seed and times."""

    lora: Path
    config: Path
    loss_plot: Path
    steps_done: int
    layers: int
    made: Provenance
    losses: tuple[float, ...]
    notes: tuple[str, ...] = ()

    @property
    def seed(self) -> int | None:
        return self.made.seed

    @property
    def engine(self) -> str:
        return self.made.engine

    @property
    def checkpoint(self) -> str:
        """The base model."""
        return self.made.checkpoint


@dataclass(frozen=True, slots=True)
class Examples:
    """Of an archive that was looked at as a whole. The pictures of `each` can be read while `opened_examples` lasts."""

    found: ExamplesFound
    each: Sequence[Example]


def check_examples(task: TrainTask, archive: Path, engine: str = AUTO) -> ExamplesFound:
    """Read a ZIP or a folder as training would, every picture of it; without torch, and without weights.

    Raises `LaminaError`, which names the file: task_invalid, input_not_found, input_too_large, and what is raised for
    pictures that cannot be read; model_unknown.
    """
    with opened_examples(task, archive, engine) as examples:
        return examples.found


@contextmanager
def opened_examples(task: TrainTask, archive: Path, engine: str | None = None) -> Generator[Examples]:
    """As `check_examples`, for whoever goes on to train on them with `trained_on`."""
    chosen = settings.current(engine=engine)
    filled(task)
    with _opened(archive) as folder:
        names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
        is_layered = trained_model(task.model)[1] is TaskKind.DECOMPOSE
        groups = group_names(names, is_layered)
        check_references(groups, None if is_layered else task.references)
        found = ExamplesFound(len(groups), len(groups[0].starts), len(groups[0].ends) if is_layered else 0)
        yield Examples(found, [_example(group, folder, task, is_layered, chosen.max_megapixels) for group in groups])


def trained(
    task: TrainTask,
    archive: Path,
    folder: Path,
    engine: str | None = None,
    progress: TrainingProgress = no_training_progress,
) -> Trained:
    """Train a LoRA on the examples of a ZIP or a folder; see `core.training` for how they are named.

    `folder` gets `lora.safetensors`, `config.json`, `loss.png`, samples and checkpoints, and a training that was begun
    there is gone on with. Where `progress` raises cancelled after the first step, the LoRA as it is then is written
    too, with all that belongs to it, and the error goes on. Raises what `check_examples` does, and output_in_the_way,
    output_unwritable, out_of_memory, weights_missing.
    """
    chosen = settings.current(engine=engine)
    trainer = _trainer(task, chosen)  # what cannot be trained at all is told before the examples are read
    _make_folder(folder)
    with opened_examples(task, archive, engine) as examples:
        return _trained(trainer, task, examples, folder, chosen, progress)


def trained_on(
    examples: Examples, task: TrainTask, folder: Path, engine: str | None, progress: TrainingProgress
) -> Trained:
    """As `trained`, on what `opened_examples` gave for the same task; for the service, where nano may stand in."""
    chosen = settings.current(engine=engine)
    trainer = _trainer(task, chosen, may_stand_in=True)
    _make_folder(folder)
    return _trained(trainer, task, examples, folder, chosen, progress)


def trainer_name(task: TrainTask, engine: str | None) -> str:
    """Of the engine that `trained_on` has do the steps."""
    chosen = settings.current(engine=engine)
    return chosen_engine(chosen.engine, TaskKind.TRAIN, task.model, settings.wishes(chosen), may_stand_in=True)


def _trainer(task: TrainTask, chosen: settings.Settings, may_stand_in: bool = False) -> LoraTrainer:
    filled(task)
    return start_trainer(chosen.engine, task.model, settings.wishes(chosen), may_stand_in=may_stand_in)


def _trained(
    trainer: LoraTrainer,
    task: TrainTask,
    examples: Examples,
    folder: Path,
    chosen: settings.Settings,
    progress: TrainingProgress,
) -> Trained:
    heard = HeardTraining(progress)
    with faults_told(trainer.name, heard):
        outcome = trainer.train(task, examples.each, str(folder), heard)
    notes = stand_in_notes(chosen.engine, trainer.name, TaskKind.TRAIN, task.model)
    result = Trained(
        folder / LORA_FILE,
        folder / CONFIG_FILE,
        folder / LOSS_FILE,
        len(outcome.losses),
        examples.found.layers,
        outcome.made,
        outcome.losses,
        (*notes, *outcome.notes),
    )
    _write_beside(result, _config_of(filled(task), examples.found, outcome, settings.wishes(chosen)))
    if outcome.stopped_by is not None:
        raise outcome.stopped_by
    return result


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        code = ErrorCode.OUTPUT_IN_THE_WAY if isinstance(error, FileExistsError) else ErrorCode.OUTPUT_UNWRITABLE
        message = f"The folder {str(folder)!r} cannot be made: {error.strerror}."
        raise LaminaError(code, message, "Give another name.") from None


@contextmanager
def _opened(archive: Path) -> Generator[Path]:
    """The folder itself, or what is in the ZIP, for as long as the block goes on."""
    if archive.is_dir():
        yield archive
        return
    if not archive.is_file():
        message = f"There is no file or folder {str(archive)!r}."
        raise LaminaError(ErrorCode.INPUT_NOT_FOUND, message, "Check its name and the folder you are in.")
    with tempfile.TemporaryDirectory(prefix="lamina-training-") as made:
        folder = Path(made) / "examples"
        extract(archive, folder)
        yield folder


def _example(group: Group, folder: Path, task: TrainTask, is_layered: bool, max_megapixels: float) -> Example:
    written = _caption(folder / group.text, group.text) if group.text else ""
    caption = caption_for(group, written, task.default_caption)
    content = hashlib.sha256()
    sizes: list[tuple[int, int]] = []
    for name in (*group.starts, *group.ends):
        pixels = _pixels(folder, name, max_megapixels)
        sizes.append((pixels.shape[1], pixels.shape[0]))
        _check_aspect(name, *sizes[-1])
        with (folder / name).open("rb") as file:
            content.update(hashlib.file_digest(file, "sha256").digest())
    for name, size in zip(group.ends, sizes[len(group.starts) :], strict=True) if is_layered else ():
        if size != sizes[0]:
            raise LaminaError(
                ErrorCode.TASK_INVALID,
                f"The layer {name!r} is {size[0]} x {size[1]} px, and the picture {sizes[0][0]} x {sizes[0][1]} px.",
                "Give layers of the picture's own size.",
            )
    read = [partial(_pixels, folder, name, max_megapixels) for name in (*group.starts, *group.ends)]
    count = len(group.starts)
    return Example(caption, tuple(read[:count]), tuple(read[count:]), content.hexdigest())


def _check_aspect(name: str, width: int, height: int) -> None:
    if max(width, height) > _MOST_ASPECT * min(width, height):
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The picture {name!r} is {width} x {height} px, too long a strip to learn from.",
            f"Give pictures of which no side is more than {_MOST_ASPECT} times the other.",
        )


def _pixels(folder: Path, name: str, max_megapixels: float) -> Pixels:
    """Errors tell the name that the user knows, not where the archive was unpacked."""
    path = str(folder / name)
    try:
        return read_picture(path, max_megapixels).pixels
    except LaminaError as error:
        raise LaminaError(error.code, error.message.replace(repr(path), repr(name)), error.hint) from error


def _caption(path: Path, name: str) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST_CAPTION_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        message = f"The caption {name!r} is not text in UTF-8."
        raise LaminaError(ErrorCode.TASK_INVALID, message, "Save it as UTF-8.") from None


def _config_of(task: TrainTask, found: ExamplesFound, outcome: TrainingOutcome, wishes: Any) -> dict[str, Any]:
    return {
        "model": task.model,
        "base": outcome.made.checkpoint,
        "engine": outcome.made.engine,
        "learns": "layers" if found.layers else "edits",
        "examples": found.groups,
        "references": found.references,
        "layers": found.layers,
        "steps": task.steps,
        "steps_done": len(outcome.losses),
        "learning_rate": task.learning_rate,
        "rank": task.rank,
        "alpha": task.alpha,
        "seed": outcome.seed,
        "default_caption": task.default_caption,
        "caption_dropout": task.caption_dropout,
        "resolution_px": outcome.resolution_px,
        "training": asdict(wishes.training),
        "timings_s": dict(outcome.made.timings_s),
        "lamina": version("lamina"),
    }


def _write_beside(trained: Trained, config: dict[str, Any]) -> None:
    with atomic_file(trained.config) as file:
        file.write(json.dumps(config, indent=2, ensure_ascii=False).encode() + b"\n")
    with atomic_file(trained.loss_plot) as file:
        file.write(encode(loss_plot(np.array(trained.losses, np.float32))))
