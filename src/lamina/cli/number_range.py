"""The type of options that are numbers within a range."""

import math
from typing import Any

import click


class NumberRange(click.FloatRange):
    """As `click.FloatRange`, which accepts "nan" because it is neither below the range nor above it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number
