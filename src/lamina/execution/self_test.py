"""Small test tasks that show whether an engine works and make it load its models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.core.tasks import DecomposeTask, EditTask, GenerateTask, Sampling, TaskKind

if TYPE_CHECKING:
    from PIL import Image

    from lamina.execution.decompose import Stack

_SIDE_PX = 64
_SAMPLING = Sampling(seed=0, steps=1)


def decompose_trial(engine: str) -> Stack:
    """Decomposes `trial_picture`. Raises `LaminaError`."""
    from lamina.execution.decompose import decomposed

    return decomposed(DecomposeTask(), trial_picture(), engine)


def run_trial(engine: str, kind: TaskKind) -> None:
    """Runs the smallest task of that kind that the engine accepts. Raises `LaminaError`."""
    from lamina.execution.pictures import edited, generated

    if kind is TaskKind.GENERATE:
        generated(GenerateTask("a red circle", _SAMPLING, _SIDE_PX, _SIDE_PX), engine=engine)
    elif kind is TaskKind.EDIT:
        picture = trial_picture().resize((_SIDE_PX, _SIDE_PX))
        edited(EditTask("make the circle green", _SAMPLING, _SIDE_PX, _SIDE_PX), [picture], engine)
    else:
        decompose_trial(engine)


def trial_picture() -> Image.Image:
    """A word, a disc and a rectangle on a plain background."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (320, 200), "#f4efe6")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((30, 70, 130, 170), fill="#d1495b")
    draw.rectangle((180, 90, 290, 170), fill="#30638e")
    draw.text((40, 20), "Lamina", fill="#222222", font_size=36)
    return picture
