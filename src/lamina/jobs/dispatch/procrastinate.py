"""Dispatches over Postgres with Procrastinate, to agents on many machines.

A Procrastinate job is deferred in the transaction that queues Lamina's job; it contains only the id of that job.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from lamina.core.errors import ErrorCode, LaminaError
from lamina.installation import install_command
from lamina.store.database import Database

_log = logging.getLogger(__name__)
_QUEUE, _TASK = "lamina", "lamina.run"
_POLL_S = 1.0  # in case a notification is lost
_RESTART_S = 0.5
_ABORTS_POLL_S = 3600.0  # not used: cancellation goes through the jobs table
_STOP_S = 2.0

_DEFER = (
    "with deferred as ({query}) update jobs set dispatch_ref = deferred.id from deferred where jobs.id = %(job_id)s"
)

# A row is needed while it waits, while its worker lives and runs the job, and between its fetch and the claim of the
# job. Any other row was left by a crash or a lost answer.
_DELETE_STALE = sa.text("""
delete from procrastinate_jobs as row
where queue_name = :queue and status <> 'todo' and not (
    status = 'doing'
    and exists (
        select from procrastinate_workers
        where id = row.worker_id and last_heartbeat > now() - make_interval(secs => :lost_s)
    )
    and (
        exists (select from jobs where id = row.args ->> 'job_id' and state = 'running')
        or exists (
            select from procrastinate_events
            where job_id = row.id and type = 'started' and at > now() - make_interval(secs => :lost_s)
        )
    )
)
""")
_SELECT_LOST = sa.text("""
select id, priority, attempt > 0 from jobs where state = 'queued' and not exists (
    select from procrastinate_jobs as row where row.id = jobs.dispatch_ref and row.args ->> 'job_id' = jobs.id
)
order by priority desc, id
""")


class ProcrastinateDispatcher:
    """`url`: as `Database` takes it. `agent_lost_s`: seconds without a heartbeat after which a worker
    loses the rows it has fetched."""

    def __init__(self, database: Database, url: str, agent_lost_s: float = 15.0) -> None:
        self._database, self._lost_s = database, agent_lost_s
        self._conninfo = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)

    def open(self) -> None:
        """Creates or upgrades Procrastinate's tables. Call it after `migrate` and before anything else.

        Raises `LaminaError` (store_unavailable).
        """
        try:
            from lamina.jobs.dispatch.procrastinate_schema import apply_schema

            self._database.write_now(apply_schema)
        except ImportError:
            raise LaminaError(
                ErrorCode.STORE_UNAVAILABLE,
                "The Postgres dispatcher needs the package procrastinate.",
                f"Install it: {install_command('postgres')}.",
            ) from None

    def enqueue(self, transaction: Any, job_id: str, priority: int, is_again: bool = False) -> None:
        from procrastinate.sql import queries
        from psycopg.types.json import Jsonb

        # Procrastinate orders by priority and then by row id; a job that is queued again has a newer row
        row = (_QUEUE, _TASK, 2 * priority + is_again, None, None, Jsonb({"job_id": job_id}), None)
        defer = _DEFER.format(query=queries["defer_jobs"].rstrip("; \n"))
        transaction.exec_driver_sql(defer, {"jobs": [row], "job_id": job_id})

    def wake(self) -> None:
        """Does nothing: Postgres has notified the workers."""

    def reconcile(self, transaction: Any) -> None:
        transaction.execute(_DELETE_STALE, {"queue": _QUEUE, "lost_s": self._lost_s})
        for job_id, priority, is_again in transaction.execute(_SELECT_LOST).all():
            self.enqueue(transaction, job_id, priority, is_again)

    async def serve(self, run: Callable[[str], Awaitable[None]], slots: int) -> None:
        try:
            while True:
                await self._work(run, slots)
                await asyncio.sleep(_RESTART_S)
        finally:
            # Other agents get the jobs that this process has fetched but not started.
            with contextlib.suppress(LaminaError, TimeoutError):
                async with asyncio.timeout(_STOP_S):
                    await self._database.write(self.reconcile)

    async def _work(self, run: Callable[[str], Awaitable[None]], slots: int) -> None:
        """Runs a worker until it ends, as it does when it was frozen for so long that others took it for dead."""
        from procrastinate import App

        from lamina.jobs.dispatch.lasting_connector import LastingConnector

        async def run_job(job_id: str) -> None:
            await run(job_id)

        connector = LastingConnector(self._conninfo)
        app = App(connector=connector)
        app.task(name=_TASK, queue=_QUEUE)(run_job)
        worker = asyncio.create_task(
            app.run_worker_async(
                queues=[_QUEUE],
                concurrency=slots,
                fetch_job_polling_interval=_POLL_S,
                abort_job_polling_interval=_ABORTS_POLL_S,
                shutdown_graceful_timeout=0,
                delete_jobs="always",
                install_signal_handlers=False,
                update_heartbeat_interval=self._lost_s / 4,
                stalled_worker_timeout=4 * self._lost_s,
            )
        )
        try:
            await asyncio.wait({worker})
            _log.warning("the dispatcher's worker has ended and is restarted: %s", worker.exception())
        finally:
            connector.give_up()
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
            await connector.close_async()
