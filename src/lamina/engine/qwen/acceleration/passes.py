"""Counts the passes of each condition through the transformer, and which of them were skipped."""

from dataclasses import dataclass

from diffusers.hooks import ModelHook
from diffusers.hooks.hooks import BaseState, StateManager

from lamina.engine.qwen.acceleration.stand_in import StandIn, Streams

_CONDITIONAL = "cond"  # what the diffusers pipelines call it; the other is "uncond"


@dataclass(slots=True)
class Skips:
    """`steps`: sampling steps whose conditional pass was skipped; `passes`: passes of both kinds that were."""

    steps: int = 0
    passes: int = 0


class _Done(BaseState):
    """How many passes of its run one condition has behind it."""

    def __init__(self) -> None:
        self.passes = 0

    def reset(self) -> None:
        self.passes = 0


class Passes(ModelHook):
    """A diffusers hook on a `StandIn`, since hooks are what a pipeline tells the name of a pass (`cache_context`)."""

    _is_stateful = True

    def __init__(self, steps: int, skips: Skips) -> None:
        super().__init__()
        self.steps, self.skips = steps, skips
        self.states = StateManager(_Done)

    def pre_forward(self, module: StandIn, *args: object, **kwargs: object) -> tuple[tuple, dict]:
        done: _Done = self.states.get_state()
        module.begin(self.states.context.name, done.passes % self.steps)
        done.passes += 1
        return args, kwargs

    def post_forward(self, module: StandIn, output: Streams) -> Streams:
        self.skips.passes += module.was_skipped
        self.skips.steps += module.was_skipped and self.states.context.name == _CONDITIONAL
        return output

    def reset_state(self, module: StandIn) -> StandIn:
        self.states.reset()
        return module
