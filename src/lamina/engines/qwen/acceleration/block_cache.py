"""First-block and dual-block caches: reuse the residual of the middle blocks while that of the first blocks is stable.

The first blocks always run. While their residual is close to the one of the last full pass, the middle blocks are
skipped. The first-block cache (ParaAttention, diffusers' `FirstBlockCache`) is the dual-block cache (cache-dit's
DBCache) with one block in front and none at the back, so cache-dit implements both.
"""

import logging
import sys

import torch
from cache_dit import DBCacheConfig, ForwardPattern
from cache_dit.caching.cache_blocks import CachedBlocks_Pattern_0_1_2 as DualBlocks
from cache_dit.caching.cache_contexts import CachedContextManager
from torch import nn

from lamina.engines.qwen.acceleration.skip_schedule import SkipSchedule
from lamina.engines.qwen.acceleration.stand_in import StandIn, Streams

for _handler in logging.getLogger("CACHE_DIT").handlers:  # shared by all of its loggers
    # It logs to standard output, where commands print JSON.
    _handler.setLevel(logging.ERROR)
    if isinstance(_handler, logging.StreamHandler):
        _handler.setStream(sys.stderr)


class BlockCache(StandIn):
    """Skips the middle blocks if the residual of the first `front` blocks changes by less than `threshold`.

    `threshold`: relative mean absolute change, 0..1; 0 never skips, 1 always. The last `back` blocks always run.
    """

    def __init__(self, blocks: nn.ModuleList, schedule: SkipSchedule, threshold: float, front: int, back: int) -> None:
        super().__init__()
        self.contexts = CachedContextManager("lamina")
        self.config = DBCacheConfig(
            Fn_compute_blocks=front,
            Bn_compute_blocks=back,
            residual_diff_threshold=threshold,
            max_warmup_steps=0,
            max_continuous_cached_steps=schedule.max_consecutive,
            steps_computation_mask=[int(not may_skip) for may_skip in schedule.may_skip],
            enable_separate_cfg=False,  # not needed: each condition has its own context
        )
        self.cached = DualBlocks(
            blocks,
            forward_pattern=ForwardPattern.Pattern_1,  # text before image
            cache_prefix="blocks",
            cache_context="",
            context_manager=self.contexts,
        )

    def begin(self, name: str, step: int) -> None:
        if step == 0:
            self.contexts.reset_context(name, cache_config=self.config)
        self.cached.cache_context = name

    def forward(self, hidden_states: torch.Tensor, encoder_hidden_states: torch.Tensor, **rest: object) -> Streams:
        streams = self.cached(hidden_states, encoder_hidden_states, **rest)
        context = self.contexts.get_context()
        self.was_skipped = context.get_current_step() in context.get_cached_steps()
        return streams
