"""Runs units of work on the database (SQLite or Postgres), each in one transaction.

A unit of work is a function of a connection; it may run again if it was rolled back. On SQLite a single thread writes
and commits all waiting units together, so that many clients share one fsync. On Postgres each unit has its own thread
and transaction.
"""

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event, exc
from sqlalchemy.engine import make_url
from sqlalchemy.pool import StaticPool

from lamina.core.errors import ErrorCode, LaminaError
from lamina.installation import install_command

T = TypeVar("T")
Work = Callable[[Connection], T]

_THREADS = 8  # for Postgres, hence the number of its connections
_MAX_BATCH = 64  # units of work in one commit of SQLite
_BUSY_MS, _RETRY_S = 30_000, 0.01
_DEADLOCK, _TRIES = "40P01", 4  # Postgres has rolled the transaction back, so that it can be retried
KEEP_ALIVE = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "tcp_user_timeout": 15_000}
"""libpq parameters that detect a dead server. In seconds, except the last one, which is in milliseconds."""


class Database:
    """A connection pool. `url`: sqlite:///path, sqlite:// (in memory) or postgresql://…"""

    def __init__(self, url: str) -> None:
        self.url = _with_driver(url)
        self.is_postgres = self.url.startswith("postgresql")
        self._is_in_memory = not self.is_postgres and make_url(self.url).database in (None, "", ":memory:")
        self.engine = _postgres(self.url) if self.is_postgres else _sqlite(self.url, self._is_in_memory)
        self._threads = ThreadPoolExecutor(_THREADS, "database") if self.is_postgres else None
        self._writer = None if self.is_postgres else _Writer(self.engine)
        self._reader: Connection | None = None
        self._reading = threading.Lock()

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction and return its result after the commit; if it raises, it is rolled back.

        Raises `LaminaError` (store_unavailable) if the database does not respond.
        """
        with _converted_errors():
            if self._writer is not None:
                return await asyncio.wrap_future(self._writer.submit(work))
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._in_transaction, work)

    async def read(self, work: Work[T]) -> T:
        """Run `work`, which must not write, and return its result. On SQLite it sees one snapshot of the database."""
        with _converted_errors():
            if self.is_postgres:
                return await asyncio.get_running_loop().run_in_executor(self._threads, self._in_transaction, work)
            if self._is_in_memory and self._writer is not None:  # the only connection is the writer's
                return await asyncio.wrap_future(self._writer.submit(work))
            # In WAL mode readers never wait, so neither a thread nor a connection per reader is worth its cost.
            with self._reading, self._opened_reader().begin():
                return work(self._opened_reader())

    def write_now(self, work: Work[T]) -> T:
        """As `write`, for programs without an event loop."""
        with _converted_errors():
            return self._writer.submit(work).result() if self._writer is not None else self._in_transaction(work)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.stop()
        with self._reading:
            if self._reader is not None:
                self._reader.close()
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
        self.engine.dispose()

    def _opened_reader(self) -> Connection:
        if self._reader is None:
            self._reader = self.engine.connect()
        return self._reader

    def _in_transaction(self, work: Work[T]) -> T:
        for _ in range(_TRIES - 1):
            try:
                return self._in_one_transaction(work)
            except exc.OperationalError as error:
                if getattr(error.orig, "sqlstate", None) != _DEADLOCK:
                    raise
        return self._in_one_transaction(work)

    def _in_one_transaction(self, work: Work[T]) -> T:
        with self.engine.begin() as connection:
            return work(connection)


@dataclass(slots=True)
class _Waiting:
    work: Work[Any]
    future: Future[Any]
    result: Any = None
    error: BaseException | None = None


class _Writer:
    """The single thread that writes to SQLite."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._lock, self._is_closed = threading.Lock(), False
        self._thread = threading.Thread(target=self._run, name="database writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work[T]) -> "Future[T]":
        future: Future[T] = Future()
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the database is closed")
            self._waiting.put(_Waiting(work, future))
        return future

    def stop(self) -> None:
        """Finish all waiting units of work, then stop."""
        with self._lock:
            self._is_closed = True
            self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        is_stopping = False
        while not is_stopping:
            batch = [self._waiting.get()]
            while len(batch) < _MAX_BATCH and not self._waiting.empty():
                batch.append(self._waiting.get())
            is_stopping = None in batch
            # From here on they cannot be cancelled: a unit of work is committed even if its caller stops waiting.
            wanted = [item for item in batch if item is not None and item.future.set_running_or_notify_cancel()]
            if wanted:
                self._commit(wanted)

    def _commit(self, batch: list[_Waiting]) -> None:
        """Commit those that do not raise; futures are resolved after the commit."""
        try:
            with self._engine.connect().execution_options(is_writing=True) as connection, connection.begin():
                for item in batch:
                    self._run_one(connection, item, is_alone=len(batch) == 1)
        except BaseException as error:  # noqa: BLE001  (a lock, a full disk: passed on to all callers)
            for item in batch:
                item.error = item.error or error
        for item in batch:
            if item.error is not None:
                item.future.set_exception(item.error)
            else:
                item.future.set_result(item.result)

    def _run_one(self, connection: Connection, item: _Waiting, is_alone: bool) -> None:
        if is_alone:
            item.result = item.work(connection)
            return
        connection.exec_driver_sql("SAVEPOINT item")
        try:
            item.result = item.work(connection)
            connection.exec_driver_sql("RELEASE item")
        except Exception as error:  # noqa: BLE001  (passed on to its caller)
            item.error = error
            connection.exec_driver_sql("ROLLBACK TO item")
            connection.exec_driver_sql("RELEASE item")


def _with_driver(url: str) -> str:
    for short in ("postgres://", "postgresql://"):
        if url.startswith(short):
            return "postgresql+psycopg://" + url.removeprefix(short)
    if not url.startswith(("sqlite:", "postgresql+psycopg:")):
        raise LaminaError(
            ErrorCode.STORE_UNAVAILABLE,
            f"The database {url.split('://')[0]!r} is not supported.",
            "Use sqlite:///PATH or postgresql://USER@HOST/NAME.",
        )
    return url


def _postgres(url: str) -> Engine:
    try:
        return sa.create_engine(
            url,
            hide_parameters=True,  # they contain prompts
            pool_size=_THREADS,
            max_overflow=0,
            pool_pre_ping=True,
            pool_timeout=30,
            connect_args=KEEP_ALIVE,
        )
    except ImportError:
        raise LaminaError(
            ErrorCode.STORE_UNAVAILABLE, "Postgres requires psycopg.", f"Install it: {install_command('postgres')}."
        ) from None


def _sqlite(url: str, is_in_memory: bool) -> Engine:
    engine = sa.create_engine(
        url,
        hide_parameters=True,
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": _BUSY_MS / 1000},
        poolclass=StaticPool if is_in_memory else None,
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        _enable_wal(connection)
        for pragma in ("synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_MS}"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:  # pyright: ignore[reportUnusedFunction]
        is_writing = connection.get_execution_options().get("is_writing")
        raw = connection.connection.dbapi_connection
        assert raw is not None  # noqa: S101  (the connection is open)
        raw.execute(
            "BEGIN IMMEDIATE" if is_writing else "BEGIN"
        )  # through SQLAlchemy this would cost as much as a read

    return engine


def _enable_wal(connection: sqlite3.Connection) -> None:
    """Retries, since SQLite fails at once, without its busy time-out, if two processes do this to a new database."""
    end = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        time.sleep(_RETRY_S)


@contextlib.contextmanager
def _converted_errors() -> Any:
    try:
        yield
    except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise LaminaError(
            ErrorCode.STORE_UNAVAILABLE,
            f"The database cannot be used: {reason}.",
            "Check that it is running and has free space.",
        ) from error
