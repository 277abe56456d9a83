"""How a model's weights are held while it runs: in which numbers, and where."""

from enum import StrEnum

AUTO = "auto"


class Precision(StrEnum):
    """`BF16`: as the released weights are stored. `FP32`: twice that, for small models on CPUs. `FP8`: the large
    matrices of the transformer in 8 bits with a scale for each row; the arithmetic stays bf16.
    """

    BF16 = "bf16"
    FP32 = "fp32"
    FP8 = "fp8"


class Placement(StrEnum):
    """`RESIDENT`: all on the device. `MODEL_OFFLOAD`: on the device only the component that is at work.
    `GROUP_OFFLOAD`: only the block that is at work and the next one; needs least, and is slowest.
    """

    RESIDENT = "resident"
    MODEL_OFFLOAD = "model_offload"
    GROUP_OFFLOAD = "group_offload"
