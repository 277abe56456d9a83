"""TeaCache: skips all blocks while the input of the first one has changed little since they last ran.

Follows "Timestep Embedding Tells: It's Time to Cache for Video Diffusion Model" (arXiv 2411.19108) and its authors'
code for Flux. They rescale each change with a polynomial fitted to the model. None is published for this family, so
changes are not rescaled, and distances are not comparable with those of a fitted TeaCache.
"""

from copy import deepcopy
from dataclasses import dataclass

import torch
from diffusers.hooks.group_offloading import _GROUP_OFFLOADING
from torch import nn

from lamina.engines.qwen.acceleration.skip_schedule import SkipSchedule
from lamina.engines.qwen.acceleration.stand_in import StandIn, Streams


@dataclass(slots=True, eq=False, kw_only=True)
class _Run:
    """The state of one condition. `seen`: last input of the first block; `added`: last residual of all blocks; BLC."""

    step: int = 0
    seen: torch.Tensor | None = None
    added: torch.Tensor | None = None
    moved: float = 0.0
    skipped_in_a_row: int = 0


class TeaCache(StandIn):
    """`distance`: 0..1, accumulated relative mean absolute change of the input at which the blocks run again."""

    def __init__(self, blocks: nn.ModuleList, schedule: SkipSchedule, distance: float) -> None:
        super().__init__()
        self.blocks, self.schedule, self.distance = blocks, schedule, distance
        self.modulation = _resident_modulation(blocks[0])
        self.runs: dict[str, _Run] = {}
        self.run = _Run()

    def begin(self, name: str, step: int) -> None:
        self.run = self.runs.setdefault(name, _Run()) if step else _Run()
        self.runs[name] = self.run
        self.run.step = step

    def forward(self, hidden_states: torch.Tensor, encoder_hidden_states: torch.Tensor, **rest: object) -> Streams:
        run = self.run
        run.moved += self._change(hidden_states, **rest)
        self.was_skipped = False
        if run.added is not None and self._may_skip() and run.moved < self.distance:
            self.was_skipped = True
            run.skipped_in_a_row += 1
            return encoder_hidden_states, hidden_states + run.added
        picture_BLC, text_BTC = hidden_states, encoder_hidden_states
        for block in self.blocks:
            text_BTC, picture_BLC = block(hidden_states=picture_BLC, encoder_hidden_states=text_BTC, **rest)
        run.added, run.moved, run.skipped_in_a_row = picture_BLC - hidden_states, 0.0, 0
        return text_BTC, picture_BLC

    def _may_skip(self) -> bool:
        run, may_skip = self.run, self.schedule.may_skip
        is_last = run.step == len(may_skip) - 1  # always computed, like the first, as in the paper
        return may_skip[run.step] and run.skipped_in_a_row < self.schedule.max_consecutive and not is_last

    def _change(self, hidden_states: torch.Tensor, temb: torch.Tensor, modulate_index=None, **_: object) -> float:
        """The relative change of the first block's attention input, normalised and modulated by the timestep."""
        first, before = self.blocks[0], self.run.seen
        modulation = self.modulation(temb).chunk(2, dim=-1)[0]
        seen, _gate = first._modulate(first.img_norm1(hidden_states), modulation, modulate_index)
        self.run.seen = seen
        return 0.0 if before is None else float((seen - before).abs().mean() / before.abs().mean())


def _resident_modulation(block: nn.Module) -> nn.Module:
    """The modulation layer of the block; a resident copy if the weights of the block are offloaded."""
    hooks = getattr(block, "_diffusers_hook", None)
    offloading = hooks and hooks.get_hook(_GROUP_OFFLOADING)
    return deepcopy(block.img_mod).to(offloading.group.onload_device) if offloading else block.img_mod
