"""Sets up CPU offloading of a pipeline's components according to a plan."""

from functools import partial
from typing import Any

import torch
from diffusers.hooks import apply_group_offloading

from lamina.core.placement import Placement
from lamina.engines.qwen.placement import Plan


def place(pipeline: Any, plan: Plan) -> None:
    """Places the components of a new pipeline, which `loading` loaded with the same plan.

    Resident components are already on the device. With model offload, the pipeline moves them as it runs; pipelines may
    share components if only one runs at a time.
    """
    match plan.placement:
        case Placement.RESIDENT:
            pass
        case Placement.MODEL_OFFLOAD:
            pipeline.enable_model_cpu_offload(device=torch.device(plan.device.name))
        case Placement.GROUP_OFFLOAD:
            _offload_groups(pipeline, plan)


def _offload_groups(pipeline: Any, plan: Plan) -> None:
    """Offloads the transformer by block and the text encoder by layer, since diffusers does not find its blocks.

    The VAE is small and stays on the device. With CUDA, the next block is prefetched while one runs.
    """
    device = torch.device(plan.device.name)
    offload = partial(
        apply_group_offloading,
        onload_device=device,
        offload_device=torch.device("cpu"),
        use_stream=device.type == "cuda",
        non_blocking=device.type == "cuda",
    )
    for role, component in pipeline.components.items():
        if not isinstance(component, torch.nn.Module) or is_offloaded(component):
            continue
        if role == "transformer":
            offload(component, offload_type="block_level", num_blocks_per_group=1)
        elif role == "text_encoder":
            offload(component, offload_type="leaf_level")
        else:
            component.to(device)


def is_offloaded(module: torch.nn.Module) -> bool:
    """Whether group offloading is already applied, as for components shared with another pipeline."""
    hooks = (getattr(child, "_diffusers_hook", None) for child in module.modules())
    return any(hook is not None and hook.get_hook("group_offloading") is not None for hook in hooks)
