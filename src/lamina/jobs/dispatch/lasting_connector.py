"""Procrastinate's way to Postgres that outlives it: where the server goes away, queries wait for it to come back.

The library's own connector lets a worker's side tasks die of a lost connection while the worker lives on, deaf
(LISTEN is lost) and taken for dead (no heartbeat). Here neither the queries nor the listening ever give up.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from typing import Any, LiteralString

import psycopg
from procrastinate.connector import BaseAsyncConnector, BaseConnector, Notify
from procrastinate.exceptions import ConnectorException, NoResult
from procrastinate.sql import queries
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg.rows import DictRow, dict_row
from psycopg.sql import SQL, Identifier

from lamina.store.database import KEEP_ALIVE

_log = logging.getLogger(__name__)
_RETRY_S = 0.3
_CHECK_S = 5.0  # a silent connection is asked whether it is alive
_ECHO_S = 0.05
_GONE = (psycopg.OperationalError, psycopg.InterfaceError, OSError)


class LastingConnector(BaseAsyncConnector):
    """One connection for queries, one that listens. `conninfo`: as libpq takes it. It belongs to one event loop."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = make_conninfo(conninfo, **KEEP_ALIVE)
        self._connection: AsyncConnection[DictRow] | None = None
        self._connecting = asyncio.Lock()
        self._is_over = asyncio.Event()
        self._is_gone = False

    def give_up(self) -> None:
        """From now on a query that fails is not tried again: the worker is to end."""
        self._is_over.set()

    def get_sync_connector(self) -> BaseConnector:
        return self

    async def open_async(self, pool: Any = None) -> None:
        """It connects when there is something to ask."""

    async def close_async(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        await self.execute_query_all_async(query, **arguments)

    async def execute_query_one_async(self, query: LiteralString, **arguments: Any) -> dict[str, Any]:
        rows = await self.execute_query_all_async(query, **arguments)
        if not rows:
            raise NoResult
        return rows[0]

    async def execute_query_all_async(self, query: LiteralString, **arguments: Any) -> list[dict[str, Any]]:
        """A query may have been done although its answer was lost: what is then done twice, the sweep puts right."""
        while True:
            try:
                rows = await self._answer(query, arguments)
            except _GONE as error:
                if self._is_over.is_set():
                    raise ConnectorException from error
                self._tell_once(error)
                await self._a_while()
            except psycopg.Error as error:
                if isinstance(error, psycopg.errors.RaiseException) and query == queries["finish_job"]:
                    _log.warning("the sweep took this worker for dead, and its row of the queue away")
                    return []
                raise ConnectorException(str(error)) from error
            else:
                self._is_gone = False
                return rows

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        names = list(channels)
        while True:
            with contextlib.suppress(*_GONE):
                async with await self._new_connection() as connection:
                    for name in names:
                        await connection.execute(SQL(queries["listen_queue"]).format(channel_name=Identifier(name)))
                    await self._pass_on(connection, on_notification)
            await self._a_while()

    async def _pass_on(self, connection: AsyncConnection[DictRow], on_notification: Notify) -> None:
        """Each twice, the second a moment later: a worker forgets one that comes while it looks for jobs."""
        last: psycopg.Notify | None = None
        while True:
            timeout_s = _CHECK_S if last is None else _ECHO_S
            fresh = [one async for one in connection.notifies(timeout=timeout_s, stop_after=1)]
            heard = fresh[-1] if fresh else last
            if heard is None:
                await connection.execute("select 1")
            else:
                await on_notification(channel=heard.channel, payload=heard.payload)
            last = fresh[-1] if fresh else None

    async def _answer(self, query: LiteralString, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        async with self._connecting:
            if self._connection is None or self._connection.closed:
                self._connection = await self._new_connection()
        cursor = await self._connection.execute(query, arguments)
        return await cursor.fetchall() if cursor.description else []

    async def _new_connection(self) -> AsyncConnection[DictRow]:
        return await AsyncConnection[DictRow].connect(self._conninfo, autocommit=True, row_factory=dict_row)

    def _tell_once(self, error: Exception) -> None:
        if not self._is_gone:
            _log.warning("Postgres does not answer, and is waited for: %s", str(error).strip().partition("\n")[0])
        self._is_gone = True

    async def _a_while(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_RETRY_S):
                await self._is_over.wait()
