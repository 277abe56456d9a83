"""Compiles a transformer's blocks with torch.compile for all sizes, with a cache on disk.

All blocks share one compiled code (regional compilation) with dynamic sizes, so that no request waits for a
recompilation. LoRAs change the code of their blocks, so requests with LoRAs run uncompiled.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import torch
from diffusers import QwenImageTransformer2DModel

_SHAPES = (((1, 4, 4),) * 2, 5), (((1, 6, 4),) * 3, 9)  # two sizes, so that torch treats sizes as dynamic
_RECOMPILATIONS = 32  # limit before torch falls back to eager; each loaded but inactive LoRA costs one


def compile_blocks(
    transformer: QwenImageTransformer2DModel, cache: Path | None = None, backend: str = "inductor"
) -> None:
    """Compiles in place, at the first pass. `cache`: folder for the compiled code, or None."""
    if cache is not None:
        # Torch reads it at the first compilation; a value set by the user has priority.
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache))
    torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, _RECOMPILATIONS)
    for block in transformer.transformer_blocks:
        block.compile(dynamic=True, backend=backend)


def warm_up(transformer: QwenImageTransformer2DModel, device: torch.device) -> None:
    """Runs two small passes, so that compilation is finished before the first request."""
    config, number = transformer.config, transformer.dtype
    with torch.inference_mode():
        for shapes, text_tokens in _SHAPES:
            tokens = sum(frames * rows * columns for frames, rows, columns in shapes)
            condition = torch.zeros(1, dtype=torch.long, device=device) if config.use_additional_t_cond else None
            transformer(
                hidden_states=torch.zeros(1, tokens, config.in_channels, device=device, dtype=number),
                encoder_hidden_states=torch.zeros(
                    1, text_tokens, config.joint_attention_dim, device=device, dtype=number
                ),
                timestep=torch.ones(1, device=device, dtype=number),
                img_shapes=[list(shapes)],
                additional_t_cond=condition,
                return_dict=False,
            )


@contextmanager
def uncompiled_if(has_loras: bool) -> Generator[None]:
    """Within it, compiled code is disabled if there are LoRAs."""
    if not has_loras:
        yield
        return
    with torch.compiler.set_stance("force_eager"):
        yield
