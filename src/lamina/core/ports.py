"""The sockets that adapters fill: what the rest of Lamina knows of an engine."""

from typing import Protocol

from lamina.core.layers import LayerStack, Pixels
from lamina.core.tasks import DecomposeTask


class Progress(Protocol):
    """Told by a running engine where it is; raises `LaminaError` with code `cancelled` to stop it."""

    def __call__(self, stage: str, share_done: float) -> None:
        """`stage`: a word for what is being done now; `share_done`: 0..1 of the whole task."""
        ...


class Decomposer(Protocol):
    """An engine that takes pictures apart."""

    @property
    def name(self) -> str: ...

    def decompose(self, picture: Pixels, task: DecomposeTask, progress: Progress) -> LayerStack:
        """`picture`: (height, width, 4) RGBA, sRGB, upright. The stack has the picture's size, bottom layer first."""
        ...


def no_progress(stage: str, share_done: float) -> None:
    """A `Progress` for callers that do not want to be told."""
