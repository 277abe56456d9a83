"""Agents: heard of or given up, and with them the jobs that they ran."""

from sqlalchemy import Connection
from store_rows import added_job

from lamina.core.keys import ApiKey
from lamina.store import agents, jobs
from lamina.store.agents import AgentRecord


def agent_named(name: str) -> AgentRecord:
    return AgentRecord(id=name, host="host", process=1, device="cpu", started_at=1.0, seen_at=1.0)


def test_an_agent_that_is_not_heard_of_is_given_up(connection: Connection) -> None:
    quiet, lively = (agent_named(name) for name in ("quiet", "lively"))
    for agent in (quiet, lively):
        agents.insert(connection, agent)
    assert agents.beat(connection, "lively", 20.0)
    assert agents.remove_unseen(connection, since=10.0) == 1
    assert [agent.id for agent in agents.every(connection)] == ["lively"]
    assert not agents.beat(connection, "quiet", 21.0)


def test_jobs_of_agents_that_are_gone_are_abandoned(connection: Connection, key: ApiKey) -> None:
    agents.insert(connection, agent_named("there"))
    kept, lost, _queued = (added_job(connection, key) for _ in range(3))
    jobs.claim(connection, kept.id, "there", 1.0)
    jobs.claim(connection, lost.id, "gone", 1.0)
    assert [job.id for job in agents.abandoned(connection)] == [lost.id]
    agents.remove(connection, "there")
    assert {job.id for job in agents.abandoned(connection)} == {kept.id, lost.id}
