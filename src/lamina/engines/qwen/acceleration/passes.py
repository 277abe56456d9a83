"""Counts the transformer passes of each condition, and how many were skipped."""

from dataclasses import dataclass

from diffusers.hooks import ModelHook
from diffusers.hooks.hooks import BaseState, StateManager
from torch import nn

from lamina.engines.qwen.acceleration.stand_in import StandIn, Streams

_CONDITIONAL = "cond"  # the name in the diffusers pipelines; the other is "uncond"


@dataclass(slots=True)
class Skips:
    """`steps`: sampling steps whose conditional pass was skipped; `passes`: all skipped passes."""

    steps: int = 0
    passes: int = 0


class _Done(BaseState):
    """The number of finished passes of one condition in its run."""

    def __init__(self) -> None:
        self.passes = 0

    def reset(self) -> None:
        self.passes = 0


class Passes(ModelHook):
    """A diffusers hook on a `StandIn`: only hooks get the name of a pass (`cache_context`)."""

    _is_stateful = True

    def __init__(self, stand_in: StandIn, steps: int, skips: Skips) -> None:
        super().__init__()
        self.stand_in, self.steps, self.skips = stand_in, steps, skips
        self.states = StateManager(_Done)

    def pre_forward(self, module: nn.Module, *args: object, **kwargs: object) -> tuple[tuple, dict]:  # noqa: ARG002
        done: _Done = self.states.get_state()
        self.stand_in.begin(self.states.context.name, done.passes % self.steps)
        done.passes += 1
        return args, kwargs

    def post_forward(self, module: nn.Module, output: Streams) -> Streams:  # noqa: ARG002
        self.skips.passes += self.stand_in.was_skipped
        self.skips.steps += self.stand_in.was_skipped and self.states.context.name == _CONDITIONAL
        return output

    def reset_state(self, module: nn.Module) -> nn.Module:
        self.states.reset()
        return module
