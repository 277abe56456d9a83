"""Chooses the precision of a model for training from an estimate of the memory; without torch.

The estimates follow from the shapes; `scripts/bench training --sizes` compares them with what autograd keeps.
"""

from dataclasses import dataclass

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.optimizations import Optimization
from lamina.core.placement import AUTO, Placement, Precision
from lamina.core.training_options import OptimizerName, Targets, TrainingOptions
from lamina.engines.qwen.devices import Device
from lamina.engines.qwen.needs import BYTES_PER_NUMBER, ComponentSizes
from lamina.engines.qwen.placement import Plan

_OVERHEAD_BYTES = 1_500_000_000  # estimate for torch and the driver
# Values that a block keeps per token for the backward pass, in widths of its hidden state: 26 in the benchmark, the
# rest is for gradients.
_BLOCK_COPIES = 40
# Size of a rank 1 LoRA on a block, in widths: inputs and outputs of eight square matrices, of four MLP matrices between
# one and four widths, and of two modulation matrices from one to six widths.
ADAPTER_WIDTHS = {Targets.ATTENTION: 16, Targets.ATTENTION_MLP: 16 + 20, Targets.ALL: 16 + 20 + 14}
_ADAM_BYTES = {OptimizerName.ADAMW: 8, OptimizerName.ADAMW8BIT: 2}
_GB = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingLoad:
    """What the memory of a training depends on.

    `tokens`: length of the longest sequence, including text; `blocks`: of the transformer; `adapter`: parameters of the
    LoRA.
    """

    tokens: int
    blocks: int
    adapter: int
    batch: int
    is_checkpointed: bool
    optimizer: OptimizerName

    def bytes(self, sizes: ComponentSizes, precision: Precision) -> int:
        """Memory for weights, LoRA, gradients, optimizer state and activations."""
        number = BYTES_PER_NUMBER[precision]
        state = self.batch * self.tokens * sizes.width * number  # one hidden state
        kept = (self.blocks + _BLOCK_COPIES) if self.is_checkpointed else self.blocks * _BLOCK_COPIES
        adapter = self.adapter * (4 + 4 + _ADAM_BYTES[self.optimizer])
        weights = sizes.transformer_bytes(precision) + sizes.other_bytes(precision)[1]
        return weights + adapter + kept * state + _OVERHEAD_BYTES


def encoding_plan(device: Device, sizes: ComponentSizes, is_small: bool) -> Plan:
    """The plan for encoding with VAE and language model, without the transformer."""
    return _plan(device, sizes, Precision.FP32 if is_small else Precision.BF16)


def training_plan(
    name: str, device: Device, sizes: ComponentSizes, load: TrainingLoad, options: TrainingOptions, is_small: bool
) -> Plan:
    """The plan for training. Raises `LaminaError` (out_of_memory) with a hint about what would fit."""
    if is_small:
        return _plan(device, sizes, Precision.FP32)
    precisions = [Precision.BF16, Precision.FP8] if options.base == AUTO else [Precision(options.base)]
    for precision in precisions:
        if load.bytes(sizes, precision) <= device.free_bytes:
            return _plan(device, sizes, precision)
    needed = load.bytes(sizes, precisions[-1]) / _GB
    raise LaminaError(
        ErrorCode.OUT_OF_MEMORY,
        f"Training {name} needs about {needed:.0f} GB on {device.name} with {precisions[-1]}, but "
        f"{device.free_bytes / _GB:.0f} GB are free.",
        what_would_help(options),
    )


def what_would_help(options: TrainingOptions) -> str:
    """The hint of an out-of-memory error."""
    settings: list[str] = []
    if options.base == Precision.BF16:
        settings.append("training_base = fp8")
    if options.checkpointing == "off":
        settings.append("training_checkpointing = on")
    if options.batch > 1:
        settings.append("training_batch = 1")
    if options.optimizer is not OptimizerName.ADAMW8BIT:
        settings.append("training_optimizer = adamw8bit")
    other = "a lower resolution, fewer references or layers, or a lower rank"
    return f"To save memory, set {', '.join(settings)}, or use {other}." if settings else f"Use {other}."


def _plan(device: Device, sizes: ComponentSizes, precision: Precision) -> Plan:
    # Of the optimizations, only that of the VAE works in training.
    return Plan(
        device=device,
        precision=precision,
        placement=Placement.RESIDENT,
        sizes=sizes,
        weight_bytes=0,
        host_bytes=0,
        optimizations=frozenset({Optimization.VAE}),
    )
