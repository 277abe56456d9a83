"""How many processor cores one picture is worked on with, and doing several like things on them at once."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

THREADS = 2

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


def at_once(function: Callable[[_Given], _Made], given: Iterable[_Given]) -> list[_Made]:
    """What the function makes of each thing given, in their order; it must not depend on the other things."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(function, given))
