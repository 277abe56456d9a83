"""The interface of a step cache: a module that replaces all blocks of a transformer."""

import torch
from torch import nn

Streams = tuple[torch.Tensor, torch.Tensor]
"""(text_BTC, picture_BLC), the return value of a block of the family."""


class StandIn(nn.Module):
    """Called like a block. `was_skipped`: whether the last pass was answered from the cache."""

    was_skipped = False

    def begin(self, name: str, step: int) -> None:
        """Begins a pass of the condition `name`, "cond" or "uncond". Step 0 discards the state of an earlier run."""
        raise NotImplementedError

    def forward(self, hidden_states: torch.Tensor, encoder_hidden_states: torch.Tensor, **rest: object) -> Streams:
        """`hidden_states`: picture_BLC; `encoder_hidden_states`: text_BTC; `rest`: the other arguments of a block."""
        raise NotImplementedError
