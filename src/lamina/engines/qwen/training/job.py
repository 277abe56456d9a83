"""The definition of a training: model, task, examples, options; and the identity for its checkpoints."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lamina.core.catalog import Model
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.tasks import TaskKind, TrainTask
from lamina.core.training import Example
from lamina.core.training_options import TrainingOptions
from lamina.engines.qwen.model_loader import ModelLoader, Source
from lamina.engines.qwen.sizes import is_small


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainingJob:
    """A training.

    `engine`: its name; `model`: the model with the weights; `kind`: the trained task, EDIT or DECOMPOSE; `task`: with
    all defaults filled in; `folder`: for checkpoints.
    """

    engine: str
    model: Model
    kind: TaskKind
    loader: ModelLoader
    task: TrainTask
    examples: Sequence[Example]
    folder: Path

    @cached_property
    def source(self) -> Source:
        """The files of the model. Raises `LaminaError`: weights_missing, weights_damaged; settings_invalid for GGUF."""
        source = self.loader.source_of(self.model, self.kind)
        file = source.transformer_file
        if file is not None and file.suffix == ".gguf":
            raise LaminaError(
                ErrorCode.SETTINGS_INVALID,
                f"The transformer of {self.model.name} is the GGUF file {file.name}, on which LoRAs cannot be trained.",
                "Use safetensors; to save memory, set training_base = fp8.",
            )
        return source

    @property
    def options(self) -> TrainingOptions:
        return self.loader.config.training

    @property
    def is_small(self) -> bool:
        return is_small(self.model)

    @property
    def is_layered(self) -> bool:
        return self.kind is TaskKind.DECOMPOSE

    @property
    def resolution_px(self) -> int:
        """Generated pictures have the area of a square with this side."""
        return self.model.native_px if self.is_small else self.task.resolution_px or self.model.native_px

    def identity(self, seed: int) -> dict[str, str]:
        """The properties that must match to resume from a checkpoint, by names for error messages."""
        task, options = self.task, self.options
        content = "\0".join(f"{example.key}\0{example.caption}" for example in self.examples)
        return {
            "model": self.source.checkpoint,
            "kind": self.kind,
            "set of examples": hashlib.sha256(content.encode()).hexdigest(),
            "seed": str(seed),
            "learning rate": f"{task.learning_rate:g}",
            "rank": str(task.rank),
            "alpha": f"{task.alpha:g}",
            "caption dropout": f"{task.caption_dropout:g}",
            "resolution": str(self.resolution_px),
            "setting training_targets": options.targets,
            "setting training_optimizer": options.optimizer,
            "setting training_batch": str(options.batch),
            "setting training_average": f"{options.average:g}",
        }
