"""Lists the engines, determines which of them can run here, and starts the one that serves a request."""

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

if TYPE_CHECKING:  # listing the engine names must not import numpy
    from lamina.core.catalog import Model
    from lamina.core.ports import Decomposer, LoraTrainer, PictureMaker
    from lamina.engines.config import EngineConfig
    from lamina.engines.weights.places import Roots

AUTO = "auto"
_STARTING = "lamina.engines.qwen.starting"
_TORCH = ("torch", "diffusers", "transformers", "peft", "accelerate")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineEntry:
    """A registered engine.

    `needs`: modules that must be importable; `extra`: the optional dependency group that installs them, or "".
    `start`: creates the engine; `tasks`: the kinds of task that it can run.
    """

    name: str
    needs: tuple[str, ...]
    extra: str
    start: Callable[[EngineConfig], Any]
    tasks: frozenset[TaskKind] = frozenset({TaskKind.DECOMPOSE})

    def missing(self) -> list[str]:
        """The modules in `needs` that are not installed."""
        return [module for module in self.needs if importlib.util.find_spec(module) is None]

    def remedy(self) -> str:
        """The hint of an error about missing modules."""
        if self.extra:
            return f"Install them: {install_command(self.extra)}."
        return f"Install Lamina again: {reinstall_command()}. Run lamina doctor for details."


def engine_names(kind: TaskKind = TaskKind.DECOMPOSE) -> list[str]:
    """The engine names that a request of that kind may use, "auto" first."""
    return [AUTO, *(entry.name for entry in ENGINES.values() if kind in entry.tasks)]


def start_engine(
    name: str = AUTO, model: str | None = None, config: EngineConfig | None = None, *, may_stand_in: bool = False
) -> Decomposer:
    """Starts the engine `name` for decomposition; "auto" selects the best one that can run here.

    `model`: name of the requested model, if any; `config`: None uses the defaults. `may_stand_in`: whether "auto" may
    use nano if the weights of the requested model are missing.
    Raises `LaminaError`: engine_unavailable if there is no such engine or it cannot start; model_unknown;
    weights_missing.
    """
    return _start(name, TaskKind.DECOMPOSE, model, config, may_stand_in)


def start_picture_maker(
    name: str = AUTO,
    kind: TaskKind = TaskKind.GENERATE,
    model: str | None = None,
    config: EngineConfig | None = None,
    *,
    may_stand_in: bool = False,
) -> PictureMaker:
    """As `start_engine`, for generating and editing pictures."""
    return _start(name, kind, model, config, may_stand_in)


def start_trainer(
    name: str = AUTO, model: str | None = None, config: EngineConfig | None = None, *, may_stand_in: bool = False
) -> LoraTrainer:
    """As `start_engine`, for training LoRAs for that model."""
    return _start(name, TaskKind.TRAIN, model, config, may_stand_in)


def chosen_engine(
    name: str, kind: TaskKind, model: str | None, config: EngineConfig, *, may_stand_in: bool = False
) -> str:
    """The name of the engine that the `start_...` functions would start.

    Raises `LaminaError`: model_unknown, weights_missing.
    """
    return _best(kind, model, config, may_stand_in) if name == AUTO else name


def stand_in_notes(requested: str, engine: str, kind: TaskKind, model: str | None) -> tuple[str, ...]:
    """The note for a result that nano made instead of a released model; nano's quality is far lower.

    `requested`: the requested engine. There is no note if nano was requested without a model.
    """
    from lamina.core.catalog import NANO

    wanted = _wanted(model, kind)
    if engine != NANO.name or wanted is NANO or (requested != AUTO and model is None):
        return ()
    if requested != AUTO:
        return (f"Nano made this instead of {wanted.name}, because the engine nano was requested.",)
    return (
        f"Nano, a small demonstration model, made this because the weights of {wanted.name} are not installed. "
        f"To install them: lamina pull {wanted.name}.",
    )


def _start(name: str, kind: TaskKind, model: str | None, config: EngineConfig | None, may_stand_in: bool) -> Any:
    from lamina.engines.config import EngineConfig

    config = config or EngineConfig()
    entry = ENGINES.get(chosen_engine(name, kind, model, config, may_stand_in=may_stand_in))
    if entry is None or kind not in entry.tasks:
        reason = f"There is no engine {name!r}" if entry is None else f"The {name} engine does not {kind}"
        raise LaminaError(ErrorCode.ENGINE_UNAVAILABLE, f"{reason}.", f"There are: {', '.join(engine_names(kind))}.")
    missing = entry.missing()
    if missing:
        raise _cannot_start(entry, f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed")
    try:
        return entry.start(config)
    except ImportError as error:  # installed but broken: a system library is missing, or versions conflict
        raise _cannot_start(entry, f"{error}".rstrip(".")) from error


@contextmanager
def _without_garbage_collection() -> Generator[None]:
    """Speeds up the import of the diffusion libraries: garbage collection takes a fifth of its time.

    Does nothing if they are already imported, as for every job of a process after the first.
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
        gc.unfreeze()  # moves the objects into the oldest generation, so that they are not scanned again soon
        if was_enabled:
            gc.enable()


def _best(kind: TaskKind, model: str | None, config: EngineConfig, may_stand_in: bool) -> str:
    """The released weights if they are installed, else an engine that needs none; a named model is taken literally."""
    from lamina.core.catalog import NANO
    from lamina.engines.weights.places import require

    wanted = _wanted(model, kind)
    if wanted is NANO:
        return "nano"
    if model is not None and not may_stand_in:
        require(wanted, config.roots)
        return "qwen"
    if not ENGINES["qwen"].missing() and _is_here(wanted, config.roots, may_stand_in):
        return "qwen"
    return "classic" if kind is TaskKind.DECOMPOSE and model is None else "nano"


def _is_here(model: Model, roots: Roots, may_stand_in: bool) -> bool:
    """Raises `LaminaError` (weights_missing) if the configured transformer file is missing and nano may not be used."""
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


def _start_classic(config: EngineConfig) -> Decomposer:
    from lamina.engines.classic.engine import ClassicEngine

    return ClassicEngine(config.roots.models, fonts=config.fonts_dir, tesseract=config.tesseract)


def _start_qwen(config: EngineConfig) -> PictureMaker:
    with _without_garbage_collection():
        from lamina.engines.qwen.starting import released

    return released(config)


def _start_nano(config: EngineConfig) -> PictureMaker:
    with _without_garbage_collection():
        from lamina.engines.qwen.starting import nano

    return nano(config)


ENGINES = {
    entry.name: entry
    for entry in (
        EngineEntry(
            name="classic",
            needs=("cv2", "onnxruntime", "rapidocr"),
            extra="",
            start=_start_classic,
        ),
        EngineEntry(name="qwen", needs=_TORCH, extra="qwen", start=_start_qwen, tasks=frozenset(TaskKind)),
        EngineEntry(name="nano", needs=_TORCH, extra="qwen", start=_start_nano, tasks=frozenset(TaskKind)),
    )
}
