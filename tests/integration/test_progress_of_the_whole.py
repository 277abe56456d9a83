"""What is told of work in several pictures and stages: its share and the time to go are of all of it."""

import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import lamina
from lamina.core.jobs import Progress
from lamina.core.ports import Step
from lamina.core.tasks import GenerateTask, Sampling
from lamina.worker.child import run_order
from lamina.worker.child_loop import RunReport
from lamina.worker.protocol import RunMessage, RunOrder

pytest.importorskip("torch")

COUNT, STEPS = 3, 4


class Told:
    def __init__(self) -> None:
        self.stages: list[str] = []
        self.shares: list[float] = []
        self.steps: list[tuple[float, Step]] = []

    def __call__(self, stage: str, share_done: float, step: Step | None = None, /) -> None:
        self.stages.append(stage)
        self.shares.append(share_done)
        if step is not None:
            self.steps.append((time.perf_counter(), step))


def test_several_pictures_are_one_whole() -> None:
    told = Told()
    lamina.generate("a red circle", size=(64, 64), count=COUNT, steps=STEPS, engine="nano", seed=1, progress=told)
    ended = time.perf_counter()
    assert told.shares == sorted(told.shares) and told.shares[-1] == 1.0
    assert [step.number for _, step in told.steps] == [*range(1, STEPS + 1)] * COUNT
    assert f"picture 2 of {COUNT}, step 1 of {STEPS}" in told.stages
    at, last_of_first = told.steps[STEPS - 1]
    assert last_of_first.eta_s > (ended - at) / 10  # two pictures are to come: "0 s to go" would be wrong
    assert told.steps[-1][1].eta_s < last_of_first.eta_s


def test_taking_a_picture_apart_by_a_model_goes_up_to_the_end() -> None:
    told = Told()
    picture = np.full((64, 64, 3), 200, np.uint8)
    picture[16:48, 16:48] = (200, 30, 30)
    lamina.decompose(picture, layers=2, engine="nano", steps=2, seed=1, progress=told)
    assert told.shares == sorted(told.shares) and told.shares[-1] == 1.0
    assert {"finishing", "checking", "done"} <= set(told.stages)


def test_the_agent_hears_of_the_whole_and_always_of_the_time_to_go(tmp_path: Path) -> None:
    heard: list[RunMessage] = []
    task = GenerateTask("a red circle", Sampling(None, 1, STEPS), 64, 64, COUNT)
    order = RunOrder(job_id="job", attempt=1, task=task, folder=str(tmp_path), engine="nano")
    run_order(order, RunReport(heard.append, lambda: False))
    told = [message for message in heard if isinstance(message, Progress)]
    assert all(one.share <= other.share for one, other in pairwise(told))
    sampling = told[next(i for i, one in enumerate(told) if one.step) : -1]
    assert all(one.eta_s is not None for one in sampling), sampling
    assert (told[-1].stage, told[-1].share) == ("writing", 0.9)
