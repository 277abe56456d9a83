"""Jobs in the store: only the legal ways from state to state, and nothing from a run that is not the latest."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Connection
from store_rows import added_job, added_key

from lamina.core.job_results import ResultFile, StackResult
from lamina.core.jobs import (
    TRANSITIONS,
    Delivery,
    Failure,
    InputRole,
    Job,
    JobInput,
    JobRequest,
    JobState,
    Progress,
)
from lamina.core.keys import ApiKey
from lamina.core.tasks import DecomposeTask, EditTask, Sampling, TaskKind
from lamina.store import jobs
from lamina.store.database import Database
from lamina.store.queue_statistics import Outlook, seen

ENDS = [JobState.SUCCEEDED, JobState.FAILED, JobState.ERRORED, JobState.CANCELLED]
RESULT = StackResult(engine="classic", notes=("A note.",), flat=ResultFile(file="a", content_type="image/png"))
FAILURE = Failure("task_invalid", "It was wrong.", "Do it right.")


def now(connection: Connection, job: Job) -> Job:
    found = jobs.by_id(connection, job.id)
    assert found is not None
    return found


def test_a_job_comes_back_as_it_was_written(connection: Connection, key: ApiKey) -> None:
    request = JobRequest(
        task=EditTask("größer ✓", Sampling(seed=2**63)),
        inputs=(JobInput(InputRole.PICTURE, "file:1"), JobInput(InputRole.MASK, "https://example.org/mask.png")),
        delivery=Delivery(format="webp", quality=80, is_watermarked=True, safety=False),
        engine="nano",
        model="a-model",
        dialect="fal",
        extra={"sync": True},
        priority=-3,
        start_within_s=5.0,
        run_within_s=60.0,
        webhook_url="https://example.org/hook",
    )
    job = Job(
        id="id",
        key_id=key.id,
        request=request,
        state=JobState.QUEUED,
        attempt=0,
        created_at=1.5,
        queued_at=1.5,
        price_micros=2**40,
    )
    jobs.insert(connection, job, 6.5, "idem", "hash")
    assert jobs.by_id(connection, "id") == job
    assert jobs.by_idempotency_key(connection, key.id, "idem") == (job, "hash")


def test_another_keys_job_is_not_there(connection: Connection, key: ApiKey) -> None:
    other = added_key(connection)
    job = added_job(connection, key)
    assert jobs.by_id(connection, job.id, key.id) is not None
    assert jobs.by_id(connection, job.id, other.id) is None
    assert jobs.of_key(connection, other.id, 10) == []


def test_the_list_of_a_key_goes_back_page_by_page(connection: Connection, key: ApiKey) -> None:
    made = [added_job(connection, key).id for _ in range(5)][::-1]
    first = [job.id for job in jobs.of_key(connection, key.id, 3)]
    rest = [job.id for job in jobs.of_key(connection, key.id, 3, before=first[-1])]
    assert [*first, *rest] == sorted(made, reverse=True)
    assert jobs.of_key(connection, key.id, 9, state=JobState.RUNNING) == []


def test_the_queue_goes_by_priority_and_then_by_age(connection: Connection, key: ApiKey) -> None:
    low, first, high, second = (added_job(connection, key, priority) for priority in (-1, 0, 9, 0))
    order = [high.id, *sorted([first.id, second.id]), low.id]
    assert jobs.next_queued(connection, 9) == order
    assert [
        outlook(connection, job).position for job in (low, high, *sorted([first, second], key=lambda job: job.id))
    ] == [3, 0, 1, 2]
    assert [job.id for job in jobs.queued(connection)] == order


def test_only_one_can_claim_a_job(connection: Connection, key: ApiKey) -> None:
    job = added_job(connection, key)
    claimed = jobs.claim(connection, job.id, "agent", 200.0)
    assert claimed is not None
    assert (claimed.state, claimed.attempt, claimed.started_at) == (JobState.RUNNING, 1, 200.0)
    assert jobs.claim(connection, job.id, "another", 201.0) is None


def test_a_given_back_job_keeps_its_place_and_counts_its_attempts(connection: Connection, key: ApiKey) -> None:
    job, younger = added_job(connection, key), added_job(connection, key)
    jobs.claim(connection, job.id, "agent", 200.0)
    jobs.requeue(connection, job.id, 1, 201.0)
    assert jobs.next_queued(connection, 2) == sorted([job.id, younger.id])
    jobs.claim(connection, job.id, "agent", 202.0)
    jobs.requeue(connection, job.id, 2, 203.0, is_excused=True)
    assert now(connection, job).attempt == 2
    assert jobs.counted_attempts(connection, job.id) == 1


@pytest.mark.parametrize("is_queued_again", [True, False], ids=["queued again", "running again"])
def test_nothing_that_an_old_attempt_writes_counts(connection: Connection, key: ApiKey, is_queued_again: bool) -> None:
    job = added_job(connection, key)
    jobs.claim(connection, job.id, "agent", 200.0)
    jobs.requeue(connection, job.id, 1, 201.0)
    if not is_queued_again:
        jobs.claim(connection, job.id, "another", 202.0)
    before = now(connection, job)
    assert jobs.write_progress(connection, job.id, 1, Progress(stage="sampling", share=0.5)) is None
    assert jobs.is_to_stop(connection, job.id, 1) is None
    assert jobs.end(connection, job.id, 1, JobState.SUCCEEDED, 300.0, 5, result=RESULT) is None
    assert jobs.requeue(connection, job.id, 1, 300.0) is None
    assert now(connection, job) == before


def test_a_run_hears_that_it_is_to_stop(connection: Connection, key: ApiKey) -> None:
    job = added_job(connection, key)
    assert not jobs.request_cancel(connection, job.id)
    jobs.claim(connection, job.id, "agent", 200.0)
    assert (
        jobs.write_progress(connection, job.id, 1, Progress(stage="sampling", share=0.5, step=10, steps=20, eta_s=3.0))
        is False
    )
    assert jobs.request_cancel(connection, job.id)
    assert jobs.is_to_stop(connection, job.id, 1) is True
    assert jobs.write_progress(connection, job.id, 1, Progress(stage="sampling", share=0.6)) is True
    assert now(connection, job).progress == Progress(stage="sampling", share=0.6)


def test_an_end_is_kept_with_its_reason_or_result(connection: Connection, key: ApiKey) -> None:
    good, bad = added_job(connection, key), added_job(connection, key)
    for job in (good, bad):
        jobs.claim(connection, job.id, "agent", 200.0)
    jobs.end(connection, good.id, 1, JobState.SUCCEEDED, 210.0, 5, result=RESULT)
    jobs.end(connection, bad.id, 1, JobState.FAILED, 220.0, 0, FAILURE)
    done, failed = now(connection, good), now(connection, bad)
    assert (done.result, done.failure, done.charged_micros, done.ran_s) == (RESULT, None, 5, 10.0)
    assert (failed.result, failed.failure, failed.charged_micros, failed.ran_s) == (None, FAILURE, 0, 20.0)


def test_an_outlook_knows_what_such_jobs_took(connection: Connection, key: ApiKey) -> None:
    done, waiting = added_job(connection, key), added_job(connection, key)
    assert outlook(connection, waiting) == Outlook(1, None, 0)
    jobs.claim(connection, done.id, "agent", 200.0)
    jobs.end(connection, done.id, 1, JobState.SUCCEEDED, 210.0, 5, result=StackResult())
    assert outlook(connection, waiting) == Outlook(0, 10.0, 0)
    assert outlook(connection, done) == Outlook(None, None, None)
    jobs.claim(connection, waiting.id, "agent", 220.0)
    assert outlook(connection, waiting) == Outlook(None, 10.0, None)


def outlook(connection: Connection, job: Job) -> Outlook:
    found = seen(connection, job.id, job.key_id)
    assert found is not None
    assert found[0] == now(connection, job)
    return found[1]


@pytest.mark.parametrize("state", ENDS)
def test_an_ended_job_ends_only_once(connection: Connection, key: ApiKey, state: JobState) -> None:
    job = added_job(connection, key)
    jobs.claim(connection, job.id, "agent", 200.0)
    assert jobs.end(connection, job.id, 1, state, 210.0, 0) is not None
    ended = now(connection, job)
    for other in ENDS:
        assert jobs.end(connection, job.id, None, other, 220.0, 0) is None
    assert jobs.claim(connection, job.id, "agent", 230.0) is None
    assert not jobs.request_cancel(connection, job.id)
    assert now(connection, job) == ended


def test_a_queued_job_cannot_succeed(connection: Connection, key: ApiKey) -> None:
    job = added_job(connection, key)
    assert jobs.end(connection, job.id, None, JobState.SUCCEEDED, 200.0, 5) is None


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_called_in_whatever_order_only_legal_ways_are_gone(database: Database, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311

    def any_attempt(job: Job) -> int:
        return dice.choice([job.attempt, job.attempt, job.attempt - 1, job.attempt + 1, 0])

    verbs: list[Callable[[Connection, Job], object]] = [
        lambda c, job: jobs.claim(c, job.id, "agent", 1.0),
        lambda c, job: jobs.requeue(c, job.id, any_attempt(job), 1.0, dice.random() < 0.5),
        lambda c, job: jobs.write_progress(c, job.id, any_attempt(job), Progress(stage="x", share=dice.random())),
        lambda c, job: jobs.request_cancel(c, job.id),
        lambda c, job: jobs.end(c, job.id, dice.choice([None, any_attempt(job)]), dice.choice(ENDS), 1.0, 0),
        lambda c, job: jobs.forget_contents(c, job.id),
    ]
    weights = [6, 4, 4, 1, 1, 1]
    with database.engine.begin() as connection:
        key = added_key(connection)
        for _ in range(4):
            job = added_job(connection, key)
            for _ in range(25):
                before = now(connection, job)
                dice.choices(verbs, weights)[0](connection, before)
                after = now(connection, job)
                assert after.state is before.state or (before.state, after.state) in TRANSITIONS.values()
                assert after.attempt - before.attempt == (
                    (before.state, after.state) == (JobState.QUEUED, JobState.RUNNING)
                )


def test_what_is_past_its_deadline_is_found(connection: Connection, key: ApiKey) -> None:
    late, running = (replace(added_job(connection, key), id=name, created_at=1.0, queued_at=1.0) for name in ("a", "b"))
    for job in (late, running):
        jobs.insert(connection, job, 50.0, None, None)
    jobs.claim(connection, "b", "agent", 10.0)
    jobs.set_run_by(connection, "b", 60.0)
    assert (jobs.past_start(connection, 49.0), jobs.past_run(connection, 59.0)) == ([], [])
    assert (jobs.past_start(connection, 51.0), jobs.past_run(connection, 61.0)) == (["a"], [("b", 1)])
    jobs.requeue(connection, "b", 1, 62.0)
    assert jobs.past_start(connection, 63.0) == ["a"]  # b has started in time
    assert jobs.past_run(connection, 63.0) == []


def test_counts_are_of_what_is_open_or_recent(connection: Connection, key: ApiKey) -> None:
    running, _, cancelled = (added_job(connection, key) for _ in range(3))
    jobs.claim(connection, running.id, "agent", 1.0)
    jobs.end(connection, cancelled.id, None, JobState.CANCELLED, 1.0, 0)
    assert jobs.count_open(connection, key.id) == 2
    assert jobs.count_since(connection, key.id, 99.0) == 3
    assert jobs.count_since(connection, key.id, 101.0) == 0
    assert jobs.count_by_state(connection) == {("queued", "a-model"): 1, ("running", "a-model"): 1}


def test_what_is_forgotten_leaves_a_bare_row(connection: Connection, key: ApiKey) -> None:
    job = added_job(connection, key, task=DecomposeTask(prompt="secret"), webhook_url="https://example.org")
    jobs.forget_contents(connection, job.id)
    assert now(connection, job).request.task == DecomposeTask(prompt="secret")  # it is open still
    jobs.claim(connection, job.id, "agent", 200.0)
    jobs.end(connection, job.id, 1, JobState.SUCCEEDED, 210.0, 5, result=StackResult())
    assert jobs.ended_before(connection, 211.0) == [job.id]
    jobs.forget_contents(connection, job.id)
    bare = now(connection, job)
    assert (bare.result, bare.request.has_task, bare.request.webhook_url) == (None, False, None)
    assert (bare.request.kind, bare.request.model, bare.charged_micros) == (TaskKind.DECOMPOSE, "a-model", 5)
    assert jobs.ended_before(connection, 211.0) == []
