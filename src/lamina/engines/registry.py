"""Which engines there are, which of them can run here, and which one serves a request."""

from __future__ import annotations

import gc
import importlib.util
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.tasks import TaskKind
from lamina.installation import install_command, reinstall_command

if TYPE_CHECKING:  # so that the names of the engines can be listed without numpy
    from lamina.core.catalog import Model
    from lamina.core.ports import Decomposer, LoraTrainer, PictureMaker
    from lamina.engines.config import Wishes
    from lamina.engines.weights.places import Roots

AUTO = "auto"
_STARTING = "lamina.engines.qwen.starting"
_TORCH = ("torch", "diffusers", "transformers", "peft", "accelerate")


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """An engine by `name`; `needs`: the modules that must be importable; `extra`: that brings them, empty is none.

    `start` makes it; `tasks`: what it does.
    """

    name: str
    needs: tuple[str, ...]
    extra: str
    start: Callable[[Wishes], Any]
    tasks: frozenset[TaskKind] = frozenset({TaskKind.DECOMPOSE})

    def missing(self) -> list[str]:
        """Those of `needs` that are not installed."""
        return [module for module in self.needs if importlib.util.find_spec(module) is None]

    def remedy(self) -> str:
        """What to do where some of them are."""
        if self.extra:
            return f"Install them: {install_command(self.extra)}."
        return f"Install Lamina again: {reinstall_command()}. lamina doctor says more."


def engine_names(kind: TaskKind = TaskKind.DECOMPOSE) -> list[str]:
    """What a request of that kind may ask for, "auto" first."""
    return [AUTO, *(entry.name for entry in ENGINES.values() if kind in entry.tasks)]


def start_engine(
    name: str = AUTO, model: str | None = None, wishes: Wishes | None = None, *, may_stand_in: bool = False
) -> Decomposer:
    """The engine called `name`, to take pictures apart; "auto" takes the best that can run here.

    `model`: that the request names; `wishes`: where models are, None is where they are by default. `may_stand_in`:
    whether "auto" may take nano where a model is named whose weights are not here.
    Raises `LaminaError`: engine_unavailable if there is none of that name or it cannot start; model_unknown;
    weights_missing.
    """
    return _start(name, TaskKind.DECOMPOSE, model, wishes, may_stand_in)


def start_picture_maker(
    name: str = AUTO,
    kind: TaskKind = TaskKind.GENERATE,
    model: str | None = None,
    wishes: Wishes | None = None,
    *,
    may_stand_in: bool = False,
) -> PictureMaker:
    """As `start_engine`, to make pictures or change them."""
    return _start(name, kind, model, wishes, may_stand_in)


def start_trainer(
    name: str = AUTO, model: str | None = None, wishes: Wishes | None = None, *, may_stand_in: bool = False
) -> LoraTrainer:
    """As `start_engine`, to train LoRAs for that model."""
    return _start(name, TaskKind.TRAIN, model, wishes, may_stand_in)


def chosen_engine(name: str, kind: TaskKind, model: str | None, wishes: Wishes, *, may_stand_in: bool = False) -> str:
    """The name of the engine that `start_engine` and its like start. Raises `LaminaError`: model_unknown,
    weights_missing.
    """
    return _best(kind, model, wishes, may_stand_in) if name == AUTO else name


def stand_in_notes(asked: str, engine: str, kind: TaskKind, model: str | None) -> tuple[str, ...]:
    """What a user should be told where nano did the work of a released model, which it is no match for.

    `asked`: the engine that was asked for. Who asks for nano and names no model knows.
    """
    from lamina.core.catalog import NANO

    wanted = _wanted(model, kind)
    if engine != NANO.name or wanted is NANO or (asked != AUTO and model is None):
        return ()
    if asked != AUTO:
        return (f"Nano did this in the place of {wanted.name}, as the engine that was asked for.",)
    return (
        f"The weights of {wanted.name} are not here, so nano did this, a small model for trying things out. "
        f"Get them: lamina pull {wanted.name}.",
    )


def _start(name: str, kind: TaskKind, model: str | None, wishes: Wishes | None, may_stand_in: bool) -> Any:
    from lamina.engines.config import Wishes

    wishes = wishes or Wishes()
    entry = ENGINES.get(chosen_engine(name, kind, model, wishes, may_stand_in=may_stand_in))
    if entry is None or kind not in entry.tasks:
        what = f"There is no engine {name!r}" if entry is None else f"The {name} engine does not {kind}"
        raise LaminaError(ErrorCode.ENGINE_UNAVAILABLE, f"{what}.", f"There are: {', '.join(engine_names(kind))}.")
    missing = entry.missing()
    if missing:
        raise _cannot_start(entry, f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed")
    try:
        return entry.start(wishes)
    except ImportError as error:  # there, but broken: a library of the system is missing, or two versions clash
        raise _cannot_start(entry, f"{error}".rstrip(".")) from error


@contextmanager
def _without_garbage_collection() -> Generator[None]:
    """The diffusion libraries make many objects that stay; looking for garbage among them takes a fifth of the time.

    Nothing is done where they are loaded already, as for every job but a process's first.
    """
    if _STARTING in sys.modules:
        yield
        return
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.unfreeze()  # into the oldest generation: the young ones would each be looked through once more
        if was_enabled:
            gc.enable()


def _best(kind: TaskKind, model: str | None, wishes: Wishes, may_stand_in: bool) -> str:
    """The released weights where they are; else what needs none. Who names a model wants that one."""
    from lamina.core.catalog import NANO
    from lamina.engines.weights.places import require

    wanted = _wanted(model, kind)
    if wanted is NANO:
        return "nano"
    if model is not None and not may_stand_in:
        require(wanted, wishes.roots)
        return "qwen"
    if not ENGINES["qwen"].missing() and _is_here(wanted, wishes.roots, may_stand_in):
        return "qwen"
    return "classic" if kind is TaskKind.DECOMPOSE and model is None else "nano"


def _is_here(model: Model, roots: Roots, may_stand_in: bool) -> bool:
    """Raises `LaminaError` (weights_missing) for a transformer that is set and not there, unless nano may stand in."""
    from lamina.engines.weights.places import check_transformer, find

    try:
        check_transformer(model, roots)
    except LaminaError:
        if not may_stand_in:
            raise
        return False
    return find(model, roots) is not None


def _wanted(model: str | None, kind: TaskKind) -> Model:
    if kind is TaskKind.TRAIN:
        from lamina.core.training import trained_model

        return trained_model(model)[0]
    from lamina.core.catalog import wanted_model

    return wanted_model(model, kind)


def _cannot_start(entry: EngineEntry, reason: str) -> LaminaError:
    return LaminaError(ErrorCode.ENGINE_UNAVAILABLE, f"The {entry.name} engine cannot start: {reason}.", entry.remedy())


def _start_classic(_: Wishes) -> Decomposer:
    from lamina.engines.classic.engine import ClassicEngine

    return ClassicEngine()


def _start_qwen(wishes: Wishes) -> PictureMaker:
    with _without_garbage_collection():
        from lamina.engines.qwen.starting import released

    return released(wishes)


def _start_nano(wishes: Wishes) -> PictureMaker:
    with _without_garbage_collection():
        from lamina.engines.qwen.starting import nano

    return nano(wishes)


ENGINES = {
    entry.name: entry
    for entry in (
        EngineEntry(
            name="classic",
            needs=("cv2", "onnxruntime", "rapidocr"),
            extra="",
            start=_start_classic,
        ),
        EngineEntry("qwen", _TORCH, "qwen", _start_qwen, frozenset(TaskKind)),
        EngineEntry("nano", _TORCH, "qwen", _start_nano, frozenset(TaskKind)),
    )
}
