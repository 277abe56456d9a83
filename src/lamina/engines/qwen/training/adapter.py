"""The LoRA in training, added to the transformer with peft, in float32 whatever the precision of the model."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import QwenImageTransformer2DModel
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import Tensor

from lamina.core.training_options import Targets
from lamina.engines.qwen.training.tensor_writing import write_tensors

_NAME = "trained"
_ATTENTION = r"attn\.(to_[qkv]|to_out\.0|add_[qkv]_proj|to_add_out)"
_MLPS = r"(img|txt)_mlp\.net\.(0\.proj|2)"
_MODULATION = r"(img|txt)_mod\.1"
_MODULES = {
    Targets.ATTENTION: _ATTENTION,
    Targets.ATTENTION_MLP: f"({_ATTENTION}|{_MLPS})",
    Targets.ALL: f"({_ATTENTION}|{_MLPS}|{_MODULATION})",
}


class TrainedAdapter:
    """A new LoRA on the otherwise frozen `transformer`. Its initial values depend on the seed only.

    `average`: decay of the moving average, 0..1; 0 keeps no average.
    """

    def __init__(
        self,
        transformer: QwenImageTransformer2DModel,
        rank: int,
        alpha: float,
        targets: Targets,
        seed: int,
        average: float = 0.0,
    ) -> None:
        self.rank, self.alpha = rank, alpha
        self._share = average
        config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=rf"transformer_blocks\.\d+\.{_MODULES[targets]}")  # pyright: ignore[reportArgumentType]  # peft writes int
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed % 2**63)
            inject_adapter_in_model(config, transformer, _NAME)
        self._weights: dict[str, torch.nn.Parameter] = {}
        for name, module in transformer.named_modules():
            if isinstance(module, LoraLayer):
                for side in ("lora_A", "lora_B"):
                    matrix: Any = getattr(module, side)[_NAME]
                    matrix.weight.data = matrix.weight.data.float()
                    self._weights[f"{name}.{side}.weight"] = matrix.weight
        for weight in transformer.parameters():
            weight.requires_grad_(False)
        for weight in self._weights.values():
            weight.requires_grad_(True)
        self._average = {name: weight.detach().clone() for name, weight in self._weights.items()} if average else {}

    @property
    def parameters(self) -> list[torch.nn.Parameter]:
        return list(self._weights.values())

    def update_average(self) -> None:
        """Updates the moving average after a step."""
        if self._average:
            weights = [self._weights[name].detach() for name in self._average]
            torch._foreach_lerp_(list(self._average.values()), weights, 1 - self._share)

    def state(self) -> dict[str, Tensor]:
        """The tensors of the checkpoint."""
        own = {f"weight.{name}": weight.detach() for name, weight in self._weights.items()}
        return own | {f"average.{name}": weight for name, weight in self._average.items()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            for name, weight in self._weights.items():
                weight.copy_(state[f"weight.{name}"])
            for name, weight in self._average.items():
                weight.copy_(state[f"average.{name}"])

    def write(self, path: Path, dtype: torch.dtype, metadata: Mapping[str, str]) -> None:
        """Writes the LoRA, or its moving average if there is one, in diffusers' layout with extra `metadata`.

        The scale alpha / rank is folded into the matrices, so that readers that do not find it in the metadata still
        apply the LoRA correctly.
        """
        tensors: dict[str, Tensor] = {}
        for name, weight in (self._average or self._weights).items():
            scale = self.alpha / self.rank if ".lora_B." in name else 1.0
            tensors[f"transformer.{name}"] = (weight.detach() * scale).to(dtype)
        modules = sorted({name.rpartition(".lora_")[0] for name in self._weights})
        config = {"r": self.rank, "lora_alpha": self.rank, "target_modules": modules, "peft_type": "LORA"}
        prefixed = {f"transformer.{key}": value for key, value in config.items()}
        write_tensors(path, tensors, {"format": "pt", "lora_adapter_metadata": json.dumps(prefixed), **metadata})
