"""Command-line parameter type of a number of layers: 1 to 100, or "auto"."""

import re
from typing import Any

import click

from lamina.core.tasks import AUTO_LAYERS, MAX_LAYERS, MIN_LAYERS, LayerCount


class LayerCountType(click.ParamType[LayerCount]):
    """A number of layers, or "auto"."""

    name = "layers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> LayerCount:
        if value == AUTO_LAYERS:
            return AUTO_LAYERS
        text = str(value)
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not MIN_LAYERS <= int(text) <= MAX_LAYERS:
            self.fail(f"{text!r} is neither a number from {MIN_LAYERS} to {MAX_LAYERS} nor {AUTO_LAYERS}.", param, ctx)
        return int(text)
