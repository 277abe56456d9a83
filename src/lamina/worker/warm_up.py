"""Loads what an engine process needs before it reports ready, so that the first job takes no longer than others."""

import sys
from importlib import import_module

from lamina import settings
from lamina.core.errors import LaminaError
from lamina.core.tasks import PICTURE_KINDS, TaskKind
from lamina.engines.registry import ENGINES, chosen_engine

_OF_ANY_JOB = ("lamina.worker.outputs", "lamina.execution.decompose", "lamina.execution.pictures")
_WITHOUT_WEIGHTS = "lamina.engines.qwen.starting"
_RUN = frozenset({"classic", "nano"})


def warm_up() -> None:
    """Loads, for each kind of task, the engine that runs tasks which name none.

    Of the released models only the code is loaded: their weights are large, and the first job decides which are needed.
    What cannot be loaded is logged; the jobs that need it report the error.
    """
    for module in _OF_ANY_JOB:
        import_module(module)
    chosen = settings.current()
    if not chosen.warm_up:
        return
    for kind in PICTURE_KINDS:
        try:
            _warm_up(chosen_engine(chosen.engine, kind, None, settings.engine_config(chosen)), kind)
        except (LaminaError, ImportError) as error:
            print(f"warm-up for {kind} has failed: {error}", file=sys.stderr)  # noqa: T201  (the agent logs it)


def _warm_up(engine: str, kind: TaskKind) -> None:
    if engine not in ENGINES or kind not in ENGINES[engine].tasks or ENGINES[engine].missing():
        return
    if engine not in _RUN:
        import_module(_WITHOUT_WEIGHTS)
        return
    from lamina.execution.self_test import run_trial

    run_trial(engine, kind)
