"""A Procrastinate connector that survives restarts of Postgres: queries and LISTEN retry until the server is back.

Procrastinate's own `PsycopgConnector` (as of 3.10) reconnects once. Where that fails too, because the server is still
restarting, the worker's heartbeat or its listener fails, and the worker stops and aborts the jobs that it runs. Here
nothing fails until `give_up` is called, and running jobs go on.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from typing import Any, LiteralString

import psycopg
from procrastinate.connector import BaseAsyncConnector, Notify
from procrastinate.exceptions import ConnectorException, NoResult
from procrastinate.sql import queries
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg.rows import DictRow, dict_row
from psycopg.sql import SQL, Identifier

from lamina.store.database import KEEP_ALIVE

_log = logging.getLogger(__name__)
_RETRY_S = 0.3
_PROBE_S = 5.0  # an idle connection is tested this often
_REPEAT_S = 0.05
_CONNECTION_ERRORS = (psycopg.OperationalError, psycopg.InterfaceError, OSError)


class LastingConnector(BaseAsyncConnector):
    """One connection for queries and one for LISTEN. `conninfo`: a libpq connection string.

    An instance belongs to one event loop. It connects when the first query is made.
    """

    def __init__(self, conninfo: str) -> None:
        self._conninfo = make_conninfo(conninfo, **KEEP_ALIVE)
        self._connection: AsyncConnection[DictRow] | None = None
        self._connecting = asyncio.Lock()
        self._is_stopping = asyncio.Event()
        self._is_outage_logged = False

    def give_up(self) -> None:
        """Stop retrying: from now on a failed query raises. To be called before the worker is cancelled."""
        self._is_stopping.set()

    async def close_async(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        await self.execute_query_all_async(query, **arguments)

    async def execute_query_one_async(self, query: LiteralString, **arguments: Any) -> DictRow:
        rows = await self.execute_query_all_async(query, **arguments)
        if not rows:
            raise NoResult
        return rows[0]

    async def execute_query_all_async(self, query: LiteralString, **arguments: Any) -> list[DictRow]:
        """Retries until there is an answer. A query whose answer was lost runs twice, which the sweep corrects.

        Raises `ConnectorException` for other errors of the database, and for lost connections after `give_up`.
        """
        while True:
            try:
                rows = await self._execute(query, **arguments)
            except _CONNECTION_ERRORS as error:
                if self._is_stopping.is_set():
                    raise ConnectorException from error
                self._log_outage(error)
                await self._pause()
            except psycopg.Error as error:
                if isinstance(error, psycopg.errors.RaiseException) and query == queries["finish_job"]:
                    _log.warning("the sweep considered this worker dead and deleted its job from the queue")
                    return []
                raise ConnectorException(str(error)) from error
            else:
                self._is_outage_logged = False
                return rows

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        names = list(channels)
        while True:
            with contextlib.suppress(*_CONNECTION_ERRORS):
                async with await self._connect() as connection:
                    for name in names:
                        await connection.execute(SQL(queries["listen_queue"]).format(channel_name=Identifier(name)))
                    await self._forward(connection, on_notification)
            await self._pause()

    async def _forward(self, connection: AsyncConnection[DictRow], on_notification: Notify) -> None:
        """Forwards each notification twice, the second time after `_REPEAT_S`.

        Procrastinate's worker (as of 3.10) clears its event after it has fetched a job, so that a notification that
        arrives during the fetch is lost, and the job would wait for the next poll.
        """
        previous: psycopg.Notify | None = None
        while True:
            timeout_s = _PROBE_S if previous is None else _REPEAT_S
            received = [notify async for notify in connection.notifies(timeout=timeout_s, stop_after=1)]
            notification = received[-1] if received else previous
            if notification is None:
                await connection.execute("select 1")
            else:
                await on_notification(channel=notification.channel, payload=notification.payload)
            previous = received[-1] if received else None

    async def _execute(self, query: LiteralString, **arguments: Any) -> list[DictRow]:
        async with self._connecting:
            if self._connection is None or self._connection.closed:
                self._connection = await self._connect()
        cursor = await self._connection.execute(query, arguments)
        return await cursor.fetchall() if cursor.description else []

    async def _connect(self) -> AsyncConnection[DictRow]:
        return await AsyncConnection[DictRow].connect(self._conninfo, autocommit=True, row_factory=dict_row)

    def _log_outage(self, error: Exception) -> None:
        """Once per outage."""
        if not self._is_outage_logged:
            _log.warning("Postgres does not answer; retrying until it does: %s", str(error).strip().partition("\n")[0])
        self._is_outage_logged = True

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_RETRY_S):
                await self._is_stopping.wait()
