"""Compiles a transformer's blocks as one kernel generator's work for every size, kept on disk from start to start.

All blocks are one piece of code, compiled once (regional compilation), with sizes left open, so that no request waits
for another compilation. LoRAs change the code of the blocks that they are on: requests with them run uncompiled.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import torch
from diffusers import QwenImageTransformer2DModel

_SHAPES = (((1, 4, 4),) * 2, 5), (((1, 6, 4),) * 3, 9)  # two sizes, by which torch sees that sizes change
_RECOMPILATIONS = 32  # before torch gives up and runs uncompiled; LoRAs that are on the blocks, but off, cost one each


def compile_blocks(
    transformer: QwenImageTransformer2DModel, cache: Path | None = None, backend: str = "inductor"
) -> None:
    """In place, at the first pass. `cache`: the folder where what was compiled is kept, if it is to be kept."""
    if cache is not None:
        # Torch reads it when it first compiles; whoever set it already meant it.
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache))
    torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, _RECOMPILATIONS)
    for block in transformer.transformer_blocks:
        block.compile(dynamic=True, backend=backend)


def is_compiled(transformer: QwenImageTransformer2DModel) -> bool:
    return getattr(transformer.transformer_blocks[0], "_compiled_call_impl", None) is not None


def warm_up(transformer: QwenImageTransformer2DModel, device: torch.device) -> None:
    """Runs two small passes, so that the first request finds everything compiled."""
    config, number = transformer.config, transformer.dtype
    with torch.inference_mode():
        for shapes, words in _SHAPES:
            tokens = sum(frames * rows * columns for frames, rows, columns in shapes)
            condition = torch.zeros(1, dtype=torch.long, device=device) if config.use_additional_t_cond else None
            transformer(
                hidden_states=torch.zeros(1, tokens, config.in_channels, device=device, dtype=number),
                encoder_hidden_states=torch.zeros(1, words, config.joint_attention_dim, device=device, dtype=number),
                timestep=torch.ones(1, device=device, dtype=number),
                img_shapes=[list(shapes)],
                additional_t_cond=condition,
                return_dict=False,
            )


@contextmanager
def uncompiled_if(has_loras: bool) -> Generator[None]:
    """Within it, nothing runs compiled if there are LoRAs."""
    if not has_loras:
        yield
        return
    with torch.compiler.set_stance("force_eager"):
        yield
