"""What is trained: the model, the task, the examples, and by which means; all that a checkpoint must agree with."""

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
    """`engine`: its name; `model`: whose weights these are; `kind`: what is learnt, EDIT or DECOMPOSE; `task`: with the
    defaults filled in; `folder`: where checkpoints are looked for and kept.
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
        """Raises `LaminaError`: weights_missing, weights_damaged; settings_invalid where the weights are a GGUF."""
        source = self.loader.source_of(self.model, self.kind)
        file = source.transformer_file
        if file is not None and file.suffix == ".gguf":
            raise LaminaError(
                ErrorCode.SETTINGS_INVALID,
                f"The transformer of {self.model.name} comes from {file.name}: no LoRA is trained on a GGUF file.",
                "Take it from safetensors; where memory is short, with the setting training_base = fp8.",
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
        """The side of the square that what is made has the area of."""
        return self.model.native_px if self.is_small else self.task.resolution_px or self.model.native_px

    def identity(self, seed: int) -> dict[str, str]:
        """What must be the same for a checkpoint to be gone on from, in words for a user."""
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
