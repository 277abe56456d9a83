"""What the queue knows of a job: how many go before it, and how long such jobs take."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam

from lamina.core.jobs import Job, JobState
from lamina.store.job_rows import job_of
from lamina.store.tables import IS_SUCCEEDED, agents, jobs

_OWN = jobs.alias("own")
# States written out: bound, they have SQLite plan the statement anew each time, which takes longer than to run it.
_QUEUED, _RUNNING = (sa.literal_column(f"'{state}'") for state in (JobState.QUEUED, JobState.RUNNING))
_WAITING = sa.select(sa.func.count()).select_from(jobs).where(jobs.c.state == _QUEUED).correlate(_OWN)
# Two ranges of the index: of an "or" of both, SQLite would read the whole queue.
_AHEAD = (
    _WAITING.where(jobs.c.priority > _OWN.c.priority).scalar_subquery()
    + _WAITING.where(jobs.c.priority == _OWN.c.priority, jobs.c.id < _OWN.c.id).scalar_subquery()
)
_LATEST = (
    sa.select((jobs.c.ended_at - jobs.c.started_at).label("ran_s"))
    .where(IS_SUCCEEDED, jobs.c.model == _OWN.c.model, jobs.c.kind == _OWN.c.kind)
    .order_by(jobs.c.id.desc())
    .limit(20)
    .correlate(_OWN)
    .subquery()
)
_USUAL_RUN = sa.select(sa.func.avg(_LATEST.c.ran_s)).correlate(_OWN).scalar_subquery()
_AGENTS = sa.select(sa.func.count()).select_from(agents).scalar_subquery()
# One question: it is asked more often than all others together.
_SEEN = sa.select(
    _OWN,
    sa.case((_OWN.c.state == _QUEUED, _AHEAD)).label("position"),
    sa.case((_OWN.c.state == _QUEUED, _USUAL_RUN), (_OWN.c.state == _RUNNING, _USUAL_RUN)).label("usual_s"),
    sa.case((_OWN.c.state == _QUEUED, _AGENTS)).label("agent_count"),
).where(_OWN.c.id == bindparam("job_id"))


@dataclass(frozen=True, slots=True)
class Outlook:
    """`position`, `agent_count`: how many go before it, and how many agents there are, while it waits; `usual_s`: the
    mean run time of the model's latest jobs of that kind, while it is open, where there are any.
    """

    position: int | None
    usual_s: float | None
    agent_count: int | None


def seen(connection: Connection, job_id: str, key_id: str) -> tuple[Job, Outlook] | None:
    """A job and what the queue knows of it; None, too, where it is not that key's."""
    row = connection.execute(_SEEN, {"job_id": job_id}).first()
    if row is None or row.key_id != key_id:
        return None
    return job_of(row), Outlook(row.position, row.usual_s, row.agent_count)
