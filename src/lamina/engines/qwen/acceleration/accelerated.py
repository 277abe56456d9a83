"""The door to the step caches: puts one in the place of a transformer's blocks for a run, and the blocks back after."""

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
_BLOCKS_AT_AN_END = 8  # parts of the blocks: cache-dit's own 8 blocks of the family's 60


@contextmanager
def accelerated(transformer: QwenImageTransformer2DModel, acceleration: Acceleration, steps: int) -> Generator[Skips]:
    """Within it, `transformer` skips what `acceleration` allows; after it, whatever happened, it is as it was.

    `steps`: how often the run calls the transformer for each condition. Every call must be made in
    `transformer.cache_context(name)`, as the diffusers pipelines do: each name is a run of its own, with a state of its
    own, and "cond" is the one that counts as the step. A further run within starts with nothing remembered.
    Yields the counts, which grow as the run goes on.
    """
    skips = Skips()
    if acceleration.is_off:
        yield skips
        return
    blocks = transformer.transformer_blocks
    stand_in = _stand_in(blocks, acceleration, steps)
    HookRegistry.check_if_exists_or_initialize(stand_in).register_hook(Passes(stand_in, steps, skips), _PASSES)
    try:
        _put_in_place(transformer, nn.ModuleList([stand_in]))
        yield skips
    finally:
        _put_in_place(transformer, blocks)


def _stand_in(blocks: nn.ModuleList, acceleration: Acceleration, steps: int) -> StandIn:
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


def _put_in_place(transformer: QwenImageTransformer2DModel, blocks: nn.ModuleList) -> None:
    transformer.transformer_blocks = blocks
    # diffusers remembers which modules below have hooks, and tells only those of a pass's name.
    HookRegistry.check_if_exists_or_initialize(transformer).invalidate_child_registries_cache()
