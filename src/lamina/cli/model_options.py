"""Command-line options shared by all commands that run a diffusion model, and their conversion to a `Sampling`."""

import re
from collections.abc import Callable
from typing import Any

import click

from lamina.cli.number_range import NumberRange
from lamina.core.acceleration import Acceleration, AccelerationLevel
from lamina.core.tasks import DEFAULT_SCHEDULER, MAX_GUIDANCE, MAX_SEED, MAX_STEPS, Lora, Sampling

_SIZE = re.compile(r"\s*(\d{1,6})\s*[x*]\s*(\d{1,6})\s*", re.ASCII | re.IGNORECASE)
_LEVELS = [level.value for level in AccelerationLevel]

_OPTIONS = (
    click.option(
        "--model",
        metavar="NAME",
        help="Model name; lamina models lists them (default: the standard model for the task).",
    ),
    click.option(
        "--seed",
        type=click.IntRange(0, MAX_SEED),
        help="Random seed; the same seed gives the same result (default: a random one).",
    ),
    click.option(
        "--steps",
        type=click.IntRange(1, MAX_STEPS),
        help=f"Number of sampling steps, 1 to {MAX_STEPS} (default: depends on the model).",
    ),
    click.option(
        "--guidance",
        type=NumberRange(0, MAX_GUIDANCE),
        help="Guidance scale, 0 to 50: higher values follow the prompt more closely (default: depends on the model).",
    ),
    click.option("--negative", metavar="TEXT", default="", help="Negative prompt: what the result should not contain."),
    click.option(
        "--lora",
        "loras",
        metavar="PATH[:SCALE]",
        multiple=True,
        help="LoRA to apply, with an optional scale from -4 to 4 (default: 1). May be repeated.",
    ),
    click.option(
        "--scheduler",
        metavar="NAME",
        default=DEFAULT_SCHEDULER,
        help=f"Name of the scheduler (default: {DEFAULT_SCHEDULER}, the model's own).",
    ),
    click.option(
        "--acceleration",
        type=click.Choice(_LEVELS),
        default=_LEVELS[0],
        help="Acceleration level: how much of the sampling may be skipped (default: none).",
    ),
)


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command, whose function receives them as `**options` for `sampling_of`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def sampling_of(
    *,
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
    return Sampling(
        model=model,
        seed=seed,
        steps=steps,
        guidance=guidance,
        negative=negative,
        loras=tuple(_lora(text) for text in loras),
        scheduler=scheduler,
        acceleration=Acceleration(AccelerationLevel(acceleration)),
    )


def _lora(text: str) -> Lora:
    """Parse PATH or PATH:SCALE; a colon within a path or URL belongs to the path."""
    path, colon, scale = text.rpartition(":")
    try:
        return Lora(path, float(scale)) if colon else Lora(text)
    except ValueError:  # the text after the colon is not a number
        return Lora(text)


class Size(click.ParamType):  # pyright: ignore[reportMissingTypeArgument]  # generic only in newer clicks
    """WIDTHxHEIGHT in pixels."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        match = _SIZE.fullmatch(str(value))
        if match is None:
            self.fail(f"{value!r} is not a size such as 1024x768.", param, ctx)
        return int(match[1]), int(match[2])
