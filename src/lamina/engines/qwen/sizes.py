"""At which size a model works, and at which its pictures come back."""

import math
from dataclasses import dataclass

from lamina.core.catalog import Model
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.tasks import MAX_AREA_PX, MAX_SIDE_PX, MIN_SIDE_PX, SIDE_STEP_PX

_NANO_OUTPUT_PX = 512  # of nano's pictures where no size was asked for: smaller ones can hardly be seen
_NANO_MOST_PX = 256  # the longest side that it was trained on
_NANO_ENLARGED_PX = 128  # the side at which it works for larger ones: as good as any, and as quick as small ones


@dataclass(frozen=True, slots=True)
class Sizes:
    """Width and height in px: `inner`, at which the model samples; `outer`, of the picture that comes back."""

    inner: tuple[int, int]
    outer: tuple[int, int]


def sizes_for(model: Model, asked: tuple[int, int] | None, like: tuple[int, int] | None = None) -> Sizes:
    """`asked`: what the request says; where it is silent, `like` is a picture of the aspect and about the size."""
    outer = asked or (_about(like) if like is not None else _default(model))
    return Sizes(working_size(model, outer), outer)


def working_size(model: Model, outer: tuple[int, int]) -> tuple[int, int]:
    """At which the model samples for a picture of `outer`: nano's is smaller where it was not trained on such sizes."""
    if not is_small(model):
        return outer
    return nano_size(outer, math.sqrt(math.prod(outer)) if max(outer) <= _NANO_MOST_PX else _NANO_ENLARGED_PX)


def check_aspect(size: tuple[int, int]) -> None:
    """Raises `LaminaError` (task_invalid) for a picture (width, height) that is longer and thinner than any size."""
    if max(size) * MIN_SIDE_PX > min(size) * MAX_SIDE_PX:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The picture is {size[0]} x {size[1]} px, and a model takes none whose one side is more than "
            f"{MAX_SIDE_PX // MIN_SIDE_PX} times as long as the other.",
            "Crop it.",
        )


def is_small(model: Model) -> bool:
    """Whether the model works below the sizes that requests ask for, so that its pictures are enlarged."""
    return model.native_px < 2 * MIN_SIDE_PX


def nano_size(like: tuple[float, float], side_px: float) -> tuple[int, int]:
    """The size of about `side_px` squared pixels with the aspect of `like`, in steps of 16 px."""
    aspect = math.sqrt(like[0] / like[1])
    return _stepped(side_px * aspect), _stepped(side_px / aspect)


def _default(model: Model) -> tuple[int, int]:
    side = _NANO_OUTPUT_PX if is_small(model) else model.native_px
    return side, side


def _about(like: tuple[int, int]) -> tuple[int, int]:
    """The nearest size that a model can be asked for: made smaller or larger as a whole where it is out of range."""
    scale = min(1.0, math.sqrt(MAX_AREA_PX / (like[0] * like[1])), MAX_SIDE_PX / max(like))
    scale = max(scale, MIN_SIDE_PX / min(like))
    width, height = (min(MAX_SIDE_PX, _stepped(side * scale)) for side in like)
    while width * height > MAX_AREA_PX:
        width, height = (width - SIDE_STEP_PX, height) if width > height else (width, height - SIDE_STEP_PX)
    return width, height


def _stepped(side: float) -> int:
    return max(SIDE_STEP_PX, round(side / SIDE_STEP_PX) * SIDE_STEP_PX)
