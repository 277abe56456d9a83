"""Which engines there are, which of them can run here, and which one serves a request."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lamina.core.errors import ErrorCode, LaminaError

if TYPE_CHECKING:  # so that the names of the engines can be listed without numpy
    from lamina.core.ports import Decomposer

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """An engine by `name`; `needs`: the modules that must be importable; `remedy`: what to do where one is not."""

    name: str
    needs: tuple[str, ...]
    remedy: str
    start: Callable[[], Decomposer]

    def missing(self) -> list[str]:
        """Those of `needs` that are not installed."""
        return [module for module in self.needs if importlib.util.find_spec(module) is None]


def engine_names() -> list[str]:
    """What a request may ask for, "auto" first."""
    return [AUTO, *ENGINES]


def start_engine(name: str = AUTO) -> Decomposer:
    """The engine called `name`; "auto" takes the best that can run here.

    Raises `LaminaError` (engine_unavailable) if there is none of that name or it cannot start.
    """
    entry = ENGINES.get(_BEST if name == AUTO else name)
    if entry is None:
        raise LaminaError(
            ErrorCode.ENGINE_UNAVAILABLE, f"There is no engine {name!r}.", f"There are: {', '.join(engine_names())}."
        )
    missing = entry.missing()
    if missing:
        raise _cannot_start(entry, f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed")
    try:
        return entry.start()
    except ImportError as error:  # there, but broken: a library of the system is missing, or two versions clash
        raise _cannot_start(entry, f"{error}".rstrip(".")) from error


def _cannot_start(entry: EngineEntry, reason: str) -> LaminaError:
    return LaminaError(
        ErrorCode.ENGINE_UNAVAILABLE, f"The {entry.name} engine cannot start: {reason}.", f"{entry.remedy}."
    )


def _start_classic() -> Decomposer:
    from lamina.engine.classic.engine import ClassicEngine

    return ClassicEngine()


_BEST = "classic"

ENGINES = {
    entry.name: entry
    for entry in (
        EngineEntry(
            name="classic",
            needs=("cv2", "onnxruntime", "rapidocr"),
            remedy="Install Lamina again (pip install --force-reinstall lamina); lamina doctor says more",
            start=_start_classic,
        ),
    )
}
