"""`lamina.decompose`: a picture into layers, for Python programs."""

from collections.abc import Sequence

from lamina.core.ports import Progress, no_progress
from lamina.core.tasks import DecomposeTask, Lora, Sampling
from lamina.execution.decompose import Stack, decomposed
from lamina.execution.inputs import AnyPicture


def decompose(
    picture: AnyPicture,
    layers: int | None = None,
    engine: str | None = None,
    progress: Progress = no_progress,
    *,
    prompt: str = "",
    model: str | None = None,
    seed: int | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    loras: Sequence[Lora] = (),
) -> Stack:
    """Take a picture apart into layers that add up to it.

    `layers`: a budget of 1..10; fewer come back when fewer are seen. `engine`: its name, or "auto" for the best that
    runs here. Left out, both are as the settings say. `progress`: called with a word for the stage and the share done.
    For the engines that run a model: `prompt` describes the picture, `model` names one, `seed` makes it repeatable.
    Raises `LaminaError`; see `read_picture` for what a picture can be refused for. An engine's own fault is
    engine_failed, with the exception as its cause.
    """
    sampling = Sampling(model, seed, steps, guidance, loras=tuple(loras))
    return decomposed(DecomposeTask(layers, prompt, sampling), picture, engine, progress)
