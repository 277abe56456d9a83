"""Queries a job together with its position in the queue and the usual run time of such jobs."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam

from lamina.core.jobs import Job, JobState
from lamina.store.job_rows import job_of
from lamina.store.tables import IS_SUCCEEDED, agents, jobs

_OWN = jobs.alias("own")
# Literals instead of parameters: with parameters SQLite plans the statement anew each time, which takes longer than
# running it.
_QUEUED, _RUNNING = (sa.literal_column(f"'{state}'") for state in (JobState.QUEUED, JobState.RUNNING))
_WAITING = sa.select(sa.func.count()).select_from(jobs).where(jobs.c.state == _QUEUED).correlate(_OWN)
# A sum of two counts, each of which reads a range of the index: for an OR, SQLite would read the whole queue.
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
# One statement: it runs more often than all others together.
_WITH_OUTLOOK = sa.select(
    _OWN,
    sa.case((_OWN.c.state == _QUEUED, _AHEAD)).label("position"),
    sa.case((_OWN.c.state == _QUEUED, _USUAL_RUN), (_OWN.c.state == _RUNNING, _USUAL_RUN)).label("usual_s"),
    sa.case((_OWN.c.state == _QUEUED, _AGENTS)).label("agent_count"),
).where(_OWN.c.id == bindparam("job_id"))


@dataclass(frozen=True, slots=True)
class Outlook:
    """`position`: number of jobs before it in the queue; `agent_count`: number of agents; both None unless the job is
    queued. `usual_s`: mean run time in seconds of the latest 20 successful jobs of that model and kind; None if there
    are none, or if the job has ended.
    """

    position: int | None
    usual_s: float | None
    agent_count: int | None


def seen(connection: Connection, job_id: str, key_id: str) -> tuple[Job, Outlook] | None:
    """A job with its outlook; None if there is no such job, or if it belongs to another key."""
    row = connection.execute(_WITH_OUTLOOK, {"job_id": job_id}).first()
    if row is None or row.key_id != key_id:
        return None
    return job_of(row), Outlook(row.position, row.usual_s, row.agent_count)
