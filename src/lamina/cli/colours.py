"""Colours on the command line."""

from typing import Any

import click


class ColourType(click.ParamType):  # pyright: ignore[reportMissingTypeArgument]  # generic only in newer clicks
    """A CSS colour name or #rrggbb."""

    name = "colour"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int, int]:
        from PIL import ImageColor

        try:
            red, green, blue, *alpha = ImageColor.getrgb(value)
        except ValueError:
            red = green = blue = -1
            alpha = []
        if max(red, green, blue) > 255 or min(red, green, blue) < 0 or alpha not in ([], [255]):
            self.fail(f"{value!r} is not a colour such as white or #ff8800", param, ctx)
        return red, green, blue
