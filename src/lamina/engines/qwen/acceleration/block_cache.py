"""First-block and dual-block caches: what the middle blocks last added is added again, while the first ones agree.

The first blocks always run. While what they add to the picture is near what it was when all blocks last ran, the
middle ones are skipped. First-block cache (ParaAttention, diffusers' `FirstBlockCache`) is dual-block cache
(cache-dit's DBCache) with one block in front and none behind, so cache-dit does both.
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

for _handler in logging.getLogger("CACHE_DIT").handlers:  # the one that all of its loggers share
    # It tells standard output of every block list that it meets, where a command's JSON goes.
    _handler.setLevel(logging.ERROR)
    if isinstance(_handler, logging.StreamHandler):
        _handler.setStream(sys.stderr)


class BlockCache(StandIn):
    """`threshold`: 0..1, relative change (mean absolute) of what the first `front` blocks add, below which the middle
    is skipped; 0 is never, 1 always. The last `back` blocks always run.
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
            enable_separate_cfg=False,  # it would tell conditions apart by odd and even; here each has its own context
        )
        self.cached = DualBlocks(
            blocks,
            forward_pattern=ForwardPattern.Pattern_1,  # text before picture
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
