"""`lamina train`: pictures before and after in, a LoRA out that makes the same of others."""

import signal
from collections import deque
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import click

from lamina.cli.exits import DONE, INTERRUPTED, print_error
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
_ENDING = ".safetensors"


@click.command()
@click.argument("archive", metavar="ZIP|FOLDER")
@click.option("--model", metavar="NAME", help="edit-plus (the default), layered, or a name that lamina models lists.")
@click.option("--engine", type=click.Choice(engine_names(TaskKind.TRAIN)), help="What is trained; auto by default.")
@click.option("--steps", type=click.IntRange(1, MAX_TRAINING_STEPS), help="How many; 1000 by default.")
@click.option("--learning-rate", type=click.FloatRange(0, 1), help="0.0001 by default.")
@click.option("--rank", type=click.IntRange(1, MAX_RANK), help="Of the LoRA's matrices; 16 by default.")
@click.option("--alpha", type=click.FloatRange(MIN_ALPHA, MAX_ALPHA), help="Its strength times the rank; the rank.")
@click.option("--seed", type=click.IntRange(0, MAX_SEED), help="The same seed gives the same LoRA.")
@click.option("--caption", metavar="TEXT", default="", help="Of examples without a text file.")
@click.option("--caption-dropout", type=click.FloatRange(0, 1), help="Share of steps without words; 0.05 by default.")
@click.option("--references", type=click.IntRange(1, MAX_REFERENCES), help="That each example must have.")
@click.option(
    "--resolution", type=click.IntRange(MIN_SIDE_PX, MAX_TRAINING_PX), help="In pixels; the model's own by default."
)
@click.option("--checkpoint-every", type=click.IntRange(1, MAX_TRAINING_STEPS), help="So many steps; 100 by default.")
@click.option("--to", metavar="PATH", help="Where the LoRA goes; lora.safetensors by default.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON, as where stdout is not a terminal.")
@click.option("--quiet", "is_quiet", is_flag=True, help="Print nothing but errors.")
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
    """Train a LoRA on pictures of your own.

    \b
      lamina train pairs.zip --caption "apply style Z"
      lamina train pairs/ --steps 2000 --rank 32 --to style.safetensors
      lamina train posters.zip --model layered --to posters.safetensors

    ZIP|FOLDER holds ROOT_start.png and ROOT_end.png for every example, and ROOT.txt with the words for it; for layers
    ROOT_start.png and ROOT_end.png, ROOT_end2.png and so on, bottom first. Beside the LoRA come its settings (.json),
    a plot of the loss (.png), and a folder (.training) with checkpoints and samples. After Ctrl-C, or anything else
    that ends it, the same command goes on from the last checkpoint.
    """
    task = TrainTask(
        model=_SHORT_NAMES.get(model or "", model), default_caption=caption, resolution_px=resolution, **rest
    )
    lora = _place(to)
    line = _TrainingLine(not is_quiet)
    line.begin("train")
    try:
        with _interruptible(line):
            trained = _trained(task, Path(archive), lora, engine, line)
    except LaminaError as error:
        if error.code is not ErrorCode.CANCELLED:
            raise
        line.clear()
        print_error(f"Interrupted after {line.steps_done} steps. {_how_to_go_on(lora, line.steps_done)}")
        return INTERRUPTED
    finally:
        line.clear()
    if not is_quiet:
        _tell(trained, is_json)
    return DONE


class _TrainingLine(ProgressLine):
    """A `TrainingProgress` that tells the loss with the step, and stops the training once it was interrupted."""

    def __init__(self, is_wanted: bool) -> None:
        super().__init__(is_wanted)
        self.steps_done = 0
        self.is_interrupted = False
        self._losses: deque[float] = deque(maxlen=SHOWN_LOSSES)

    def __call__(self, stage: str, share_done: float, step: "Step | None" = None, /) -> None:
        loss = f", loss {_late_loss(self._losses):.4f}" if self._losses and step is not None else ""
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
    """The first Ctrl-C lets the step end and what was learnt be written, the second ends it at once."""

    def note(_number: int, _frame: "FrameType | None") -> None:
        line.is_interrupted = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _place(to: str | None) -> Path:
    """Raises `LaminaError`: output_unknown_format, output_in_the_way."""
    from lamina.imaging.atomic_files import check_file_target

    lora = Path(to or f"lora{_ENDING}")
    if lora.suffix.lower() != _ENDING:
        raise LaminaError(
            ErrorCode.OUTPUT_UNKNOWN_FORMAT, f"{str(lora)!r} does not end like a LoRA.", f"Use {_ENDING}."
        )
    for path in (lora, lora.with_suffix(".json"), lora.with_suffix(".png")):
        check_file_target(path)
        if to is None and path.exists():
            raise LaminaError(
                ErrorCode.OUTPUT_IN_THE_WAY,
                f"{str(path)!r} is already there, and might be your own.",
                f"To replace it, say so: --to {lora}",
            )
    return lora


def _trained(task: TrainTask, archive: Path, lora: Path, engine: str | None, line: _TrainingLine) -> "Trained":
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


def _how_to_go_on(lora: Path, steps_done: int) -> str:
    if not steps_done:
        return "Nothing had been learnt yet."
    folder = lora.with_suffix(".training")
    return f"The same command goes on from there; the LoRA as it is now is in {folder / 'lora.safetensors'}."


def _tell(trained: "Trained", is_json: bool) -> None:
    if wants_json(is_json):
        print_json(_rendered(trained))
    else:
        click.echo(readable("\n".join(_lines(trained))))


def _rendered(trained: "Trained") -> dict[str, Any]:
    made = trained.made
    return {
        "engine": made.engine,
        "checkpoint": made.checkpoint,
        "seed": made.seed,
        "steps": trained.steps_done,
        "layers": trained.layers,
        "loss": round(_late_loss(trained.losses), 5),
        "seconds": round(sum(made.timings_s.values()), 3),
        "timings": dict(made.timings_s),
        "outputs": [str(path) for path in (trained.lora, trained.config, trained.loss_plot)],
        **({"notes": list(trained.notes)} if trained.notes else {}),
    }


def _lines(trained: "Trained") -> list[str]:
    made, seconds = trained.made, sum(trained.made.timings_s.values())
    how = f"{made.checkpoint}, seed {made.seed}, loss {_late_loss(trained.losses):.4f} at the end"
    outputs = (trained.lora, trained.config, trained.loss_plot)
    head = f"A LoRA of {trained.steps_done} steps in {seconds:.1f} s ({how})"
    return [head, *(f"  {note}" for note in trained.notes), *(f"  wrote {output}" for output in outputs)]


def _late_loss(losses: Iterable[float]) -> float:
    """The one figure that is told, on the way and at the end."""
    return fmean([*losses][-SHOWN_LOSSES:])
