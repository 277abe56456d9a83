"""Computes what a training step of a released model needs from its shapes alone, on torch's meta device."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import QwenImageTransformer2DModel  # pyright: ignore[reportPrivateImportUsage]
from torch.utils.flop_counter import FlopCounterMode

from lamina.core.placement import Precision
from lamina.core.training_options import OptimizerName, Targets
from lamina.engines.qwen.needs import RELEASED
from lamina.engines.qwen.training.adapter import TrainedAdapter
from lamina.engines.qwen.training.flow import Batch, loss_of

GB = 1e9
GPU_FLOPS = 989e12  # of an H100 SXM in dense bfloat16 (NVIDIA's data sheet)
UTILISATION = 0.4  # assumed: well-tuned transformers of this size reach it
BLOCKS = 60
PROMPT_TOKENS = 300  # tokens of a caption; an edit's references add 196 each (384 x 384 px in patches of 28)
ADAM_BYTES = {OptimizerName.ADAMW: 8, OptimizerName.ADAMW8BIT: 2}
MEASURED_BLOCKS = (2, 3)  # autograd keeps the same of every block, so two counts give the rest


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    made: int  # pictures
    made_px: int
    given: int
    given_px: int
    is_checkpointed: bool = True
    precision: Precision = Precision.BF16
    rank: int = 16
    targets: Targets = Targets.ATTENTION
    optimizer: OptimizerName = OptimizerName.ADAMW

    @property
    def is_layered(self) -> bool:
        return self.made > 1

    @property
    def prompt_tokens(self) -> int:
        return PROMPT_TOKENS + (0 if self.is_layered else 196 * self.given)


CASES = (
    Case("edit, 1 reference, 1024 px", 1, 1024, 1, 1024),
    Case("the same, activations kept", 1, 1024, 1, 1024, is_checkpointed=False),
    Case("the same, fp8 base", 1, 1024, 1, 1024, precision=Precision.FP8),
    Case("the same, fp8 base, 8-bit Adam", 1, 1024, 1, 1024, True, Precision.FP8, optimizer=OptimizerName.ADAMW8BIT),
    Case("the same, fp8 base, 512 px", 1, 512, 1, 1024, precision=Precision.FP8),
    Case("the same, rank 64, MLPs too", 1, 1024, 1, 1024, rank=64, targets=Targets.ATTENTION_MLP),
    Case("edit, 3 references, 1024 px", 1, 1024, 3, 1024),
    Case("layers, 4 of them, 640 px", 5, 640, 1, 640),
    Case("layers, 8 of them, 640 px", 9, 640, 1, 640),
    Case("layers, 8 of them, fp8 base", 9, 640, 1, 640, precision=Precision.FP8),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Size:
    """Sizes in bytes; `flops`: forward, backward, and forward again if activations are not kept."""

    tokens: int
    precision: Precision
    weights: int
    adapter: int
    activations: int
    flops: float

    @property
    def total(self) -> int:
        return self.weights + self.adapter + self.activations

    @property
    def step_s(self) -> float:
        return self.flops / GPU_FLOPS / UTILISATION

    def record(self) -> dict[str, Any]:
        return {
            "tokens": self.tokens,
            "base": self.precision,
            "weights_bytes": self.weights,
            "lora_bytes": self.adapter,
            "activation_bytes": self.activations,
            "flops": self.flops,
            "step_s": round(self.step_s, 2),
        }

    def cells(self) -> Sequence[str]:
        in_gb = (self.weights, self.adapter, self.activations, self.total)
        return [
            f"{self.tokens:,}", self.precision, *(f"{size / GB:.1f} GB" for size in in_gb),
            f"{self.flops / 1e15:.2f}", f"{self.step_s:.1f}",
        ]  # fmt: skip


def sized(case: Case) -> Size:
    few, more = (_measured(case, blocks) for blocks in MEASURED_BLOCKS)
    rest = BLOCKS - MEASURED_BLOCKS[0]
    kept, flops, adapter = (a + rest * (b - a) for a, b in zip(few, more, strict=True))
    if case.is_checkpointed:  # the activations of one block exist while it is recomputed
        kept += _block_bytes(case)
    state = adapter * (4 + 4 + ADAM_BYTES[case.optimizer])
    vae = RELEASED.other_bytes(Precision.BF16)[1]
    weights = RELEASED.transformer_bytes(case.precision) + vae
    tokens = _tokens(case.made_px) * case.made + _tokens(case.given_px) * case.given + case.prompt_tokens
    return Size(tokens, case.precision, weights, int(state), int(kept), flops)


def _block_bytes(case: Case) -> float:
    few, more = (_measured(case, blocks, is_checkpointed=False)[0] for blocks in MEASURED_BLOCKS)
    return more - few


def _measured(case: Case, blocks: int, is_checkpointed: bool | None = None) -> tuple[float, float, float]:
    """The bytes that autograd keeps except weights, the FLOPs of a step, and the parameters of the LoRA, with `blocks`
    blocks.

    The attention scores are not counted: the meta device keeps them, but the kernels of GPUs do not.
    """
    with torch.device("meta"):
        torch.set_default_dtype(torch.bfloat16)
        model = QwenImageTransformer2DModel(
            num_layers=blocks, use_additional_t_cond=case.is_layered, use_layer3d_rope=case.is_layered
        )
        torch.set_default_dtype(torch.float32)
        adapter = TrainedAdapter(model, case.rank, float(case.rank), case.targets, seed=0)
        made, given = _tokens(case.made_px), _tokens(case.given_px) * case.given
        target = torch.empty(1, case.made, made, 64, dtype=torch.bfloat16)
        prompt = torch.empty(1, case.prompt_tokens, 3584, dtype=torch.bfloat16)
        given_tokens = torch.empty(1, given, 64, dtype=torch.bfloat16)
    sides = [(1, px // 16, px // 16) for px in (*[case.made_px] * case.made, *[case.given_px] * case.given)]
    batch = Batch(target=target, given=given_tokens, words=prompt, is_word=None, grids=tuple(sides))
    if case.is_checkpointed if is_checkpointed is None else is_checkpointed:
        model.enable_gradient_checkpointing()
    tokens = made * case.made + given + case.prompt_tokens
    weights = {parameter.untyped_storage()._cdata for parameter in model.parameters()}  # pyright: ignore[reportPrivateUsage]
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        is_scores = tensor.dim() > 2 and tensor.shape[-1] == tensor.shape[-2] == tokens
        identity = storage._cdata  # pyright: ignore[reportPrivateUsage]  (on the meta device all have the address 0)
        if identity not in weights and not is_scores:
            kept[identity] = storage.nbytes()
        return tensor

    with FlopCounterMode(display=False) as counter:
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            sigmas = torch.full((1,), 0.5, device="meta")
            loss = loss_of(model, batch, sigmas, torch.empty_like(target, dtype=torch.float32))
        loss.backward()
    numbers = sum(parameter.numel() for parameter in adapter.parameters)
    return float(sum(kept.values())), float(counter.get_total_flops()), float(numbers)


def _tokens(side_px: int) -> int:
    return (side_px // 16) ** 2
