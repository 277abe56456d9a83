"""Makes whatever an engine raises one of our errors, and lets what the caller's progress raises pass as it is."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from lamina.core.errors import LaminaError
from lamina.core.faults import fault_of
from lamina.core.ports import Progress, Step, TrainingProgress


class Heard:
    """A caller's `Progress`, told shares that never fall. `raised`: what it has raised, which ends the work and is no
    fault of the engine.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._share_done = 0.0
        self.raised: Exception | None = None

    def part(self, share: float) -> Progress:
        """For what is the first `share` of the whole, and counts its own from 0 to 1."""

        def progress(stage: str, share_done: float, step: Step | None = None, /) -> None:
            self(stage, share_done * share, step)

        return progress

    def end(self) -> None:
        """Told once: an engine may have done so."""
        if self._share_done < 1.0:
            self("done", 1.0)

    def __call__(self, stage: str, share_done: float, step: Step | None = None, /) -> None:
        share_done = self._share_done = max(self._share_done, min(share_done, 1.0))
        step_told = () if step is None else (step,)  # a caller that never gets one need not take one
        self._noted(lambda: self._progress(stage, share_done, *step_told))

    def _noted(self, tell: Callable[[], None]) -> None:
        try:
            tell()
        except Exception as error:
            self.raised = error
            raise


class HeardTraining(Heard):
    """A caller's `TrainingProgress`."""

    def __init__(self, progress: TrainingProgress) -> None:
        super().__init__(progress)
        self._training = progress

    def loss(self, step: int, value: float, /) -> None:
        self._noted(lambda: self._training.loss(step, value))

    def checkpoint(self, step: int, path: str, /) -> None:
        self._noted(lambda: self._training.checkpoint(step, path))

    def sample(self, step: int, path: str, /) -> None:
        self._noted(lambda: self._training.sample(step, path))


@contextmanager
def faults_told(engine: str, heard: Heard | None = None) -> Generator[None]:
    """Within it, an exception becomes what `core.faults.fault_of` says, with the exception as its cause."""
    try:
        yield
    except LaminaError:
        raise
    except Exception as error:
        if heard is not None and error is heard.raised:
            raise
        raise fault_of(error, f"The {engine} engine") from error
