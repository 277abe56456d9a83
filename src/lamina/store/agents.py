"""Stores the agents that run jobs, each with the time of its last heartbeat."""

from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.core.jobs import Job, JobState
from lamina.store import jobs
from lamina.store.tables import agents
from lamina.store.tables import jobs as jobs_table

_COUNT = sa.select(sa.func.count()).select_from(agents)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRecord:
    """`host`, `process`: the machine's name and the process id; `device`: the engine's name for it, such as "cuda:0".

    Times are seconds since 1970.
    """

    id: str
    host: str
    process: int
    device: str
    started_at: float
    seen_at: float


def insert(connection: Connection, agent: AgentRecord) -> None:
    connection.execute(agents.insert(), asdict(agent))


def beat(connection: Connection, agent_id: str, now: float) -> bool:
    """Record a heartbeat. False if the agent was removed in the meantime; it must then register under a new id."""
    seen = agents.update().where(agents.c.id == agent_id).values(seen_at=now)
    return bool(connection.execute(seen).rowcount)


def remove(connection: Connection, agent_id: str) -> None:
    connection.execute(agents.delete().where(agents.c.id == agent_id))


def remove_unseen(connection: Connection, since: float) -> int:
    """Remove the agents without a heartbeat since then; returns their number."""
    return connection.execute(agents.delete().where(agents.c.seen_at < since)).rowcount


def every(connection: Connection) -> list[AgentRecord]:
    return [AgentRecord(**row) for row in connection.execute(sa.select(agents).order_by(agents.c.id)).mappings()]


def count(connection: Connection) -> int:
    return connection.execute(_COUNT).scalar_one()


def remove_all(connection: Connection) -> None:
    connection.execute(agents.delete())


def abandoned(connection: Connection) -> list[Job]:
    """Running jobs whose agent has been removed."""
    has_agent = sa.select(agents.c.id).where(agents.c.id == jobs_table.c.agent_id).exists()
    lost = sa.select(jobs_table.c.id).where(jobs_table.c.state == JobState.RUNNING, ~has_agent)
    return [job for job_id in connection.execute(lost).scalars() if (job := jobs.by_id(connection, job_id))]
