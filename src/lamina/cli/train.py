"""`lamina train`: a LoRA trained on pairs of pictures, or on pictures and their layers."""

import signal
from collections import deque
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import click

from lamina.cli.destinations import file_exists
from lamina.cli.exits import DONE, INTERRUPTED, print_error
from lamina.cli.number_range import NumberRange
from lamina.cli.output_options import json_option, quiet_option
from lamina.cli.printing import print_json, readable, wants_json
from lamina.cli.progress_line import ProgressLine
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.tasks import (
    MAX_ALPHA,
    MAX_RANK,
    MAX_REFERENCES,
    MAX_SEED,
    MAX_TRAINING_PX,
    MAX_TRAINING_STEPS,
    MIN_ALPHA,
    MIN_SIDE_PX,
    SHOWN_LOSSES,
    TaskKind,
    TrainTask,
)
from lamina.engines.registry import engine_names

if TYPE_CHECKING:
    from types import FrameType

    from lamina.core.ports import Step
    from lamina.execution.training import Trained

_SHORT_NAMES = {"edit-plus": "qwen-image-edit-2511", "layered": "qwen-image-layered"}
_EXTENSION = ".safetensors"


@click.command()
@click.argument("archive", metavar="ZIP|FOLDER")
@click.option(
    "--model",
    metavar="NAME",
    help="Model to train for: edit-plus, layered, or a name that lamina models lists (default: edit-plus).",
)
@click.option(
    "--engine", type=click.Choice(engine_names(TaskKind.TRAIN)), help="Engine that runs the training (default: auto)."
)
@click.option("--steps", type=click.IntRange(1, MAX_TRAINING_STEPS), help="Number of training steps (default: 1000).")
@click.option("--learning-rate", type=NumberRange(0, 1), help="Learning rate, 0 to 1 (default: 0.0001).")
@click.option(
    "--rank", type=click.IntRange(1, MAX_RANK), help=f"Rank of the LoRA matrices, 1 to {MAX_RANK} (default: 16)."
)
@click.option(
    "--alpha",
    type=NumberRange(MIN_ALPHA, MAX_ALPHA),
    help="LoRA alpha: the scale of the LoRA is alpha / rank (default: the rank).",
)
@click.option(
    "--seed",
    type=click.IntRange(0, MAX_SEED),
    help="Random seed; the same seed gives the same LoRA (default: a random one).",
)
@click.option("--caption", metavar="TEXT", default="", help="Caption of the examples without a text file.")
@click.option(
    "--caption-dropout",
    type=NumberRange(0, 1),
    help="Share of the steps trained without a caption, 0 to 1 (default: 0.05).",
)
@click.option(
    "--references",
    type=click.IntRange(1, MAX_REFERENCES),
    help=f"Number of source pictures required in every example, 1 to {MAX_REFERENCES} (default: not checked).",
)
@click.option(
    "--resolution",
    type=click.IntRange(MIN_SIDE_PX, MAX_TRAINING_PX),
    help="Training resolution in pixels (default: the model's own).",
)
@click.option(
    "--checkpoint-every",
    type=click.IntRange(1, MAX_TRAINING_STEPS),
    help="Number of steps between checkpoints (default: 100).",
)
@click.option("--to", metavar="PATH", help="Output path of the LoRA (default: lora.safetensors).")
@json_option
@quiet_option
def train(
    archive: str,
    model: str | None,
    engine: str | None,
    caption: str,
    resolution: int | None,
    to: str | None,
    is_json: bool,
    is_quiet: bool,
    **rest: Any,
) -> int:
    """Train a LoRA on your own pictures.

    \b
      lamina train pairs.zip --caption "apply style Z"
      lamina train pairs/ --steps 2000 --rank 32 --to style.safetensors
      lamina train posters.zip --model layered --to posters.safetensors

    ZIP|FOLDER contains ROOT_start.png, ROOT_end.png and the caption ROOT.txt for every example. To train layers,
    ROOT_start.png is the whole picture and ROOT_end.png, ROOT_end2.png and so on are its layers, bottom first. The
    settings (.json), a plot of the loss (.png) and a folder with checkpoints and samples (.training) are written next
    to the LoRA. After Ctrl-C or a crash, the same command resumes from the last checkpoint.
    """
    task = TrainTask(
        model=_SHORT_NAMES.get(model or "", model), default_caption=caption, resolution_px=resolution, **rest
    )
    lora = _checked_output(to)
    line = _TrainingLine(not is_quiet)
    line.begin("train")
    try:
        with _interruptible(line):
            trained = _train(task, Path(archive), lora, engine, line)
    except LaminaError as error:
        if error.code is not ErrorCode.CANCELLED:
            raise
        line.clear()
        print_error(f"Interrupted after {line.steps_done} steps. {_how_to_resume(lora, line.steps_done)}")
        return INTERRUPTED
    finally:
        line.clear()
    if not is_quiet:
        _print_report(trained, is_json)
    return DONE


class _TrainingLine(ProgressLine):
    """A `TrainingProgress` that shows the loss with the step, and stops the training after an interrupt."""

    def __init__(self, is_enabled: bool) -> None:
        super().__init__(is_enabled)
        self.steps_done = 0
        self.is_interrupted = False
        self._losses: deque[float] = deque(maxlen=SHOWN_LOSSES)

    def __call__(self, stage: str, share_done: float, step: "Step | None" = None, /) -> None:
        loss = f", loss {_recent_loss(self._losses):.4f}" if self._losses and step is not None else ""
        super().__call__(f"{stage}{loss}", share_done, step)
        if self.is_interrupted:
            raise LaminaError(ErrorCode.CANCELLED, "The training was interrupted.")

    def loss(self, step: int, value: float, /) -> None:
        self.steps_done = step
        self._losses.append(value)

    def checkpoint(self, step: int, path: str, /) -> None: ...

    def sample(self, step: int, path: str, /) -> None: ...


@contextmanager
def _interruptible(line: _TrainingLine) -> Generator[None]:
    """The first Ctrl-C finishes the step and writes a checkpoint, the second interrupts at once."""

    def interrupt(_number: int, _frame: "FrameType | None") -> None:
        line.is_interrupted = True
        signal.signal(signal.SIGINT, previous)

    previous = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def _checked_output(to: str | None) -> Path:
    """Raises `LaminaError`: output_unknown_format, output_in_the_way."""
    from lamina.imaging.atomic_files import check_file_target

    lora = Path(to or f"lora{_EXTENSION}")
    if lora.suffix.lower() != _EXTENSION:
        raise LaminaError(
            ErrorCode.OUTPUT_UNKNOWN_FORMAT,
            f"The output path {str(lora)!r} does not end in {_EXTENSION}.",
            f"Use a path that ends in {_EXTENSION}.",
        )
    for path in (lora, lora.with_suffix(".json"), lora.with_suffix(".png")):
        check_file_target(path)
        if to is None and path.exists():
            raise file_exists(str(path), str(lora))
    return lora


def _train(task: TrainTask, archive: Path, lora: Path, engine: str | None, line: _TrainingLine) -> "Trained":
    from lamina.execution import training

    line("reading the examples", 0.0)
    folder = lora.with_suffix(".training")
    trained = training.trained(task, archive, folder, engine, line)
    return replace(
        trained,
        lora=trained.lora.replace(lora),
        config=trained.config.replace(lora.with_suffix(".json")),
        loss_plot=trained.loss_plot.replace(lora.with_suffix(".png")),
    )


def _how_to_resume(lora: Path, steps_done: int) -> str:
    if not steps_done:
        return "No step was completed."
    folder = lora.with_suffix(".training")
    return f"The same command resumes from there; the LoRA so far is in {folder / 'lora.safetensors'}."


def _print_report(trained: "Trained", is_json: bool) -> None:
    if wants_json(is_json):
        _print_json(trained)
    else:
        click.echo(readable("\n".join(_lines(trained))))


def _print_json(trained: "Trained") -> None:
    made = trained.made
    report = {
        "engine": made.engine,
        "checkpoint": made.checkpoint,
        "seed": made.seed,
        "steps": trained.steps_done,
        "layers": trained.layers,
        "loss": round(_recent_loss(trained.losses), 5),
        "seconds": round(sum(made.timings_s.values()), 3),
        "timings": dict(made.timings_s),
        "outputs": [str(path) for path in (trained.lora, trained.config, trained.loss_plot)],
        **({"notes": list(trained.notes)} if trained.notes else {}),
    }
    print_json(report)


def _lines(trained: "Trained") -> list[str]:
    made, seconds = trained.made, sum(trained.made.timings_s.values())
    details = f"{made.checkpoint}, seed {made.seed}, final loss {_recent_loss(trained.losses):.4f}"
    outputs = (trained.lora, trained.config, trained.loss_plot)
    headline = f"LoRA trained for {trained.steps_done} steps in {seconds:.1f} s ({details})"
    return [headline, *(f"  {note}" for note in trained.notes), *(f"  wrote {output}" for output in outputs)]


def _recent_loss(losses: Iterable[float]) -> float:
    """Mean loss of the last SHOWN_LOSSES steps, the figure shown during and after the training."""
    return fmean([*losses][-SHOWN_LOSSES:])
