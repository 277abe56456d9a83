"""Checkpoints of a training: only what goes on counts, the newest stay, and their contents are not swept away."""

from sqlalchemy import Connection
from store_rows import added_job

from lamina.core.jobs import Job
from lamina.core.keys import ApiKey
from lamina.store import checkpoints, files
from lamina.store.checkpoints import CheckpointRecord


def reached(job: Job, step: int, attempt: int = 1) -> CheckpointRecord:
    return CheckpointRecord(
        job_id=job.id,
        step=step,
        attempt=attempt,
        layers=1,
        name=f"checkpoint-{step}.safetensors",
        sha256=f"hash {step}",
        size=2**40,
        created_at=1.5,
    )


def test_the_latest_comes_first_and_only_so_many_are_kept(connection: Connection, key: ApiKey) -> None:
    job, other = added_job(connection, key), added_job(connection, key)
    all_of_it = [reached(job, step) for step in (100, 200, 300)]
    assert all(checkpoints.insert(connection, one) for one in all_of_it)
    assert checkpoints.insert(connection, reached(other, 5))
    checkpoints.keep_latest(connection, job.id, 2)
    assert checkpoints.of_job(connection, job.id) == [all_of_it[2], all_of_it[1]]
    assert checkpoints.latest(connection, job.id) == all_of_it[2]
    assert checkpoints.of_job(connection, other.id) == [reached(other, 5)]


def test_what_was_reached_before_is_not_reached_again(connection: Connection, key: ApiKey) -> None:
    job = added_job(connection, key)
    assert checkpoints.insert(connection, reached(job, 200))
    assert not checkpoints.insert(connection, reached(job, 200, attempt=2))
    assert not checkpoints.insert(connection, reached(job, 100, attempt=2))
    assert checkpoints.of_job(connection, job.id) == [reached(job, 200)]


def test_a_content_is_wanted_as_long_as_a_checkpoint_has_it(connection: Connection, key: ApiKey) -> None:
    job = added_job(connection, key)
    for step in (100, 200):
        checkpoints.insert(connection, reached(job, step))
    assert files.unwanted(connection, ["hash 100", "hash 200", "other"]) == ["other"]
    checkpoints.remove(connection, job.id, 100)
    assert files.unwanted(connection, ["hash 100", "hash 200"]) == ["hash 100"]
    checkpoints.remove_all(connection, job.id)
    assert checkpoints.latest(connection, job.id) is None
