"""What must be true of jobs, money and webhooks when the storm is over, asked of the database itself."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from chaos_receiver import Receiver
from sqlalchemy import Connection

from audits import wrong_balances
from lamina.core.jobs import OPEN, JobState
from lamina.store import wallets
from lamina.store.tables import files, job_events, jobs, ledger, webhooks

ENDED = frozenset(JobState) - OPEN


@dataclass
class Verdict:
    """`wrong`: sentences, and none where all is well. The rest is what happened."""

    jobs: int = 0
    lost: int = 0
    twice: int = 0
    states: dict[str, int] = field(default_factory=dict[str, int])
    attempts: int = 0
    most_attempts: int = 0
    balance_micros: int = 0
    expected_micros: int = 0
    webhooks_taken: int = 0
    webhooks_repeated: int = 0
    webhooks_refused: int = 0
    wrong: list[str] = field(default_factory=list[str])


def judged(connection: Connection, key_id: str, credit_micros: int, ids: Iterable[str], receiver: Receiver) -> Verdict:
    """`ids`: of the jobs that clients were promised, one for each idempotency key."""
    verdict, wanted = Verdict(), set(ids)
    rows = connection.execute(sa.select(jobs).where(jobs.c.key_id == key_id)).all()
    verdict.jobs, verdict.lost = len(rows), len(wanted - {row.id for row in rows})
    verdict.twice = len({row.id for row in rows} - wanted)
    verdict.states = dict(Counter(row.state for row in rows))
    verdict.attempts = sum(row.attempt for row in rows)
    verdict.most_attempts = max((row.attempt for row in rows), default=0)
    if verdict.lost or verdict.twice:
        verdict.wrong.append(f"{verdict.lost} jobs are lost, {verdict.twice} are there that nobody was promised")
    for row in rows:
        verdict.wrong += [f"job {row.id}: {what}" for what in _wrong_of_job(connection, row)]
        verdict.wrong += [f"job {row.id}: {what}" for what in _wrong_of_webhook(connection, row, receiver)]
    _judge_money(connection, verdict, key_id, credit_micros, rows)
    verdict.webhooks_taken = sum(bool(taken) for taken in receiver.taken.values())
    verdict.webhooks_repeated = sum(len(taken) - 1 for taken in receiver.taken.values() if taken)
    verdict.webhooks_refused = receiver.refused
    if receiver.forged:
        verdict.wrong.append(f"{receiver.forged} webhooks had a signature that is not ours")
    return verdict


def is_all_done(connection: Connection, key_id: str, count: int) -> bool:
    """Whether so many jobs have ended, and no webhook waits."""
    ended = sa.select(sa.func.count()).select_from(jobs).where(jobs.c.key_id == key_id, jobs.c.state.in_(ENDED))
    waiting = sa.select(sa.func.count()).select_from(webhooks).where(webhooks.c.state == "pending")
    return connection.execute(ended).scalar_one() >= count and not connection.execute(waiting).scalar_one()


def _wrong_of_job(connection: Connection, row: sa.Row[Any]) -> list[str]:
    wrong: list[str] = []
    if row.state not in ("succeeded", "cancelled"):
        wrong.append(f"it is {row.state}: {row.failure}")
    entries = Counter(
        connection.execute(sa.select(ledger.c.kind).where(ledger.c.job_id == row.id)).scalars()
    )  # fmt: skip
    end = wallets.SETTLE if row.state == "succeeded" else wallets.RELEASE
    if entries != {wallets.HOLD: 1, end: 1}:
        wrong.append(f"{row.state}, and its ledger says {dict(entries)}")
    if row.charged_micros != (row.price_micros if row.state == "succeeded" else 0):
        wrong.append(f"{row.state}, and charged {row.charged_micros} of {row.price_micros}")
    told = connection.execute(
        sa.select(job_events.c.data).where(job_events.c.job_id == row.id, job_events.c.kind == "state")
    ).scalars()
    ends = [data["state"] for data in told if data["state"] in ENDED]
    if ends != [row.state]:
        wrong.append(f"it ended {len(ends)} times: {ends}")
    made = connection.execute(
        sa.select(sa.func.count()).select_from(files).where(files.c.job_id == row.id)
    ).scalar_one()
    if made != (1 if row.state == "succeeded" else 0):
        wrong.append(f"{row.state}, with {made} files")
    return wrong


def _wrong_of_webhook(connection: Connection, row: sa.Row[Any], receiver: Receiver) -> list[str]:
    stored = connection.execute(sa.select(webhooks.c.id, webhooks.c.state).where(webhooks.c.job_id == row.id)).all()
    taken = receiver.taken.get(row.id, [])
    if [one.state for one in stored] != ["delivered"]:
        return [f"its webhook is {[one.state for one in stored]}"]
    if not taken or set(taken) != {(stored[0].id, row.state)}:
        return [f"{row.state}, and its webhook said {taken}"]
    return []


def _judge_money(
    connection: Connection, verdict: Verdict, key_id: str, credit_micros: int, rows: Iterable[sa.Row[Any]]
) -> None:
    verdict.balance_micros = wallets.balance_micros(connection, key_id)
    verdict.expected_micros = credit_micros - sum(row.price_micros for row in rows if row.state == "succeeded")
    if verdict.balance_micros != verdict.expected_micros:
        verdict.wrong.append(f"the balance is {verdict.balance_micros}, and should be {verdict.expected_micros}")
    if unequal := wrong_balances(connection):
        verdict.wrong.append(f"balances that are not their ledger's sum: {unequal}")
