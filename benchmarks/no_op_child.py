"""Is an engine process that does nothing, so that benchmarks and tests measure the service alone.

A job ends at once, or with the prompt "steps N S" after N steps of S seconds; its outputs are real files of 16 px.
`no_op_trainer` does the same for trainings.
"""

import time
from functools import partial

import numpy as np

from lamina.core.layers import Layer, LayerKind
from lamina.core.provenance import Provenance
from lamina.core.tasks import DecomposeTask, TrainTask
from lamina.execution.decompose import Stack
from lamina.execution.pictures import Pictures
from lamina.worker.child_loop import Handler, RunReport, Writing, serve
from lamina.worker.outputs import write_pictures, write_stack
from lamina.worker.protocol import RunOrder, RunOutcome
from lamina.worker.training import train
from no_op_trainer import NAME, train_nothing

SIDE_PX = 16


def do_nothing(pictures: Pictures, stack: Stack) -> Handler:
    def handle(order: RunOrder, report: RunReport) -> RunOutcome | Writing:
        if isinstance(order.task, TrainTask):
            return train(order.task, order, report, train_nothing)
        parameters = order.task.prompt.split()
        if len(parameters) == 3 and parameters[0] == "steps":
            take_steps(int(parameters[1]), float(parameters[2]), report)
        if isinstance(order.task, DecomposeTask):
            return partial(write_stack, stack, order)
        return partial(write_pictures, pictures, order)

    return handle


def take_steps(count: int, step_s: float, report: RunReport) -> None:
    for number in range(1, count + 1):
        time.sleep(step_s)
        report.progress(f"step {number} of {count}", number / count, number, count, (count - number) * step_s)


def drawn() -> tuple[Pictures, Stack]:
    """A grey square, and a stack of this square and a smaller, darker one."""
    grey = np.full((SIDE_PX, SIDE_PX, 4), (128, 128, 128, 255), np.uint8)
    dark = grey[:8, :8] // (2, 2, 2, 1)
    layers = (
        Layer("Background", LayerKind.BACKGROUND, grey),
        Layer("Object", LayerKind.OBJECT, dark.astype(np.uint8), 4, 4),
    )
    return Pictures((grey,), Provenance(NAME, seed=0)), Stack(SIDE_PX, SIDE_PX, layers, engine=NAME)


if __name__ == "__main__":
    serve(do_nothing(*drawn()))
