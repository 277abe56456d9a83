"""Chooses the size at which a model samples and the size of the returned pictures."""

import math
from dataclasses import dataclass

from lamina.core.catalog import Model
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.tasks import MAX_AREA_PX, MAX_SIDE_PX, MIN_SIDE_PX, SIDE_STEP_PX

_NANO_OUTPUT_PX = 512  # default size of nano's pictures; smaller ones are hard to see
_NANO_MOST_PX = 256  # the longest side in its training data
_NANO_ENLARGED_PX = 128  # sampling size for larger pictures: no worse than larger ones, and fast


@dataclass(frozen=True, slots=True)
class Sizes:
    """(width, height) in px: `inner`, at which the model samples; `outer`, of the returned picture."""

    inner: tuple[int, int]
    outer: tuple[int, int]


def sizes_for(model: Model, requested: tuple[int, int] | None, like: tuple[int, int] | None = None) -> Sizes:
    """`requested`: the size in the request. If it is None, the result has about the size and aspect of `like`."""
    outer = requested or (_about(like) if like is not None else _default(model))
    return Sizes(working_size(model, outer), outer)


def working_size(model: Model, outer: tuple[int, int]) -> tuple[int, int]:
    """The sampling size for a picture of size `outer`, which for nano is limited to its training sizes."""
    if not is_small(model):
        return outer
    return nano_size(outer, math.sqrt(math.prod(outer)) if max(outer) <= _NANO_MOST_PX else _NANO_ENLARGED_PX)


def check_aspect(size: tuple[int, int]) -> None:
    """Raises `LaminaError` (task_invalid) if the aspect ratio of (width, height) is not supported."""
    if max(size) * MIN_SIDE_PX > min(size) * MAX_SIDE_PX:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The picture is {size[0]} x {size[1]} px; the longer side may be at most "
            f"{MAX_SIDE_PX // MIN_SIDE_PX} times the shorter side.",
            "Crop the picture.",
        )


def is_small(model: Model) -> bool:
    """Whether the model samples below the sizes of requests, so that its pictures are upscaled."""
    return model.native_px < 2 * MIN_SIDE_PX


def nano_size(like: tuple[float, float], side_px: float) -> tuple[int, int]:
    """The size with an area of about `side_px` squared and the aspect ratio of `like`, in steps of 16 px."""
    aspect = math.sqrt(like[0] / like[1])
    return _stepped(side_px * aspect), _stepped(side_px / aspect)


def _default(model: Model) -> tuple[int, int]:
    side = _NANO_OUTPUT_PX if is_small(model) else model.native_px
    return side, side


def _about(like: tuple[int, int]) -> tuple[int, int]:
    """The nearest supported size: scaled uniformly if it is out of range."""
    scale = min(1.0, math.sqrt(MAX_AREA_PX / (like[0] * like[1])), MAX_SIDE_PX / max(like))
    scale = max(scale, MIN_SIDE_PX / min(like))
    width, height = (min(MAX_SIDE_PX, _stepped(side * scale)) for side in like)
    while width * height > MAX_AREA_PX:
        width, height = (width - SIDE_STEP_PX, height) if width > height else (width, height - SIDE_STEP_PX)
    return width, height


def _stepped(side: float) -> int:
    return max(SIDE_STEP_PX, round(side / SIDE_STEP_PX) * SIDE_STEP_PX)
