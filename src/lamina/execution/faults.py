"""Converts exceptions of an engine into `LaminaError`, except those raised by the caller's progress callback."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from lamina.core.errors import LaminaError
from lamina.core.faults import fault_of
from lamina.core.ports import Progress, Step, TrainingProgress


class TrackedProgress:
    """Wraps a caller's `Progress` so that the reported share never decreases.

    `raised`: the exception that the callback raised. It ends the task and is not a fault of the engine.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._share_done = 0.0
        self.raised: Exception | None = None

    def part(self, share: float) -> Progress:
        """A callback for the first `share` of the task, which reports its own progress from 0 to 1."""

        def progress(stage: str, share_done: float, step: Step | None = None, /) -> None:
            self(stage, share_done * share, step)

        return progress

    def end(self) -> None:
        """Reports the end, unless the engine has already done so."""
        if self._share_done < 1.0:
            self("done", 1.0)

    def __call__(self, stage: str, share_done: float, step: Step | None = None, /) -> None:
        share_done = self._share_done = max(self._share_done, min(share_done, 1.0))
        steps = () if step is None else (step,)  # a callback that never gets a step need not accept one
        self._call(lambda: self._progress(stage, share_done, *steps))

    def _call(self, report: Callable[[], None]) -> None:
        try:
            report()
        except Exception as error:
            self.raised = error
            raise


class TrackedTrainingProgress(TrackedProgress):
    """Wraps a caller's `TrainingProgress`."""

    def __init__(self, progress: TrainingProgress) -> None:
        super().__init__(progress)
        self._training = progress

    def loss(self, step: int, value: float, /) -> None:
        self._call(lambda: self._training.loss(step, value))

    def checkpoint(self, step: int, path: str, /) -> None:
        self._call(lambda: self._training.checkpoint(step, path))

    def sample(self, step: int, path: str, /) -> None:
        self._call(lambda: self._training.sample(step, path))


@contextmanager
def engine_faults(engine: str, tracked: TrackedProgress | None = None) -> Generator[None]:
    """Within it, an unexpected exception becomes the error of `core.faults.fault_of`, with itself as the cause."""
    try:
        yield
    except LaminaError:
        raise
    except Exception as error:
        if tracked is not None and error is tracked.raised:
            raise
        raise fault_of(error, f"The {engine} engine") from error
