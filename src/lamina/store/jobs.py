"""The jobs table. What a run writes carries its attempt, and has no effect once another attempt has begun."""

from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam

from lamina.core.job_results import Result
from lamina.core.jobs import OPEN, Failure, Job, JobState, Progress, states_before
from lamina.core.result_records import encode_result
from lamina.core.tasks import TaskKind
from lamina.store.job_rows import job_of, progress_record, request_record
from lamina.store.tables import jobs

_C = jobs.c
_OPEN = tuple(sorted(OPEN))
_ENDED = ("state", "ended_at", "charged_micros", "failure", "result")
_BY_ID = sa.select(jobs).where(_C.id == bindparam("job_id"))
_LOCKED = _BY_ID.with_for_update(key_share=True)
_NEXT = (
    sa.select(_C.id).where(_C.state == JobState.QUEUED).order_by(_C.priority.desc(), _C.id).limit(bindparam("count"))
)
_CLAIM = (
    jobs.update()
    .where(_C.id == bindparam("job_id"), _C.state == JobState.QUEUED)
    .values(
        state=JobState.RUNNING,
        attempt=_C.attempt + 1,
        agent_id=bindparam("agent"),
        started_at=bindparam("now", type_=sa.Double),
        progress={},
    )
    .returning(*_C)
)
_PROGRESS = (
    jobs.update()
    .where(_C.id == bindparam("job_id"), _C.attempt == bindparam("of_attempt"), _C.state == JobState.RUNNING)
    .values(progress=bindparam("progress", type_=sa.JSON))
    .returning(_C.is_cancel_requested)
)
_IS_TO_STOP = sa.select(_C.is_cancel_requested).where(
    _C.id == bindparam("job_id"), _C.attempt == bindparam("of_attempt"), _C.state == JobState.RUNNING
)
_SET_RUN_BY = jobs.update().where(_C.id == bindparam("job_id")).values(run_by=bindparam("until", type_=sa.Double))
_END = (
    jobs.update()
    .where(
        _C.id == bindparam("job_id"),
        _C.state.in_(bindparam("before", expanding=True)),
        _C.attempt == sa.func.coalesce(bindparam("of_attempt", type_=sa.Integer), _C.attempt),
    )
    .values({name: bindparam(f"its_{name}", type_=_C[name].type) for name in _ENDED})
    .returning(*_C)
)


def insert(
    connection: Connection, job: Job, start_by: float | None, idempotency_key: str | None, body_hash: str | None
) -> None:
    connection.execute(
        jobs.insert(),
        {
            "id": job.id,
            "key_id": job.key_id,
            "kind": job.request.kind,
            "model": job.request.model,
            "state": job.state,
            "priority": job.request.priority,
            "attempt": job.attempt,
            "excused_attempts": 0,
            "created_at": job.created_at,
            "queued_at": job.queued_at,
            "start_by": start_by,
            "is_cancel_requested": False,
            "price_micros": job.price_micros,
            "charged_micros": 0,
            "request": request_record(job.request),
            "progress": {},
            "idempotency_key": idempotency_key,
            "body_hash": body_hash,
        },
    )


def by_id(connection: Connection, job_id: str, key_id: str | None = None) -> Job | None:
    """None also where the job belongs to another key."""
    row = connection.execute(_BY_ID, {"job_id": job_id}).first()
    return None if row is None or (key_id is not None and row.key_id != key_id) else job_of(row)


def locked(connection: Connection, job_id: str, key_id: str | None = None) -> Job | None:
    """As `by_id`, and locks the row until this transaction ends. SQLite has one writer anyway."""
    row = connection.execute(_LOCKED, {"job_id": job_id}).first()
    return None if row is None or (key_id is not None and row.key_id != key_id) else job_of(row)


def locked_run(connection: Connection, job_id: str, attempt: int) -> Job | None:
    """As `locked`; None also if the job is not running, or another attempt has begun."""
    job = locked(connection, job_id)
    is_match = job is not None and job.attempt == attempt and job.state is JobState.RUNNING
    return job if is_match else None


def by_idempotency_key(connection: Connection, key_id: str, idempotency_key: str) -> tuple[Job, str] | None:
    """The job, and the hash of the body that it was submitted with."""
    is_match = (_C.key_id == key_id) & (_C.idempotency_key == idempotency_key)
    row = connection.execute(sa.select(jobs).where(is_match)).first()
    return None if row is None else (job_of(row), row.body_hash)


def of_idempotency_keys(connection: Connection, key_id: str, idempotency_keys: list[str]) -> dict[str, Job]:
    """The jobs that exist, by idempotency key."""
    rows = connection.execute(
        sa.select(jobs).where(_C.key_id == key_id, _C.idempotency_key.in_(idempotency_keys)).order_by(_C.id)
    )
    return {row.idempotency_key: job_of(row) for row in rows}


def usage_since(connection: Connection, key_id: str, since: float) -> tuple[int, int]:
    """(micro-dollars charged, jobs submitted) since that time."""
    recent = (_C.key_id == key_id) & (_C.created_at >= since)
    charged, count = sa.func.coalesce(sa.func.sum(_C.charged_micros), 0), sa.func.count()
    row = connection.execute(sa.select(charged, count).where(recent)).one()
    return int(row[0]), row[1]


def of_key(
    connection: Connection, key_id: str, limit: int, before: str | None = None, state: JobState | None = None
) -> list[Job]:
    """Newest first. `before`: the id of a job; only older ones."""
    query = sa.select(jobs).where(_C.key_id == key_id).order_by(_C.id.desc()).limit(limit)
    if before is not None:
        query = query.where(_C.id < before)
    if state is not None:
        query = query.where(_C.state == state)
    return [job_of(row) for row in connection.execute(query)]


def trained(connection: Connection, key_id: str, limit: int) -> list[Job]:
    """The trainings of the key that have a result, newest first."""
    is_match = (_C.key_id == key_id) & (_C.kind == TaskKind.TRAIN) & _C.result.is_not(None)
    return [
        job_of(row) for row in connection.execute(sa.select(jobs).where(is_match).order_by(_C.id.desc()).limit(limit))
    ]


def count_open(connection: Connection, key_id: str) -> int:
    is_open = (_C.key_id == key_id) & _C.state.in_(_OPEN)
    return connection.execute(sa.select(sa.func.count()).select_from(jobs).where(is_open)).scalar_one()


def count_since(connection: Connection, key_id: str, since: float) -> int:
    is_recent = (_C.key_id == key_id) & (_C.created_at > since)
    return connection.execute(sa.select(sa.func.count()).select_from(jobs).where(is_recent)).scalar_one()


def count_by_state(connection: Connection) -> dict[tuple[str, str], int]:
    """{(state, model): number of jobs}, of open jobs."""
    rows = connection.execute(
        sa.select(_C.state, _C.model, sa.func.count()).where(_C.state.in_(_OPEN)).group_by(_C.state, _C.model)
    )
    return {(row[0], row[1]): row[2] for row in rows}


def next_queued(connection: Connection, count: int = 1) -> list[str]:
    """The ids of the next queued jobs, by priority and then by age."""
    return list(connection.execute(_NEXT, {"count": count}).scalars())


def queued(connection: Connection) -> list[Job]:
    rows = connection.execute(sa.select(jobs).where(_C.state == JobState.QUEUED).order_by(_C.priority.desc(), _C.id))
    return [job_of(row) for row in rows]


def running(connection: Connection) -> list[Job]:
    return [job_of(row) for row in connection.execute(sa.select(jobs).where(_C.state == JobState.RUNNING))]


def claim(connection: Connection, job_id: str, agent_id: str, now: float) -> Job | None:
    """The job, its attempt increased by one, if it was still queued."""
    row = connection.execute(_CLAIM, {"job_id": job_id, "agent": agent_id, "now": now}).first()
    return None if row is None else job_of(row)


def set_run_by(connection: Connection, job_id: str, run_by: float) -> None:
    connection.execute(_SET_RUN_BY, {"job_id": job_id, "until": run_by})


def write_progress(connection: Connection, job_id: str, attempt: int, progress: Progress) -> bool | None:
    """Whether the job is to be cancelled; None if this attempt is not the latest, or the job has ended."""
    wanted = {"job_id": job_id, "of_attempt": attempt, "progress": progress_record(progress)}
    row = connection.execute(_PROGRESS, wanted).first()
    return None if row is None else bool(row[0])


def is_to_stop(connection: Connection, job_id: str, attempt: int) -> bool | None:
    """As `write_progress`, without writing."""
    return connection.execute(_IS_TO_STOP, {"job_id": job_id, "of_attempt": attempt}).scalar()


def end(
    connection: Connection,
    job_id: str,
    attempt: int | None,
    state: JobState,
    now: float,
    charged_micros: int,
    failure: Failure | None = None,
    result: Result | None = None,
) -> Job | None:
    """None if the job cannot come into that state any more, or another attempt has begun. `attempt`: None is any."""
    values = {
        "job_id": job_id,
        "of_attempt": attempt,
        "before": states_before(state),
        "its_state": state,
        "its_ended_at": now,
        "its_charged_micros": charged_micros,
        "its_failure": None if failure is None else asdict(failure),
        "its_result": None if result is None else encode_result(result),
    }
    row = connection.execute(_END, values).first()
    return None if row is None else job_of(row)


def requeue(connection: Connection, job_id: str, attempt: int, now: float, is_excused: bool = False) -> Job | None:
    """Puts a running job back to its old place in the queue. `is_excused`: the attempt does not count."""
    row = connection.execute(
        jobs.update()
        .where(_C.id == job_id, _C.attempt == attempt, _C.state == JobState.RUNNING)
        .values(
            state=JobState.QUEUED,
            queued_at=now,
            agent_id=None,
            run_by=None,
            progress={},
            excused_attempts=_C.excused_attempts + int(is_excused),
        )
        .returning(*_C)
    ).first()
    return None if row is None else job_of(row)


def counted_attempts(connection: Connection, job_id: str) -> int:
    return connection.execute(sa.select(_C.attempt - _C.excused_attempts).where(_C.id == job_id)).scalar_one()


def request_cancel(connection: Connection, job_id: str) -> bool:
    """Marks a running job to be cancelled; False if it is not running."""
    is_running = (_C.id == job_id) & (_C.state == JobState.RUNNING)
    return bool(connection.execute(jobs.update().where(is_running).values(is_cancel_requested=True)).rowcount)


def past_start(connection: Connection, now: float) -> list[str]:
    """The ids of queued jobs whose start deadline has passed."""
    return list(
        connection.execute(
            sa.select(_C.id).where(_C.state == JobState.QUEUED, _C.attempt == 0, _C.start_by < now)
        ).scalars()
    )


def past_run(connection: Connection, now: float) -> list[tuple[str, int]]:
    """(id, attempt) of running jobs whose run deadline has passed."""
    rows = connection.execute(sa.select(_C.id, _C.attempt).where(_C.state == JobState.RUNNING, _C.run_by < now))
    return [(row[0], row[1]) for row in rows]


def ended_before(connection: Connection, then: float, limit: int = 500) -> list[str]:
    """The ids of jobs whose contents are not removed yet."""
    is_whole = sa.cast(_C.request, sa.Text) != "{}"
    old = sa.select(_C.id).where(_C.ended_at < then, is_whole).order_by(_C.ended_at).limit(limit)
    return list(connection.execute(old).scalars())


def forget_contents(connection: Connection, job_id: str) -> None:
    """Removes the request and the result; the row stays, for the ledger."""
    update = jobs.update().where(_C.id == job_id, _C.state.not_in(_OPEN))
    connection.execute(update.values(result=None, request={}, idempotency_key=None, body_hash=None))
