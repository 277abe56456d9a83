"""The options that every command with a diffusion model shares, and what they say as a `Sampling`."""

import re
from collections.abc import Callable
from typing import Any

import click

from lamina.core.acceleration import Acceleration, AccelerationLevel
from lamina.core.tasks import DEFAULT_SCHEDULER, MAX_GUIDANCE, MAX_SEED, MAX_STEPS, Lora, Sampling

_SIZE = re.compile(r"\s*(\d{1,6})\s*[x*]\s*(\d{1,6})\s*", re.ASCII | re.IGNORECASE)
_LEVELS = [level.value for level in AccelerationLevel]

_OPTIONS = (
    click.option("--model", metavar="NAME", help="Which model; lamina models lists them."),
    click.option("--seed", type=click.IntRange(0, MAX_SEED), help="The same seed gives the same result."),
    click.option(
        "--steps", type=click.IntRange(1, MAX_STEPS), help="Sampling steps; by default the model's own number."
    ),
    click.option("--guidance", type=click.FloatRange(0, MAX_GUIDANCE), help="How closely to follow the prompt."),
    click.option("--negative", metavar="TEXT", default="", help="What should not be seen."),
    click.option("--lora", "loras", metavar="PATH[:SCALE]", multiple=True, help="A LoRA to put on the model."),
    click.option("--scheduler", metavar="NAME", default=DEFAULT_SCHEDULER, help="How to sample."),
    click.option(
        "--acceleration", type=click.Choice(_LEVELS), default=_LEVELS[0], help="How much work may be skipped."
    ),
)


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options to a command, whose function takes them as `**options` for `sampling_of`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def sampling_of(
    model: str | None,
    seed: int | None,
    steps: int | None,
    guidance: float | None,
    negative: str,
    loras: tuple[str, ...],
    scheduler: str,
    acceleration: str,
) -> Sampling:
    """Raises `LaminaError` (task_invalid)."""
    adapters = tuple(_lora(text) for text in loras)
    level = Acceleration(AccelerationLevel(acceleration))
    return Sampling(model, seed, steps, guidance, negative, adapters, scheduler, level)


def _lora(text: str) -> Lora:
    """PATH, or PATH:SCALE; a colon within a path or URL is left alone."""
    path, colon, scale = text.rpartition(":")
    try:
        return Lora(path, float(scale)) if colon else Lora(text)
    except ValueError:  # what follows the colon is no number
        return Lora(text)


class Size(click.ParamType):  # pyright: ignore[reportMissingTypeArgument]  # generic only in newer clicks
    """WIDTHxHEIGHT in pixels."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        found = _SIZE.fullmatch(str(value))
        if found is None:
            self.fail(f"{value!r} is not a size such as 1024x768.", param, ctx)
        return int(found[1]), int(found[2])
