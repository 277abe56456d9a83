"""Fixtures that run a test on both stores: SQLite, and a Postgres that is started for the tests and ends with them."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from lamina.jobs.dispatch.procrastinate import ProcrastinateDispatcher
from lamina.store.database import Database
from lamina.store.migrations import migrate

BOTH = ["sqlite", "postgres"]
NO_POSTGRES = "no Postgres was found: install the distribution's package (Debian: apt-get install postgresql)"
OPTIONS = "-c max_connections=200 -c shared_buffers=32MB -c listen_addresses=127.0.0.1 -c timezone=UTC"
TEMPLATE = "lamina_template"


class Postgres:
    """A server of our own on a free port of the loopback interface, with its data in a temporary folder."""

    def __init__(self) -> None:
        self._commands = commands_folder()
        self._folder = Path(tempfile.mkdtemp(prefix="lamina-postgres-"))
        self._user = unprivileged_user()
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        self._port = free_port()
        self._count = 0
        self._run("initdb", "--auth=trust", "--username=lamina", "--encoding=UTF8", "--locale=C", "--no-instructions")
        self.start()

    def start(self) -> None:
        """It answers when this returns."""
        options = f"-p {self._port} -k {self._folder} {OPTIONS}"
        self._run("pg_ctl", "start", "-w", "-s", "-o", options, "-l", str(self._folder / "log"))

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "stop", "-w", "-s", "-m", mode)

    def remove(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self._folder)

    def url(self, name: str = "postgres") -> str:
        return f"postgresql://lamina@127.0.0.1:{self._port}/{name}"

    def new_database(self, template: str = "template1") -> str:
        """Its address."""
        self._count += 1
        name = f"test_{self._count}"
        self._execute(f"create database {name} template {template}")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        self._execute(f"drop database {url.rpartition('/')[2]} with (force)")

    def make_template(self) -> None:
        """An empty database of today's schema, which is copied faster than it is made."""
        self._execute(f"create database {TEMPLATE}")
        database = Database(self.url(TEMPLATE))
        migrate(database.engine)
        ProcrastinateDispatcher(database, database.url).open()
        database.close()

    def _execute(self, statement: str) -> None:
        database = Database(self.url())
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text(statement))
        database.close()

    def _run(self, command: str, *arguments: str) -> None:
        with tempfile.TemporaryFile() as errors:  # not a pipe, which the server would keep open
            done = subprocess.run(
                [self._commands / command, "-D", self._folder / "data", *arguments],
                cwd=self._folder,
                user=self._user,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                check=False,
                timeout=120,
            )
            if done.returncode:
                errors.seek(0)
                raise RuntimeError(f"{command}: {errors.read().decode()}")


def commands_folder() -> Path:
    """Skips the test where there are none."""
    newest_first = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: -int(path.parts[-3]))
    found = [*newest_first, *filter(None, [shutil.which("initdb")])]
    if not found:
        pytest.skip(NO_POSTGRES)
    return Path(found[0]).resolve().parent


def unprivileged_user() -> str | None:
    """Postgres refuses to run as root. None: as who we are."""
    if os.getuid() != 0:
        return None
    return "postgres" if "postgres:" in Path("/etc/passwd").read_text("utf-8") else "nobody"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    server.make_template()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "lamina.db"
    database = Database(f"sqlite:///{path}")
    migrate(database.engine)
    database.close()
    return path


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A new database of today's schema, with nothing in it."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        yield f"sqlite:///{shutil.copy(template, tmp_path / 'lamina.db')}"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.new_database(TEMPLATE)
        yield url
        server.drop_database(url)


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A new database without any tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'lamina.db'}"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.new_database()
        yield url
        server.drop_database(url)


@pytest.fixture
def opened() -> Generator[Callable[[str], Database]]:
    """Opens databases, which are closed when the test has ended."""
    databases: list[Database] = []

    def open_it(url: str) -> Database:
        databases.append(Database(url))
        return databases[-1]

    yield open_it
    for database in databases:
        database.close()


@pytest.fixture
def database(database_url: str, opened: Callable[[str], Database]) -> Database:
    return opened(database_url)
