"""What an operator says of trainings, as against what a request says: by which means they are done."""

from dataclasses import dataclass
from enum import StrEnum

from lamina.core.placement import AUTO


class Targets(StrEnum):
    """Which layers of a transformer's blocks a LoRA is put on."""

    ATTENTION = "attention"
    ATTENTION_MLP = "attention_mlp"
    ALL = "all"


class OptimizerName(StrEnum):
    """AdamW in float32, or with its state in 8 bits."""

    ADAMW = "adamw"
    ADAMW8BIT = "adamw8bit"


@dataclass(frozen=True, slots=True)
class TrainingWishes:
    """`base`: how the frozen model is held, "auto", "bf16" or "fp8". `checkpointing`: whether activations are worked
    out again instead of kept, "auto", "on" or "off". `batch`: examples a step, those of one shape. `average`: 0..1 of
    the moving average that a step leaves as it was; 0 is no average.
    """

    targets: Targets = Targets.ATTENTION
    optimizer: OptimizerName = OptimizerName.ADAMW
    base: str = AUTO
    checkpointing: str = AUTO
    batch: int = 1
    average: float = 0.0
