"""Trains a LoRA on an archive of pictures: checks all examples first, then trains and writes the result files."""

import hashlib
import json
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np

from lamina import settings
from lamina.core.engine_results import TrainingOutcome
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Pixels
from lamina.core.ports import LoraTrainer, TrainingProgress, no_training_progress
from lamina.core.provenance import Provenance
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
from lamina.engines.config import EngineConfig
from lamina.engines.registry import AUTO, chosen_engine, stand_in_notes, start_trainer
from lamina.execution.archives import extract
from lamina.execution.faults import TrackedTrainingProgress, engine_faults
from lamina.imaging.atomic_files import atomic_file
from lamina.imaging.encoding import encode
from lamina.imaging.loss_plot import loss_plot
from lamina.imaging.picture import read_picture

CONFIG_FILE, LOSS_FILE = "config.json", "loss.png"
_MOST_ASPECT = 16  # at the lowest resolution, the shorter side is one token
_LONGEST_CAPTION_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class ExampleCounts:
    """Counts of an archive's contents. `references`, `layers`: per example; `layers` is 0 for edit training."""

    groups: int
    references: int
    layers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A trained LoRA with its files; `made` is its provenance: engine, base checkpoint, seed and timings."""

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
    """The checked examples of an archive. The pictures of `each` can be read only within `opened_examples`."""

    counts: ExampleCounts
    each: Sequence[Example]


def check_examples(task: TrainTask, archive: Path, engine: str = AUTO) -> ExampleCounts:
    """Checks a ZIP or a folder as training would, including every picture; needs neither torch nor weights.

    Raises `LaminaError` with the name of the file: task_invalid, input_not_found, input_too_large, the errors for
    unreadable pictures, model_unknown.
    """
    with opened_examples(task, archive, engine) as examples:
        return examples.counts


@contextmanager
def opened_examples(task: TrainTask, archive: Path, engine: str | None = None) -> Generator[Examples]:
    """As `check_examples`, but keeps the examples open for `trained_on`."""
    options = settings.current(engine=engine)
    filled(task)
    with _opened(archive) as folder:
        names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
        is_layered = trained_model(task.model)[1] is TaskKind.DECOMPOSE
        groups = group_names(names, is_layered)
        check_references(groups, None if is_layered else task.references)
        counts = ExampleCounts(len(groups), len(groups[0].starts), len(groups[0].ends) if is_layered else 0)
        yield Examples(counts, [_example(group, folder, task, is_layered, options.max_megapixels) for group in groups])


def trained(
    task: TrainTask,
    archive: Path,
    folder: Path,
    engine: str | None = None,
    progress: TrainingProgress = no_training_progress,
) -> Trained:
    """Train a LoRA on the examples of a ZIP or a folder; see `core.training` for their file names.

    `folder` gets `lora.safetensors`, `config.json`, `loss.png`, samples and checkpoints; a training whose checkpoint is
    there is resumed. If `progress` raises cancelled after the first step, the LoRA and its files are written in their
    current state before the error is raised. Raises the errors of `check_examples`, and output_in_the_way,
    output_unwritable, out_of_memory, weights_missing.
    """
    options = settings.current(engine=engine)
    trainer = _trainer(task, options)  # errors about the task come before the examples are read
    _make_folder(folder)
    with opened_examples(task, archive, engine) as examples:
        return _trained(
            trainer=trainer, task=task, examples=examples, folder=folder, options=options, progress=progress
        )


def trained_on(
    examples: Examples, task: TrainTask, folder: Path, engine: str | None, progress: TrainingProgress
) -> Trained:
    """As `trained`, on the result of `opened_examples` for the same task; nano may replace a model without weights."""
    options = settings.current(engine=engine)
    trainer = _trainer(task, options, may_stand_in=True)
    _make_folder(folder)
    return _trained(trainer=trainer, task=task, examples=examples, folder=folder, options=options, progress=progress)


def trainer_name(task: TrainTask, engine: str | None) -> str:
    """The name of the engine that `trained_on` would use."""
    options = settings.current(engine=engine)
    return chosen_engine(options.engine, TaskKind.TRAIN, task.model, settings.engine_config(options), may_stand_in=True)


def _trainer(task: TrainTask, options: settings.Settings, may_stand_in: bool = False) -> LoraTrainer:
    filled(task)
    return start_trainer(options.engine, task.model, settings.engine_config(options), may_stand_in=may_stand_in)


def _trained(
    *,
    trainer: LoraTrainer,
    task: TrainTask,
    examples: Examples,
    folder: Path,
    options: settings.Settings,
    progress: TrainingProgress,
) -> Trained:
    tracked = TrackedTrainingProgress(progress)
    with engine_faults(trainer.name, tracked):
        outcome = trainer.train(task, examples.each, str(folder), tracked)
    notes = stand_in_notes(options.engine, trainer.name, TaskKind.TRAIN, task.model)
    result = Trained(
        lora=folder / LORA_FILE,
        config=folder / CONFIG_FILE,
        loss_plot=folder / LOSS_FILE,
        steps_done=len(outcome.losses),
        layers=examples.counts.layers,
        made=outcome.made,
        losses=outcome.losses,
        notes=(*notes, *outcome.notes),
    )
    _write_config(result.config, filled(task), examples.counts, outcome, settings.engine_config(options))
    with atomic_file(result.loss_plot) as file:
        file.write(encode(loss_plot(np.array(result.losses, np.float32))))
    if outcome.stopped_by is not None:
        raise outcome.stopped_by
    return result


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        code = ErrorCode.OUTPUT_IN_THE_WAY if isinstance(error, FileExistsError) else ErrorCode.OUTPUT_UNWRITABLE
        message = f"The folder {str(folder)!r} cannot be created: {error.strerror}."
        raise LaminaError(code, message, "Choose another folder.") from None


@contextmanager
def _opened(archive: Path) -> Generator[Path]:
    """The folder itself, or a temporary folder with the contents of the ZIP."""
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
                "Provide layers of the same size as the picture.",
            )
    read = [partial(_pixels, folder, name, max_megapixels) for name in (*group.starts, *group.ends)]
    count = len(group.starts)
    return Example(caption, tuple(read[:count]), tuple(read[count:]), content.hexdigest())


def _check_aspect(name: str, width: int, height: int) -> None:
    if max(width, height) > _MOST_ASPECT * min(width, height):
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The picture {name!r} is {width} x {height} px, which is too long and narrow for training.",
            f"Use pictures whose longer side is at most {_MOST_ASPECT} times the shorter one.",
        )


def _pixels(folder: Path, name: str, max_megapixels: float) -> Pixels:
    """Errors contain the name in the archive, not the path of the temporary folder."""
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
        message = f"The caption {name!r} is not UTF-8 text."
        raise LaminaError(ErrorCode.TASK_INVALID, message, "Save it as UTF-8.") from None


def _write_config(
    path: Path, task: TrainTask, counts: ExampleCounts, outcome: TrainingOutcome, config: EngineConfig
) -> None:
    content = {
        "model": task.model,
        "base": outcome.made.checkpoint,
        "engine": outcome.made.engine,
        "learns": "layers" if counts.layers else "edits",
        "examples": counts.groups,
        "references": counts.references,
        "layers": counts.layers,
        "steps": task.steps,
        "steps_done": len(outcome.losses),
        "learning_rate": task.learning_rate,
        "rank": task.rank,
        "alpha": task.alpha,
        "seed": outcome.seed,
        "default_caption": task.default_caption,
        "caption_dropout": task.caption_dropout,
        "resolution_px": outcome.resolution_px,
        "training": asdict(config.training),
        "timings_s": dict(outcome.made.timings_s),
        "lamina": version("lamina"),
    }
    with atomic_file(path) as file:
        file.write(json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n")
