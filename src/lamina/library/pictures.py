"""`lamina.generate` and `lamina.edit`: pictures from text and from other pictures, for Python programs."""

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
    """Make pictures from words.

    `size`: width and height in pixels, multiples of 16. `image`: a picture to start from, of which `strength` (0..1)
    says how much may change, and `mask` (white) where. `engine`: its name, or "auto". `sampling`: `model`, `seed`,
    `steps`, `guidance`, `negative`, `loras`, `scheduler`, `acceleration`; see `lamina generate --help`.
    Raises `LaminaError`.
    """
    width, height = size or (None, None)
    task = GenerateTask(prompt, _sampling(**sampling), width, height, count, strength)
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
    """Change a picture as words say, or bring several into one; otherwise as `generate`."""
    given: list[AnyPicture] = [*pictures] if isinstance(pictures, list | tuple) else [cast("AnyPicture", pictures)]
    width, height = size or (None, None)
    return edited(EditTask(prompt, _sampling(**sampling), width, height, count), given, engine, progress)


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
    level = Acceleration(AccelerationLevel(acceleration))
    return Sampling(model, seed, steps, guidance, negative, tuple(loras), scheduler, level)
