"""Creates AdamW with 32-bit or 8-bit state, and saves and restores that state as plain tensors."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from lamina.core.training_options import OptimizerName

_WEIGHT_DECAY = 0.01
_SIGNED = {"exp_avg": True, "exp_avg_sq": False}


def optimizer_of(name: OptimizerName, parameters: Sequence[torch.nn.Parameter], learning_rate: float) -> Any:
    if name is OptimizerName.ADAMW8BIT:
        from torchao.optim import AdamW8bit

        return AdamW8bit(parameters, lr=learning_rate, weight_decay=_WEIGHT_DECAY)
    return torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=_WEIGHT_DECAY)


def state_of(optimizer: Any) -> dict[str, Tensor]:
    """The state as tensors, by "PARAMETER_INDEX.NAME", with ".codes" and ".scale" appended for 8-bit state."""
    tensors: dict[str, Tensor] = {}
    for index, parameter in enumerate(_parameters(optimizer)):
        for key, value in optimizer.state.get(parameter, {}).items():
            for part, tensor in _parts(value).items():
                tensors[f"{index}.{key}{part}"] = tensor
    return tensors


def restore_state(optimizer: Any, tensors: Mapping[str, Tensor]) -> None:
    """Restores the result of `state_of` for the same parameters."""
    for index, parameter in enumerate(_parameters(optimizer)):
        prefix = f"{index}."
        own = {key.removeprefix(prefix): tensor for key, tensor in tensors.items() if key.startswith(prefix)}
        for key in sorted({key.partition(".")[0] for key in own}):
            optimizer.state[parameter][key] = _value(optimizer, parameter, key, own)


def _parameters(optimizer: Any) -> list[torch.nn.Parameter]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _parts(value: Tensor) -> dict[str, Tensor]:
    if hasattr(value, "codes"):  # 8-bit state of torchao: a code per value, a scale per block
        quantised: Any = value
        return {".codes": quantised.codes, ".scale": quantised.scale}
    return {"": value}


def _value(optimizer: Any, parameter: torch.nn.Parameter, key: str, tensors: Mapping[str, Tensor]) -> Tensor:
    if key in tensors:
        # The step count stays on the device where the optimizer created it.
        return tensors[key].clone() if key == "step" else tensors[key].to(parameter.device, copy=True)
    value = optimizer._new_buffer(parameter, _SIGNED[key])
    value.codes.copy_(tensors[f"{key}.codes"])
    value.scale.copy_(tensors[f"{key}.scale"])
    return value
