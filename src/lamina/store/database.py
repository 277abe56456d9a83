"""Runs units of work on the database, SQLite or Postgres, each as one transaction.

A unit of work is a plain function of a connection, and may be run again if it was undone. On SQLite one thread writes,
and takes all that waits into one commit, so that many clients share one fsync; on Postgres each has a thread and a
transaction of its own.
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

_THREADS = 8  # of Postgres' units of work, and so its connections
_MOST_AT_ONCE = 64  # of SQLite's units of work in a commit
_BUSY_MS, _LOOKED_AGAIN_S = 30_000, 0.01
_DEADLOCK, _TRIES = "40P01", 4  # Postgres has undone the unit of work, so that it may be done again
KEEP_ALIVE = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "tcp_user_timeout": 15_000}
"""For libpq: how soon a server that is gone without a word is noticed; seconds, the last in milliseconds."""


class Database:
    """`url`: sqlite:///path, sqlite:// (in memory) or postgresql://…; `is_postgres` tells which."""

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
        """What `work` gives, once it is committed; nothing of it is kept if it raises.

        Raises `LaminaError` (store_unavailable) where the database does not answer.
        """
        with _told_plainly():
            if self._writer is not None:
                return await asyncio.wrap_future(self._writer.submit(work))
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._in_transaction, work)

    async def read(self, work: Work[T]) -> T:
        """What `work` sees, all of it at one point in time on SQLite. It must not write."""
        with _told_plainly():
            if self.is_postgres:
                return await asyncio.get_running_loop().run_in_executor(self._threads, self._in_transaction, work)
            if self._is_in_memory and self._writer is not None:  # there is but one connection, and it is the writer's
                return await asyncio.wrap_future(self._writer.submit(work))
            # In WAL mode a reader waits for nobody, so a thread would only cost time; so would a connection each.
            with self._reading, self._opened_reader().begin():
                return work(self._opened_reader())

    def write_now(self, work: Work[T]) -> T:
        """As `write`, for programs without a loop."""
        with _told_plainly():
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
    """The one thread that writes to SQLite."""

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
        """When all that waits is done."""
        with self._lock:
            self._is_closed = True
            self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        is_stopping = False
        while not is_stopping:
            batch = [self._waiting.get()]
            while len(batch) < _MOST_AT_ONCE and not self._waiting.empty():
                batch.append(self._waiting.get())
            is_stopping = None in batch
            # One that is begun cannot be cancelled any more: whoever waited goes, and it is done nonetheless.
            wanted = [one for one in batch if one is not None and one.future.set_running_or_notify_cancel()]
            if wanted:
                self._commit(wanted)

    def _commit(self, batch: list[_Waiting]) -> None:
        """All of them, or those that did not raise; each hears of it after the commit."""
        try:
            with self._engine.connect().execution_options(is_writing=True) as connection, connection.begin():
                for one in batch:
                    self._try(connection, one, is_alone=len(batch) == 1)
        except BaseException as error:  # noqa: BLE001  (a lock, a full disk: it goes to everybody who waits)
            for one in batch:
                one.error = one.error or error
        for one in batch:
            if one.error is not None:
                one.future.set_exception(one.error)
            else:
                one.future.set_result(one.result)

    def _try(self, connection: Connection, one: _Waiting, is_alone: bool) -> None:
        if is_alone:
            one.result = one.work(connection)
            return
        connection.exec_driver_sql("SAVEPOINT one")
        try:
            one.result = one.work(connection)
            connection.exec_driver_sql("RELEASE one")
        except Exception as error:  # noqa: BLE001  (it is the caller's, who gets it)
            one.error = error
            connection.exec_driver_sql("ROLLBACK TO one")
            connection.exec_driver_sql("RELEASE one")


def _with_driver(url: str) -> str:
    for short in ("postgres://", "postgresql://"):
        if url.startswith(short):
            return "postgresql+psycopg://" + url.removeprefix(short)
    if not url.startswith(("sqlite:", "postgresql+psycopg:")):
        raise LaminaError(
            ErrorCode.STORE_UNAVAILABLE,
            f"{url.split('://')[0]!r} is no database that Lamina knows.",
            "Give sqlite:///PATH or postgresql://USER@HOST/NAME.",
        )
    return url


def _postgres(url: str) -> Engine:
    try:
        return sa.create_engine(
            url,
            hide_parameters=True,  # they hold prompts
            pool_size=_THREADS,
            max_overflow=0,
            pool_pre_ping=True,
            pool_timeout=30,
            connect_args=KEEP_ALIVE,
        )
    except ImportError:
        raise LaminaError(
            ErrorCode.STORE_UNAVAILABLE, "Postgres needs psycopg.", f"Install it: {install_command('postgres')}."
        ) from None


def _sqlite(url: str, is_in_memory: bool) -> Engine:
    options: dict[str, Any] = {"poolclass": StaticPool} if is_in_memory else {}
    connect = {"isolation_level": None, "check_same_thread": False, "timeout": _BUSY_MS / 1000}
    engine = sa.create_engine(url, hide_parameters=True, connect_args=connect, **options)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        _have_log(connection)
        for pragma in ("synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_MS}"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:  # pyright: ignore[reportUnusedFunction]
        is_writing = connection.get_execution_options().get("is_writing")
        raw = connection.connection.dbapi_connection
        assert raw is not None  # noqa: S101  (it is open)
        raw.execute("BEGIN IMMEDIATE" if is_writing else "BEGIN")  # by SQLAlchemy's own way it costs as much as a read

    return engine


def _have_log(connection: sqlite3.Connection) -> None:
    """Has the database write ahead. Two who both ask that of a new one block each other: SQLite refuses at once."""
    end = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        time.sleep(_LOOKED_AGAIN_S)


@contextlib.contextmanager
def _told_plainly() -> Any:
    try:
        yield
    except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise LaminaError(
            ErrorCode.STORE_UNAVAILABLE, f"The database cannot be used: {reason}.", "Look whether it runs and has room."
        ) from error
