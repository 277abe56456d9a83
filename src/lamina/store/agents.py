"""The agents that run jobs, and when each was last heard of."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.core.jobs import Job, JobState
from lamina.store import jobs
from lamina.store.tables import agents
from lamina.store.tables import jobs as jobs_table

_COUNT = sa.select(sa.func.count()).select_from(agents)


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """`device`: as the engine names it. Times are seconds since 1970."""

    id: str
    host: str
    process: int
    device: str
    started_at: float
    seen_at: float


def insert(connection: Connection, agent: AgentRecord) -> None:
    connection.execute(
        agents.insert(),
        {
            "id": agent.id,
            "host": agent.host,
            "process": agent.process,
            "device": agent.device,
            "started_at": agent.started_at,
            "seen_at": agent.seen_at,
        },
    )


def beat(connection: Connection, agent_id: str, now: float) -> bool:
    """False where it was given up in the meantime, and must come back under a new id."""
    seen = agents.update().where(agents.c.id == agent_id).values(seen_at=now)
    return bool(connection.execute(seen).rowcount)


def remove(connection: Connection, agent_id: str) -> None:
    connection.execute(agents.delete().where(agents.c.id == agent_id))


def remove_unseen(connection: Connection, since: float) -> int:
    return connection.execute(agents.delete().where(agents.c.seen_at < since)).rowcount


def every(connection: Connection) -> list[AgentRecord]:
    return [AgentRecord(*row) for row in connection.execute(sa.select(agents).order_by(agents.c.id))]


def count(connection: Connection) -> int:
    return connection.execute(_COUNT).scalar_one()


def remove_all(connection: Connection) -> None:
    connection.execute(agents.delete())


def abandoned(connection: Connection) -> list[Job]:
    """Running jobs whose agent is not there any more."""
    is_there = sa.select(agents.c.id).where(agents.c.id == jobs_table.c.agent_id).exists()
    lost = sa.select(jobs_table.c.id).where(jobs_table.c.state == JobState.RUNNING, ~is_there)
    return [job for job_id in connection.execute(lost).scalars() if (job := jobs.by_id(connection, job_id))]
