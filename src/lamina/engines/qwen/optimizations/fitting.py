"""Applies the optimizations of a plan to a newly loaded component."""

from pathlib import Path
from typing import Any

import torch

from lamina.core.optimizations import Optimization
from lamina.core.placement import Placement
from lamina.engines.qwen.optimizations.attention import choose_attention
from lamina.engines.qwen.optimizations.compiling import compile_blocks, warm_up
from lamina.engines.qwen.optimizations.modulation import tabulate_modulation
from lamina.engines.qwen.optimizations.rotary import use_real_rotary
from lamina.engines.qwen.optimizations.vae import optimize_vae
from lamina.engines.qwen.placement import Plan


def fit_before_moving(role: str, component: Any, plan: Plan) -> None:
    """Applies those that change which weights move to the device. `component`: in `role`, on the CPU."""
    if role == "vae" and Optimization.VAE in plan.optimizations:
        optimize_vae(component)
    if role == "transformer":
        if Optimization.ROTARY in plan.optimizations:
            use_real_rotary(component)
        if Optimization.MODULATION in plan.optimizations:
            tabulate_modulation(component, is_resting=plan.device.kind != "cpu")


def fit_after_moving(role: str, component: Any, plan: Plan, cache: Path | None) -> None:
    """Applies those that are measured or compiled on the device. `cache`: folder for compiled code, or None."""
    if role != "transformer":
        return
    device = torch.device(plan.device.name)
    if Optimization.ATTENTION in plan.optimizations:
        choose_attention(component, device, component.dtype)
    if Optimization.COMPILE in plan.optimizations:
        # Without a C compiler, or if compilation fails, torch logs that and runs uncompiled.
        torch._dynamo.config.suppress_errors = True
        compile_blocks(component, cache)
        if plan.placement is Placement.RESIDENT:
            warm_up(component, device)
