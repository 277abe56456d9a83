"""Runs independent tasks of one decomposition in a fixed number of threads."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

THREADS = 2

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def map_in_threads(function: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """The results of `function` for all items, in order; the calls must be independent."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(function, items))
