"""Applies the optimizations of a plan: puts those of a plan onto a component that has just been loaded."""

from pathlib import Path
from typing import Any

import torch

from lamina.core.optimizations import Optimization
from lamina.core.placement import Placement
from lamina.engines.qwen.optimizations.attention import choose_attention
from lamina.engines.qwen.optimizations.compiling import compile_blocks, warm_up
from lamina.engines.qwen.optimizations.modulation import tabulate_modulation
from lamina.engines.qwen.optimizations.one_frame import make_quick
from lamina.engines.qwen.optimizations.rotary import use_real_rotary
from lamina.engines.qwen.placement import Plan


def fit_before_moving(role: str, component: Any, plan: Plan) -> None:
    """What decides what goes to the device, and in which form. `component`: the `role` of a model, on the CPU."""
    if role == "vae" and Optimization.VAE in plan.optimizations:
        make_quick(component)
    if role == "transformer":
        if Optimization.ROTARY in plan.optimizations:
            use_real_rotary(component)
        if Optimization.MODULATION in plan.optimizations:
            tabulate_modulation(component, is_resting=plan.device.kind != "cpu")


def fit_after_moving(role: str, component: Any, plan: Plan, cache: Path | None) -> None:
    """What is tried out on the device. `cache`: a folder for what was compiled, if it is to be kept."""
    if role != "transformer":
        return
    device = torch.device(plan.device.name)
    if Optimization.ATTENTION in plan.optimizations:
        choose_attention(component, device, component.dtype)
    if Optimization.COMPILE in plan.optimizations:
        # Where there is no C compiler, or a kernel does not come to be, torch says so in its log and runs uncompiled.
        torch._dynamo.config.suppress_errors = True
        compile_blocks(component, cache)
        if plan.placement is Placement.RESIDENT:
            warm_up(component, device)
