"""Parses Pixazo's image sizes to pixels."""

import re

from lamina.api.pixazo.wire import SizeFields
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.tasks import MAX_AREA_PX, MAX_SIDE_PX, MIN_SIDE_PX, SIDE_STEP_PX

MAX_SIZES = {"square_hd": (1328, 1328), "portrait_hd": (928, 1664), "landscape_hd": (1664, 928)}
"""The sizes of qwen-image-max, from the model card: the vendor's page has only names."""

EDIT_SIZES = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}
"""The sizes of qwen-image-edit-plus-lora, from fal's equivalent endpoint: the vendor's page does not list them."""

_SQUARES_PX = (1328, 1024, 768, 512)
_PAIR = re.compile(r"([0-9]{1,5})\s*[*xX×]\s*([0-9]{1,5})")  # the page's table says "x", its samples have "*"


def parse_size(text: str | None) -> tuple[int, int]:
    """Parses `parameters.size`, such as "1024*1024"; defaults to 1328 px. Raises `LaminaError` (task_invalid)."""
    if text is None:
        return _SQUARES_PX[0], _SQUARES_PX[0]
    size_match = _PAIR.fullmatch(text.strip())
    size = (int(size_match[1]), int(size_match[2])) if size_match else None
    if size is None or size[0] != size[1] or size[0] not in _SQUARES_PX:
        offered = ", ".join(f"{side}*{side}" for side in _SQUARES_PX)
        raise _not_offered("parameters.size", text, f"Available sizes: {offered}.")
    return size


def parse_image_size(value: str | SizeFields | None) -> tuple[int | None, int | None]:
    """Parses `image_size`; sides are rounded to multiples of 16 px, which the model requires. (None, None) if there is
    no size. Raises `LaminaError` (task_invalid).
    """
    if value is None:
        return None, None
    if isinstance(value, SizeFields):
        return _rounded(value)
    if value not in EDIT_SIZES:
        raise _not_offered("image_size", value, f"Give one of {', '.join(EDIT_SIZES)}, or width and height.")
    return EDIT_SIZES[value]


def _rounded(size: SizeFields) -> tuple[int, int]:
    width, height = (round(side / SIDE_STEP_PX) * SIDE_STEP_PX for side in (size.width, size.height))
    fits = all(MIN_SIDE_PX <= side <= MAX_SIDE_PX for side in (width, height)) and width * height <= MAX_AREA_PX
    if not fits:
        raise _not_offered(
            "image_size",
            f"{size.width} x {size.height}",
            f"Each side may be {MIN_SIDE_PX} to {MAX_SIDE_PX} px, both together at most {MAX_AREA_PX:,} pixels.",
        )
    return width, height


def _not_offered(field: str, value: str, hint: str) -> LaminaError:
    return LaminaError(ErrorCode.TASK_INVALID, f"{field} is {value[:100]!r}, which is not offered.", hint)
