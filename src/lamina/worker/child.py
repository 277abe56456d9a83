"""The engine process of an agent, `python -m lamina.worker.child`: runs tasks as the library does.

It reads its settings from the environment, such as LAMINA_DEVICE. Engines and models stay loaded between runs.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.eta import Countdown
from lamina.core.jobs import InputRole
from lamina.core.tasks import DecomposeTask, EditTask, GenerateTask, TrainTask
from lamina.installation import hide_local_paths
from lamina.worker.child_loop import RunReport, Writing, serve
from lamina.worker.protocol import RunOrder, RunOutcome

if TYPE_CHECKING:  # imported late, so that it takes orders early
    from lamina.core.layers import Pixels
    from lamina.core.ports import Step
    from lamina.core.tasks import PictureTask
    from lamina.execution.decompose import Stack
    from lamina.execution.pictures import Pictures

_ENGINE_SHARE = 0.9  # of the run's progress; the rest is writing
_SAFETY = {None: None, True: "on", False: "off"}


def main() -> None:
    hide_local_paths()  # errors are shown to the user who sent the job
    serve(run_order, _prepare)


def run_order(order: RunOrder, report: RunReport) -> RunOutcome | Writing:
    """Raises `LaminaError`."""
    task = order.task
    if isinstance(task, TrainTask):
        from lamina.worker.training import train

        return train(task, order, report)
    from lamina.execution.pictures import Pictures
    from lamina.worker.outputs import check_format, write_pictures, write_stack

    check_format(order)  # before any long work
    made = _made(task, order, report)
    for note in made.notes:
        report.log(note)
    report.progress("writing", _ENGINE_SHARE)
    return partial(write_pictures, made, order) if isinstance(made, Pictures) else partial(write_stack, made, order)


def _made(task: PictureTask, order: RunOrder, report: RunReport) -> Pictures | Stack:
    from lamina.execution.decompose import decomposed
    from lamina.execution.pictures import edited, generated

    safety = _SAFETY[order.delivery.safety]
    progress = _EngineProgress(report, Path(order.folder))
    pictures = _inputs(order, InputRole.PICTURE)
    match task:
        case GenerateTask():
            start, mask = (_at_most_one(order, role) for role in (InputRole.START, InputRole.MASK))
            return generated(
                task,
                start,
                mask,
                engine=order.asked_engine,
                progress=progress,
                safety=safety,
                may_stand_in=True,
            )
        case EditTask():
            if not pictures:
                raise LaminaError(ErrorCode.TASK_INVALID, "The request has no picture to edit.", "Add one.")
            return edited(
                task, pictures, engine=order.asked_engine, progress=progress, safety=safety, may_stand_in=True
            )
        case DecomposeTask():
            picture = _at_most_one(order, InputRole.PICTURE)
            if picture is None:
                raise LaminaError(ErrorCode.TASK_INVALID, "The request has no picture to decompose.", "Add one.")
            return decomposed(
                task, picture, engine=order.asked_engine, progress=progress, safety=safety, may_stand_in=True
            )


def _inputs(order: RunOrder, role: InputRole) -> list[bytes]:
    """As bytes, since errors about files would show their paths on this machine."""
    return [Path(path).read_bytes() for path in order.inputs.get(role, ())]


def _at_most_one(order: RunOrder, role: InputRole) -> bytes | None:
    given = _inputs(order, role)
    if len(given) > 1:
        raise LaminaError(
            ErrorCode.TASK_INVALID, f"The request has {len(given)} inputs of the role {role}.", "Give one."
        )
    return given[0] if given else None


class _EngineProgress:
    """The library's `Progress`, sent to the agent. Previews are written into `folder`."""

    def __init__(self, report: RunReport, folder: Path) -> None:
        self._report, self._folder = report, folder
        self._countdown = Countdown()

    def __call__(self, stage: str, share_done: float, step: Step | None = None, /) -> None:
        from lamina.core.ports import LOADING

        share = share_done * _ENGINE_SHARE
        eta_s = self._countdown.remaining_s(None if step is None else step.eta_s)
        if stage == LOADING:
            self._report.loading(stage, share)
        elif step is None:
            self._report.progress(stage, share, eta_s=eta_s)
        else:
            if step.preview is not None:
                self._show(step.number, step.preview)
            self._report.progress(stage, share, step.number, step.count, eta_s)

    def _show(self, number: int, preview: Pixels) -> None:
        from lamina.imaging.png import encode_png

        path = self._folder / f"preview-{number}.png"
        path.write_bytes(encode_png(preview))
        self._report.preview(str(path))


def _prepare() -> None:
    from lamina.worker.warm_up import warm_up

    warm_up()


if __name__ == "__main__":
    main()
