"""Small transformers of the family with weights as PyTorch draws them, and a run of Euler steps through them.

Their velocity is small and changes slowly, so that step caches find something to skip: the coarser the threshold, the
more.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from diffusers import QwenImageTransformer2DModel

from lamina.core.acceleration import Acceleration
from lamina.engines.qwen.acceleration import Skips, accelerated

OFF = Acceleration()
FRAME = (1, 4, 4)
LAYOUTS = {"one": [FRAME], "layered": [FRAME] * 4, "edit": [FRAME, FRAME]}
"""Frames, of 4 x 4 tokens; all but the last of "layered" and the last of "edit" are what is made."""


def small_transformer(layout: str = "one", blocks: int = 5) -> QwenImageTransformer2DModel:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return QwenImageTransformer2DModel(
        patch_size=2,
        in_channels=16,
        out_channels=4,
        num_layers=blocks,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        axes_dims_rope=(4, 6, 6),
        use_additional_t_cond=layout == "layered",
        use_layer3d_rope=layout == "layered",
        zero_cond_t=layout == "edit",
    ).eval()


@dataclass
class Run:
    """`latents` at the end; `skips`; `ran`: for each block, the (condition, step) at which it was really run."""

    latents: torch.Tensor
    skips: Skips
    ran: list[list[tuple[str, int]]] = field(default_factory=list)


def sampled(
    transformer: QwenImageTransformer2DModel,
    acceleration: Acceleration = OFF,
    layout: str = "one",
    steps: int = 12,
    weights: tuple[float, ...] = (2.0, -1.0),
) -> Run:
    """`weights`: of the conditional velocity and, if there are two, the unconditional one."""
    with accelerated(transformer, acceleration, steps) as skips:
        run = Run(torch.empty(0), skips)
        return looped(transformer, run, layout, steps, weights)


def looped(
    transformer: QwenImageTransformer2DModel, run: Run, layout: str, steps: int, weights: tuple[float, ...]
) -> Run:
    generator = torch.Generator().manual_seed(1)
    frames = LAYOUTS[layout]
    latents = torch.randn(1, 16 * len(frames), 16, generator=generator)
    texts = [torch.randn(1, tokens, 32, generator=generator) for tokens in (7, 5)]
    made = 16 * max(1, len(frames) - 1)
    extra = {"additional_t_cond": torch.tensor([0])} if layout == "layered" else {}
    for step in range(steps):
        velocity = torch.zeros_like(latents)
        for name, text, weight in zip(("cond", "uncond"), texts, weights, strict=False):
            with torch.no_grad(), transformer.cache_context(name), _watched(transformer, run, (name, step)):
                velocity += (
                    weight
                    * transformer(
                        hidden_states=latents,
                        encoder_hidden_states=text,
                        timestep=torch.tensor([1 - step / steps]),
                        img_shapes=[frames],
                        return_dict=False,
                        **extra,
                    )[0]
                )
        velocity[:, made:] = 0
        latents = latents - velocity / steps
    run.latents = latents
    return run


@contextmanager
def _watched(transformer: QwenImageTransformer2DModel, run: Run, where: tuple[str, int]) -> Iterator[None]:
    """Notes in `run` which of the true blocks are called, wherever they stand now."""
    blocks = [module for module in transformer.modules() if type(module).__name__ == "QwenImageTransformerBlock"]
    run.ran = run.ran or [[] for _ in blocks]
    handles = [
        block.register_forward_pre_hook(lambda *_, notes=notes: notes.append(where))
        for block, notes in zip(blocks, run.ran, strict=True)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
