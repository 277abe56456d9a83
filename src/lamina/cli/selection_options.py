"""Command-line options that select things in a picture by boxes and points."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import click

from lamina.core.selections import Place, Selection, Unit

_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)(%?)", re.ASCII)


class PlaceType(click.ParamType[Selection]):
    """A box (4 numbers) or a point (2 numbers) with an optional name: "10,20,300,200=Logo", "50%,40%"."""

    name = "place"

    def __init__(self, numbers: int, *, has_name: bool = True) -> None:
        self._numbers, self._has_name = numbers, has_name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Selection:
        place, _, name = str(value).partition("=") if self._has_name else (str(value), "", "")
        matches = [_NUMBER.fullmatch(part.strip()) for part in place.split(",")]
        parts = [match.groups() for match in matches if match is not None]
        units = {unit for _, unit in parts}
        if len(matches) != self._numbers or len(parts) != len(matches) or len(units) != 1:
            example = "40,60,320,200" if self._numbers == 4 else "200,160"
            percent = ",".join(f"{number}%" for number in (10, 20, 40, 30)[: self._numbers])
            self.fail(
                f"{value!r} is not {self._numbers} numbers. Give them in pixels, as {example}, "
                f"or all of them in percent, as {percent}.",
                param,
                ctx,
            )
        in_shares = units == {"%"}
        numbers = [float(number) / (100 if in_shares else 1) for number, _ in parts]
        if 0 in numbers[2:]:
            self.fail(f"The box {value!r} has no area. Give a width and a height above 0.", param, ctx)
        names = ("x", "y", "width", "height")[: self._numbers]
        unit = Unit.SHARES if in_shares else Unit.PIXELS
        return Selection(Place(**dict(zip(names, numbers, strict=True)), unit=unit), name.strip())


_BOX = click.option(
    "--box",
    "boxes",
    type=PlaceType(4),
    metavar="X,Y,WIDTH,HEIGHT[=NAME]",
    multiple=True,
    help="Box around a thing that becomes a layer of its own, in pixels or percent. May be repeated.",
)
_POINT = click.option(
    "--point",
    "points",
    type=PlaceType(2),
    metavar="X,Y[=NAME]",
    multiple=True,
    help="Point on a thing that becomes a layer of its own, in pixels or percent. May be repeated.",
)
_EXCLUDE = click.option(
    "--exclude",
    "excluded",
    type=PlaceType(2, has_name=False),
    metavar="X,Y",
    multiple=True,
    help="Point that does not belong to the selected things, in pixels or percent. May be repeated.",
)


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --box and --point to a command, whose function receives `boxes` and `points`."""
    return _BOX(_POINT(command))


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --box, --point and --exclude to a command, whose function receives `boxes`, `points` and `excluded`."""
    return place_options(_EXCLUDE(command))


def exclusions_of(excluded: Sequence[Selection]) -> tuple[Place, ...]:
    """The places of `--exclude`."""
    return tuple(selection.place for selection in excluded)
