"""Forgetting: pictures and words go at a user's word or when their time is up; what the ledger needs stays."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.job_results import ResultFile, StackResult
from lamina.core.jobs import AbsentTask, Job, JobState
from lamina.core.keys import ApiKey
from lamina.core.tasks import DecomposeTask, TaskKind
from lamina.files.storage import content, keep, own_file, upload
from lamina.jobs.end import end
from lamina.jobs.retention import forget, forget_old, sweep_blobs
from lamina.jobs.submit import submit
from lamina.service.service import Service
from lamina.store import events
from lamina.store.blobs import SWEEP_AFTER
from services import PRICE, Clock, balance, job_now, ledger_of, new_key, request, run, started

SECRET = DecomposeTask(prompt="a secret")


def ended_job(service: Service, key: ApiKey, state: JobState = JobState.SUCCEEDED) -> tuple[Job, str]:
    """With the id of its one file."""
    job = started(service, run(submit(service, key, request(task=SECRET))).id)
    file = run(keep(service, key.id, job.id.encode(), "a.png", "image/png", job.id))
    service.database.write_now(
        lambda connection: end(
            connection,
            service,
            job.id,
            1,
            state,
            result=StackResult(flat=ResultFile(file=file.id, content_type="image/png")),
            made=[file],
        )
    )
    return job, file.id


def code_of(awaitable: object) -> ErrorCode:
    with pytest.raises(LaminaError) as caught:
        run(awaitable)
    return caught.value.code


async def whole(service: Service, key: ApiKey, file_id: str) -> bytes:
    return b"".join([chunk async for chunk in content(service, await own_file(service, key.id, file_id))])


def test_a_forgotten_job_has_no_words_pictures_or_events_left(service: Service) -> None:
    key = new_key(service, credit_micros=PRICE)
    job, file_id = ended_job(service, key)
    assert run(whole(service, key, file_id)) == job.id.encode()
    run(forget(service, key.id, job.id))
    after = job_now(service, job.id)
    assert (after.request.has_task, after.result, after.state) == (False, None, JobState.SUCCEEDED)
    assert code_of(own_file(service, key.id, file_id)) is ErrorCode.NOT_FOUND
    assert service.database.write_now(lambda connection: events.after(connection, job.id, 0)) == []
    assert ledger_of(service, job.id) == [("hold", -PRICE), ("settle", 0)]
    assert balance(service, key) == 0


def test_an_open_job_is_not_forgotten(service: Service) -> None:
    key = new_key(service)
    job = run(submit(service, key, request(task=SECRET)))
    assert code_of(forget(service, key.id, job.id)) is ErrorCode.STATE_CONFLICT
    assert job_now(service, job.id).request.task == SECRET


def test_another_keys_job_is_not_there_to_forget(service: Service) -> None:
    job, _ = ended_job(service, new_key(service))
    assert code_of(forget(service, new_key(service).id, job.id)) is ErrorCode.NOT_FOUND
    assert job_now(service, job.id).request.task == SECRET


@pytest.mark.parametrize("state", [JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED])
def test_what_is_older_than_the_retention_is_forgotten(service: Service, clock: Clock, state: JobState) -> None:
    service = replace(service, limits=replace(service.limits, retention_s=100.0))
    key = new_key(service)
    old, _ = ended_job(service, key, state)
    clock.now += 60.0
    young, _ = ended_job(service, key, state)
    clock.now += 60.0
    run(forget_old(service))
    assert job_now(service, old.id).request.task == AbsentTask(TaskKind.DECOMPOSE)
    assert job_now(service, young.id).request.task == SECRET


def test_without_a_retention_results_stay(service: Service, clock: Clock) -> None:
    job, _ = ended_job(service, new_key(service))
    clock.now += 10 * 365 * 86400.0
    run(forget_old(service))
    assert job_now(service, job.id).request.task == SECRET


def test_uploads_go_when_their_time_is_up(service: Service, clock: Clock) -> None:
    key = new_key(service)
    file = run(upload(service, key.id, b"content", "a.png", "image/png"))
    clock.now += service.limits.upload_s - 1
    run(forget_old(service))
    assert run(own_file(service, key.id, file.id)) == file
    clock.now += 2
    run(forget_old(service))
    assert code_of(own_file(service, key.id, file.id)) is ErrorCode.NOT_FOUND


def test_contents_go_when_no_file_has_them_and_they_are_old_enough(
    service: Service, clock: Clock, tmp_path: Path
) -> None:
    key = new_key(service)
    job, _ = ended_job(service, key)
    kept = run(upload(service, key.id, b"kept", "a.png", "image/png"))
    run(forget(service, key.id, job.id))
    assert run(sweep_blobs(service)) == 0  # a file that is just coming may be about to have it
    clock.now += SWEEP_AFTER.total_seconds() + 60
    assert run(sweep_blobs(service)) == 1
    assert run(whole(service, key, kept.id)) == b"kept"
    assert sum(len(names) for _, _, names in os.walk(tmp_path / "blobs")) == 1


def test_what_a_killed_writer_left_is_deleted_after_a_day(service: Service, clock: Clock, tmp_path: Path) -> None:
    kept = run(upload(service, new_key(service).id, b"kept", "a.png", "image/png"))
    incomplete = tmp_path / "blobs" / "sha256" / kept.sha256[:2] / f"{'c' * 62}#1"  # as in test_blobs
    incomplete.touch()
    clock.now += 3600
    assert run(sweep_blobs(service)) == 0, "another process may still be writing it"
    clock.now += 24 * 3600
    assert run(sweep_blobs(service)) == 1
    assert not incomplete.exists()
    assert run(service.blobs.get(kept.sha256)) == b"kept"


def test_another_keys_file_is_not_there(service: Service) -> None:
    file = run(upload(service, new_key(service).id, b"content", "a.png", "image/png"))
    assert code_of(own_file(service, new_key(service).id, file.id)) is ErrorCode.NOT_FOUND
