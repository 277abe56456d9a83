"""The operator's settings of LoRA training, as opposed to what a request asks for."""

from dataclasses import dataclass
from enum import StrEnum

from lamina.core.placement import AUTO


class Targets(StrEnum):
    """The layers of the transformer blocks that get a LoRA."""

    ATTENTION = "attention"
    ATTENTION_MLP = "attention_mlp"
    ALL = "all"


class OptimizerName(StrEnum):
    """AdamW with its state in float32 or in 8 bits."""

    ADAMW = "adamw"
    ADAMW8BIT = "adamw8bit"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingOptions:
    """How LoRAs are trained.

    `base`: precision of the frozen base model, "auto", "bf16" or "fp8". `checkpointing`: gradient checkpointing,
    "auto", "on" or "off". `batch`: examples per step, all of one shape. `average`: decay of the moving average of the
    weights, 0..1; 0 keeps no average.
    """

    targets: Targets = Targets.ATTENTION
    optimizer: OptimizerName = OptimizerName.ADAMW
    base: str = AUTO
    checkpointing: str = AUTO
    batch: int = 1
    average: float = 0.0
