"""What takes the place of all of a transformer's blocks: one module that runs them, or answers for them."""

import torch
from torch import nn

Streams = tuple[torch.Tensor, torch.Tensor]
"""(text_BTC, picture_BLC), in the order in which the family's blocks return them."""


class StandIn(nn.Module):
    """Called as a block is. `was_skipped` tells of the last pass whether it was answered from what was remembered."""

    was_skipped = False

    def begin(self, name: str, step: int) -> None:
        """A pass of the condition `name`, "cond" or "uncond", is to come. At step 0 it forgets earlier runs of it."""
        raise NotImplementedError

    def forward(self, hidden_states: torch.Tensor, encoder_hidden_states: torch.Tensor, **rest: object) -> Streams:
        """`hidden_states`: picture_BLC; `encoder_hidden_states`: text_BTC; `rest`: what else a block is given."""
        raise NotImplementedError
