"""The number format and the memory placement of a model's weights while it runs."""

from enum import StrEnum

AUTO = "auto"


class Precision(StrEnum):
    """`BF16`: the format of the released weights. `FP32`: twice the size, for small models on CPUs. `FP8`: the large
    matrices of the transformer in 8 bits with a scale for each row; computation is in bf16.
    """

    BF16 = "bf16"
    FP32 = "fp32"
    FP8 = "fp8"


class Placement(StrEnum):
    """`RESIDENT`: everything is on the device. `MODEL_OFFLOAD`: only the component that is running.
    `GROUP_OFFLOAD`: only the block that is running and the next one; needs the least memory and is the slowest.
    """

    RESIDENT = "resident"
    MODEL_OFFLOAD = "model_offload"
    GROUP_OFFLOAD = "group_offload"
