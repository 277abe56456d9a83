"""In which numbers a model is held while a LoRA is trained on it, by arithmetic before any work; no torch.

The figures are worked out from the shapes, and `scripts/bench training --sizes` holds them against what autograd keeps.
"""

from dataclasses import dataclass

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.optimizations import Optimization
from lamina.core.placement import AUTO, Placement, Precision
from lamina.core.training_options import OptimizerName, Targets, TrainingOptions
from lamina.engines.qwen.devices import Device
from lamina.engines.qwen.needs import BYTES_PER_NUMBER, ComponentSizes
from lamina.engines.qwen.placement import Plan

_OVERHEAD_BYTES = 1_500_000_000  # of torch and the driver: an estimate
# Numbers that a block keeps for its backward pass for each token, in widths of its hidden state: 26 by the benchmark,
# the rest for gradients on their way.
_BLOCK_COPIES = 40
# Of a LoRA of rank 1 on a block, in widths: inputs and outputs of eight square matrices; of four into or out of the
# MLPs' four widths; two from one width to the modulation's six.
ADAPTER_WIDTHS = {Targets.ATTENTION: 16, Targets.ATTENTION_MLP: 16 + 20, Targets.ALL: 16 + 20 + 14}
_ADAM_BYTES = {OptimizerName.ADAMW: 8, OptimizerName.ADAMW8BIT: 2}
_GB = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingLoad:
    """What of a training the memory depends on. `tokens`: of the longest sequence, words too; `blocks`: of the
    transformer; `adapter`: numbers in the LoRA.
    """

    tokens: int
    blocks: int
    adapter: int
    batch: int
    is_checkpointed: bool
    optimizer: OptimizerName

    def bytes(self, sizes: ComponentSizes, precision: Precision) -> int:
        """Weights, LoRA, gradients, optimiser and activations."""
        number = BYTES_PER_NUMBER[precision]
        state = self.batch * self.tokens * sizes.width * number  # of one place in the model
        kept = (self.blocks + _BLOCK_COPIES) if self.is_checkpointed else self.blocks * _BLOCK_COPIES
        adapter = self.adapter * (4 + 4 + _ADAM_BYTES[self.optimizer])
        weights = sizes.transformer_bytes(precision) + sizes.other_bytes(precision)[1]
        return weights + adapter + kept * state + _OVERHEAD_BYTES


def encoding_plan(device: Device, sizes: ComponentSizes, is_small: bool) -> Plan:
    """For the VAE and the language model, which are there without the transformer."""
    return _plan(device, sizes, Precision.FP32 if is_small else Precision.BF16)


def training_plan(
    name: str, device: Device, sizes: ComponentSizes, load: TrainingLoad, options: TrainingOptions, is_small: bool
) -> Plan:
    """Raises `LaminaError` (out_of_memory), which says what would fit."""
    if is_small:
        return _plan(device, sizes, Precision.FP32)
    held = [Precision.BF16, Precision.FP8] if options.base == AUTO else [Precision(options.base)]
    for precision in held:
        if load.bytes(sizes, precision) <= device.free_bytes:
            return _plan(device, sizes, precision)
    needed = load.bytes(sizes, held[-1]) / _GB
    raise LaminaError(
        ErrorCode.OUT_OF_MEMORY,
        f"Training {name} needs about {needed:.0f} GB on {device.name} with {held[-1]}, and there are "
        f"{device.free_bytes / _GB:.0f} GB.",
        what_would_help(options),
    )


def what_would_help(options: TrainingOptions) -> str:
    """Sentences for a user."""
    settings: list[str] = []
    if options.base == Precision.BF16:
        settings.append("training_base = fp8")
    if options.checkpointing == "off":
        settings.append("training_checkpointing = on")
    if options.batch > 1:
        settings.append("training_batch = 1")
    if options.optimizer is not OptimizerName.ADAMW8BIT:
        settings.append("training_optimizer = adamw8bit")
    told = f"The settings {', '.join(settings)} need less; so do" if settings else "Less is needed by"
    return f"{told} a lower resolution, fewer references or layers, and a lower rank."


def _plan(device: Device, sizes: ComponentSizes, precision: Precision) -> Plan:
    # Of the optimizations the VAE's alone: the others are for a model that nobody trains on.
    return Plan(
        device=device,
        precision=precision,
        placement=Placement.RESIDENT,
        sizes=sizes,
        weight_bytes=0,
        host_bytes=0,
        optimizations=frozenset({Optimization.VAE}),
    )
