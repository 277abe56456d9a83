"""Small examples to train on, and a training of them with nano."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from lamina.core.engine_results import TrainingOutcome
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Pixels
from lamina.core.ports import Step, TrainingProgress, no_training_progress
from lamina.core.tasks import TrainTask
from lamina.core.training import Example
from lamina.core.training_options import TrainingOptions
from lamina.engines.config import EngineConfig
from lamina.engines.registry import start_trainer


def drawing(colour: tuple[int, int, int], place: int = 16, size: tuple[int, int] = (64, 64)) -> Pixels:
    """A light square on a ground of that colour."""
    width, height = size
    pixels = np.full((height, width, 4), (*colour, 255), np.uint8)
    pixels[place : place + 24, place : place + 24, :3] = 240
    return pixels


def edit_examples(count: int = 3, references: int = 1) -> list[Example]:
    """Everything becomes green; the last example is wide."""
    found: list[Example] = []
    for index in range(count):
        size = (128, 64) if index == count - 1 and count > 2 else (64, 64)
        starts = [drawing((30 * index, 40, 200), 8 + 8 * number, size) for number in range(references)]
        end = drawing((20, 200, 20), 8, size)
        found.append(Example(f"style {'z ' * index}", _reading(*starts), _reading(end), f"edit {index} {references}"))
    return found


def layer_examples(layers: int = 2) -> list[Example]:
    whole = drawing((200, 30, 30))
    ends = [np.full_like(whole, (200, 30, 30, 255)), *(np.zeros_like(whole) for _ in range(layers - 1))]
    ends[-1][16:40, 16:40] = (240, 240, 240, 255)
    return [Example("a light square on red", _reading(whole), _reading(*ends), f"layers {layers}")]


def train(
    folder: Path,
    task: TrainTask,
    examples: list[Example] | None = None,
    options: TrainingOptions | None = None,
    progress: TrainingProgress = no_training_progress,
) -> TrainingOutcome:
    trainer = start_trainer("nano", task.model, EngineConfig(training=options or TrainingOptions()))
    return trainer.train(task, edit_examples() if examples is None else examples, str(folder), progress)


class Watching:
    """Notes what it is told, and cancels at a step, if one is given."""

    def __init__(self, cancelled_at: int | None = None) -> None:
        self.cancelled_at = cancelled_at
        self.stages: list[str] = []
        self.losses: dict[int, float] = {}
        self.checkpoints: list[tuple[int, Path]] = []
        self.samples: list[tuple[int, Path]] = []

    def __call__(self, stage: str, share_done: float, step: Step | None = None, /) -> None:
        assert 0 <= share_done <= 1
        self.stages.append(stage)
        if step is not None and step.number == self.cancelled_at:
            raise LaminaError(ErrorCode.CANCELLED, "Enough.")

    def loss(self, step: int, value: float, /) -> None:
        self.losses[step] = value

    def checkpoint(self, step: int, path: str, /) -> None:
        assert Path(path).is_file()
        self.checkpoints.append((step, Path(path)))

    def sample(self, step: int, path: str, /) -> None:
        assert Path(path).is_file()
        self.samples.append((step, Path(path)))


def _reading(*pictures: Pixels) -> tuple[Callable[[], Pixels], ...]:
    return tuple(partial(np.copy, picture) for picture in pictures)
