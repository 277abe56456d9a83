"""Moves the components of a pipeline onto the device when they are at work and off it afterwards, as a plan says."""

from typing import Any

import torch
from diffusers.hooks import apply_group_offloading

from lamina.core.placement import Placement
from lamina.engines.qwen.placement import Plan


def place(pipeline: Any, plan: Plan) -> None:
    """Once for each pipeline that is made of components which `loading` loaded with the same plan.

    Resident components are where they belong already. With model offload a pipeline moves them as it goes; several
    pipelines may share components, if only one runs at a time.
    """
    match plan.placement:
        case Placement.RESIDENT:
            pass
        case Placement.MODEL_OFFLOAD:
            pipeline.enable_model_cpu_offload(device=torch.device(plan.device.name))
        case Placement.GROUP_OFFLOAD:
            _offload_groups(pipeline.components, plan)


def _offload_groups(components: dict[str, Any], plan: Plan) -> None:
    """Block by block for the transformer; layer by layer for the text encoder, whose blocks lie too deep to be found.

    The VAE is small and stays on the device. With CUDA the next block comes while one is at work.
    """
    device = torch.device(plan.device.name)
    common: dict[str, Any] = {
        "onload_device": device,
        "offload_device": torch.device("cpu"),
        "use_stream": device.type == "cuda",
        "non_blocking": device.type == "cuda",
    }
    for role, component in components.items():
        if not isinstance(component, torch.nn.Module) or is_offloaded(component):
            continue
        if role == "transformer":
            apply_group_offloading(component, offload_type="block_level", num_blocks_per_group=1, **common)
        elif role == "text_encoder":
            apply_group_offloading(component, offload_type="leaf_level", **common)
        else:
            component.to(device)


def is_offloaded(module: torch.nn.Module) -> bool:
    """Whether its groups are offloaded already: shared components are met once for each pipeline."""
    hooks = (getattr(child, "_diffusers_hook", None) for child in module.modules())
    return any(hook is not None and hook.get_hook("group_offloading") is not None for hook in hooks)
