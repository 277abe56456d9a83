"""Jobs that train: what they have come to is kept under the fence, and decides on attempts, money and what is left."""

from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.ids import new_id
from lamina.core.job_results import TrainingResult
from lamina.core.jobs import Job, JobState
from lamina.core.keys import ApiKey
from lamina.core.tasks import TrainTask
from lamina.files.storage import own_file
from lamina.jobs.cancel import cancel
from lamina.jobs.end import end
from lamina.jobs.retention import forget, sweep_blobs
from lamina.jobs.retry import LOST, give_back, try_again
from lamina.jobs.run.progress_writer import ProgressWriter
from lamina.jobs.run.training_progress import restore_checkpoint
from lamina.jobs.submit import submit
from lamina.jobs.sweep import sweep
from lamina.service.service import Service
from lamina.store import agents, checkpoints, events
from lamina.store.blobs import SWEEP_AFTER
from lamina.worker.protocol import Checkpoint, Loss, Sample
from services import (
    PRICE,
    Clock,
    balance,
    job_now,
    ledger_of,
    new_key,
    request,
    run,
    started,
    state_now,
    wrong_balances,
)

STEPS = 10  # PRICE / STEPS is the price of one


def training(service: Service) -> tuple[ApiKey, Job]:
    """Running, its first attempt."""
    key = new_key(service, credit_micros=10 * PRICE)
    wanted = request(task=TrainTask(steps=STEPS), model="qwen-image-edit-plus-trainer")
    return key, started(service, run(submit(service, key, wanted)).id)


def reach(service: Service, job: Job, folder: Path, step: int, layers: int = 1) -> None:
    """As a run of that attempt tells it."""
    path = folder / f"told-{job.attempt}-{step}"
    path.write_text(f"after {step} steps, says attempt {job.attempt}")
    name = f"checkpoint-{step:06d}.safetensors"
    kept = ProgressWriter(service, job).on_message(Checkpoint(step=step, path=str(path), name=name, layers=layers))
    assert isinstance(kept, Awaitable)
    run(kept)
    assert not path.exists()


def steps_kept(service: Service, job: Job) -> list[int]:
    known = service.database.write_now(lambda connection: checkpoints.of_job(connection, job.id))
    return [one.step for one in known]


def told(service: Service, job: Job, kind: str) -> list[dict[str, Any]]:
    all_of_them = service.database.write_now(lambda connection: events.after(connection, job.id, 0))
    return [dict(event.data) for event in all_of_them if event.kind == kind]


def ended(service: Service, job: Job, state: JobState, **changes: Any) -> Job | None:
    return service.database.write_now(
        lambda connection: end(connection, service, job.id, job.attempt, state, **changes)
    )


def done(steps: int, layers: int = 1) -> TrainingResult:
    return TrainingResult(steps_done=steps, layer_count=layers)


def test_the_next_attempt_goes_on_from_the_last_checkpoint(service: Service, tmp_path: Path) -> None:
    _, job = training(service)
    for step in (2, 4, 6):
        reach(service, job, tmp_path, step)
    assert steps_kept(service, job) == [6, 4]
    assert [event["step"] for event in told(service, job, "checkpoint")] == [2, 4, 6]
    run(try_again(service, job, LOST))
    again = started(service, job.id)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    assert run(restore_checkpoint(service, again, folder)) == 6
    assert [path.name for path in folder.iterdir()] == ["checkpoint-000006.safetensors"]
    assert next(folder.iterdir()).read_text() == "after 6 steps, says attempt 1"


def test_a_checkpoint_whose_content_is_lost_is_no_end(service: Service, tmp_path: Path) -> None:
    _, job = training(service)
    for step in (2, 4):
        reach(service, job, tmp_path, step)
    known = service.database.write_now(lambda connection: checkpoints.latest(connection, job.id))
    assert known is not None
    run(service.blobs.delete(known.sha256))
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    assert run(restore_checkpoint(service, job, folder)) == 2
    assert steps_kept(service, job) == [2]
    run(service.blobs.delete(service.database.write_now(lambda c: checkpoints.of_job(c, job.id))[0].sha256))
    assert run(restore_checkpoint(service, job, folder)) == 0


def test_what_an_old_attempt_tells_is_void(service: Service, tmp_path: Path) -> None:
    _, job = training(service)
    run(try_again(service, job, LOST))
    reach(service, job, tmp_path, 4)
    assert steps_kept(service, job) == []
    again = started(service, job.id)
    reach(service, again, tmp_path, 2)
    reach(service, job, tmp_path, 6)
    assert steps_kept(service, job) == [2]
    picture = tmp_path / "sample.png"
    picture.write_bytes(b"a picture")
    kept = ProgressWriter(service, job).on_message(Sample(6, str(picture)))
    assert isinstance(kept, Awaitable)
    run(kept)
    assert told(service, job, "sample") == []
    ended(service, again, JobState.SUCCEEDED, result=done(STEPS))
    reach(service, again, tmp_path, 8)
    assert steps_kept(service, job) == []


def test_a_sample_is_a_file_of_the_job_and_an_event(service: Service, tmp_path: Path) -> None:
    key, job = training(service)
    picture = tmp_path / "sample-4.png"
    picture.write_bytes(b"a picture")
    kept = ProgressWriter(service, job).on_message(Sample(4, str(picture)))
    assert isinstance(kept, Awaitable)
    run(kept)
    (event,) = told(service, job, "sample")
    assert (event["step"], event["content_type"], event["size"]) == (4, "image/png", 9)
    assert run(own_file(service, key.id, event["file"])).job_id == job.id


def test_losses_are_told_as_their_mean(service: Service) -> None:
    _, job = training(service)
    writer = ProgressWriter(service, job)
    for step, value in ((1, 0.5), (2, 0.25), (3, 0.75)):
        assert writer.on_message(Loss(step, value)) is None
    assert run(writer.write()) is False
    run(writer.write())
    assert told(service, job, "loss") == [{"step": 3, "loss": 0.5}]


def test_an_attempt_that_came_further_does_not_count(service: Service, tmp_path: Path) -> None:
    _, job = training(service)
    for step in range(1, 2 * service.limits.max_attempts):
        reach(service, job, tmp_path, step)
        run(try_again(service, job, LOST))
        job = started(service, job.id)
    assert job.attempt > service.limits.max_attempts


def test_attempts_that_come_no_further_count(service: Service, tmp_path: Path) -> None:
    key, job = training(service)
    reach(service, job, tmp_path, 4)
    run(try_again(service, job, LOST))
    for _ in range(service.limits.max_attempts):
        job = started(service, job.id)
        reach(service, job, tmp_path, 4)
        reach(service, job, tmp_path, 2)
        run(try_again(service, job, LOST))
    assert state_now(service, job.id) is JobState.ERRORED
    assert ledger_of(service, job.id) == [("hold", -PRICE), ("release", PRICE)]
    assert balance(service, key) == 10 * PRICE
    assert steps_kept(service, job) == []


def test_a_lost_agents_training_is_queued_however_often_it_comes_on(
    service: Service, clock: Clock, tmp_path: Path
) -> None:
    _, job = training(service)
    for step in range(1, 6):
        reach(service, job, tmp_path, step)
        clock.now += service.limits.agent_lost_s + 1
        run(sweep(service))
        assert state_now(service, job.id) is JobState.QUEUED
        job = started(service, job.id)


def test_a_training_is_charged_by_what_it_did(service: Service) -> None:
    for steps, charged in ((STEPS, PRICE), (4, 4 * PRICE // STEPS)):
        key, job = training(service)
        ended(service, job, JobState.SUCCEEDED, result=done(steps))
        assert balance(service, key) == 10 * PRICE - charged
        assert ledger_of(service, job.id) == [("hold", -PRICE), ("settle", PRICE - charged)]
    assert wrong_balances(service) == []


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.ERRORED])
def test_one_that_fails_costs_nothing_however_far_it_came(service: Service, tmp_path: Path, state: JobState) -> None:
    key, job = training(service)
    reach(service, job, tmp_path, 4)
    ended(service, job, state)
    assert balance(service, key) == 10 * PRICE
    assert steps_kept(service, job) == []


def test_one_that_is_stopped_keeps_its_last_checkpoint_and_pays_for_that(
    service: Service, clock: Clock, tmp_path: Path
) -> None:
    key, job = training(service)
    for step in (2, 4):
        reach(service, job, tmp_path, step)
    run(cancel(service, key.id, job.id))
    ended(service, job, JobState.CANCELLED)
    after = job_now(service, job.id)
    assert isinstance(after.result, TrainingResult) and after.result.last_checkpoint is not None
    assert (after.result.steps_done, after.result.layer_count) == (4, 1)
    assert balance(service, key) == 10 * PRICE - 4 * PRICE // STEPS
    assert steps_kept(service, job) == []
    clock.now += 2 * SWEEP_AFTER.total_seconds()
    run(sweep_blobs(service))
    file = run(own_file(service, key.id, after.result.last_checkpoint.file))
    assert run(service.blobs.get(file.sha256)) == b"after 4 steps, says attempt 1"
    run(forget(service, key.id, job.id))
    run(sweep_blobs(service))
    with pytest.raises(LaminaError):
        run(service.blobs.get(file.sha256))


@pytest.mark.parametrize("how", ["while it waits", "as its agent is lost", "as it is given back"])
def test_a_stop_between_two_attempts_is_charged_in_the_same_way(service: Service, tmp_path: Path, how: str) -> None:
    key, job = training(service)
    reach(service, job, tmp_path, 4)
    if how == "while it waits":
        run(give_back(service, job))
        run(cancel(service, key.id, job.id))
    else:
        run(cancel(service, key.id, job.id))
        run(try_again(service, job, LOST) if how == "as its agent is lost" else give_back(service, job))
    after = job_now(service, job.id)
    assert after.state is JobState.CANCELLED
    assert after.charged_micros == 4 * PRICE // STEPS
    assert isinstance(after.result, TrainingResult) and after.result.steps_done == 4


def test_one_that_is_stopped_before_it_came_to_anything_costs_nothing(service: Service) -> None:
    key, job = training(service)
    run(cancel(service, key.id, job.id))
    ended(service, job, JobState.CANCELLED)
    assert balance(service, key) == 10 * PRICE
    assert job_now(service, job.id).result is None


def test_a_checkpoint_that_the_store_does_not_take_costs_the_training_nothing_else(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, job = training(service)

    async def away(*_: object) -> None:
        raise LaminaError(ErrorCode.STORE_UNAVAILABLE, "The storage cannot be used.")

    with monkeypatch.context() as patch:
        patch.setattr(type(service.blobs), "put", away)
        reach(service, job, tmp_path, 2)
    reach(service, job, tmp_path, 4)
    assert steps_kept(service, job) == [4]


def test_a_stopped_agent_that_comes_back_ends_nothing(service: Service, tmp_path: Path) -> None:
    key, job = training(service)
    reach(service, job, tmp_path, 4)
    service.database.write_now(lambda connection: agents.remove(connection, job.agent_id or new_id()))
    run(sweep(service))
    again = started(service, job.id)
    assert ended(service, job, JobState.SUCCEEDED, result=done(STEPS)) is None
    assert steps_kept(service, job) == [4]
    ended(service, again, JobState.SUCCEEDED, result=done(STEPS))
    assert balance(service, key) == 9 * PRICE
