"""`lamina.generate` and `lamina.edit`: pictures from a text prompt and from other pictures, for Python programs."""

from collections.abc import Sequence
from typing import Any, cast

from lamina.core.acceleration import Acceleration, AccelerationLevel
from lamina.core.ports import Progress, no_progress
from lamina.core.tasks import DEFAULT_SCHEDULER, DEFAULT_STRENGTH, EditTask, GenerateTask, Lora, Sampling
from lamina.execution.inputs import AnyPicture
from lamina.execution.pictures import Pictures, edited, generated


def generate(
    prompt: str,
    *,
    size: tuple[int, int] | None = None,
    count: int = 1,
    image: AnyPicture | None = None,
    mask: AnyPicture | None = None,
    strength: float = DEFAULT_STRENGTH,
    engine: str | None = None,
    progress: Progress = no_progress,
    **sampling: Any,
) -> Pictures:
    """Generate pictures from a text prompt.

    `size`: width and height in pixels, multiples of 16. `count`: number of pictures, 1..20. `image`: a picture to
    start from; `strength`, 0..1, limits how much it may change, and the white areas of `mask` limit where. `engine`: a
    name, or "auto". `sampling`: `model`, `seed`, `steps`, `guidance`, `negative`, `loras`, `scheduler`,
    `acceleration`; see `lamina generate --help`. Raises `LaminaError`.
    """
    width, height = size or (None, None)
    task = GenerateTask(
        prompt=prompt, sampling=_sampling(**sampling), width=width, height=height, count=count, strength=strength
    )
    return generated(task, image, mask, engine, progress)


def edit(
    pictures: AnyPicture | Sequence[AnyPicture],
    prompt: str,
    *,
    size: tuple[int, int] | None = None,
    count: int = 1,
    engine: str | None = None,
    progress: Progress = no_progress,
    **sampling: Any,
) -> Pictures:
    """Edit a picture, or combine several, as the prompt describes. The other arguments are those of `generate`."""
    inputs: list[AnyPicture] = [*pictures] if isinstance(pictures, list | tuple) else [cast("AnyPicture", pictures)]
    width, height = size or (None, None)
    task = EditTask(prompt=prompt, sampling=_sampling(**sampling), width=width, height=height, count=count)
    return edited(task, inputs, engine, progress)


def _sampling(
    model: str | None = None,
    seed: int | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    negative: str = "",
    loras: Sequence[Lora] = (),
    scheduler: str = DEFAULT_SCHEDULER,
    acceleration: str = AccelerationLevel.NONE,
) -> Sampling:
    return Sampling(
        model=model,
        seed=seed,
        steps=steps,
        guidance=guidance,
        negative=negative,
        loras=tuple(loras),
        scheduler=scheduler,
        acceleration=Acceleration(AccelerationLevel(acceleration)),
    )
