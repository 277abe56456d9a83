"""Replaces a transformer's blocks with a step cache for a run, and restores them afterwards."""

from collections.abc import Generator
from contextlib import contextmanager

from diffusers import QwenImageTransformer2DModel
from diffusers.hooks import HookRegistry
from torch import nn

from lamina.core.acceleration import Acceleration, StepCache
from lamina.engines.qwen.acceleration.block_cache import BlockCache
from lamina.engines.qwen.acceleration.levels import cache_of
from lamina.engines.qwen.acceleration.passes import Passes, Skips
from lamina.engines.qwen.acceleration.skip_schedule import SkipSchedule
from lamina.engines.qwen.acceleration.stand_in import StandIn
from lamina.engines.qwen.acceleration.tea_cache import TeaCache

_PASSES = "lamina_passes"
_BLOCKS_AT_AN_END = 8  # fraction 1/8 of the blocks; cache-dit uses 8 of the 60 blocks


@contextmanager
def accelerated(transformer: QwenImageTransformer2DModel, acceleration: Acceleration, steps: int) -> Generator[Skips]:
    """Within it, `transformer` skips passes as `acceleration` allows; it is always restored afterwards.

    `steps`: number of transformer calls per condition. Every call must be made in `transformer.cache_context(name)`, as
    the diffusers pipelines do: each name has its own state, and "cond" is the pass that counts as the step. A further
    run inside the context starts with an empty cache. Yields the counts, which are updated during the run.
    """
    skips = Skips()
    if acceleration.is_off:
        yield skips
        return
    blocks = transformer.transformer_blocks
    cache = _cache_for(blocks, acceleration, steps)
    HookRegistry.check_if_exists_or_initialize(cache).register_hook(Passes(cache, steps, skips), _PASSES)
    try:
        _set_blocks(transformer, nn.ModuleList([cache]))
        yield skips
    finally:
        _set_blocks(transformer, blocks)


def _cache_for(blocks: nn.ModuleList, acceleration: Acceleration, steps: int) -> StandIn:
    options, threshold = cache_of(acceleration)
    schedule = SkipSchedule.of(options, steps)
    match options.cache:
        case StepCache.TEA:
            return TeaCache(blocks, schedule, threshold)
        case StepCache.DUAL_BLOCK:
            front = max(1, round(len(blocks) / _BLOCKS_AT_AN_END))
            return BlockCache(blocks, schedule, threshold, front, back=min(front, len(blocks) - front))
        case _:
            return BlockCache(blocks, schedule, threshold, front=1, back=0)


def _set_blocks(transformer: QwenImageTransformer2DModel, blocks: nn.ModuleList) -> None:
    transformer.transformer_blocks = blocks
    # diffusers caches which submodules have hooks, and sets the context only for those.
    HookRegistry.check_if_exists_or_initialize(transformer).invalidate_child_registries_cache()
