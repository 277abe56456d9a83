"""An upgrade from 0.3.0 holds: its data folder, its Postgres database and its backup open, continue and restore."""

import json
import queue
import re
import subprocess
import tarfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from lamina.store.database import Database
from serving import Served, lamina, served
from stores import Postgres, commands_folder
from waiting import joined, until

pytest.importorskip("torch", reason="nano, which works in these services, needs the extra qwen")

FIXTURE = Path(__file__).with_name("upgrade_from_0_3_0") / "left_by_0_3_0.tar.xz"
SETTINGS = {
    "LAMINA_ALLOW_PRIVATE_URLS": "true",
    "LAMINA_SAFETY": "off",
    "LAMINA_URL_S": str(100 * 365 * 86_400),
    "LAMINA_UPLOAD_DAYS": "0",
}
NOWHERE = "http://127.0.0.1:9/hook"
MAX_WORK_S = 400.0
CHECKPOINT_STEP, STEPS = 10, 30
REWORDED = {"detail", "hint"}  # English that people read, which may be worded anew
LIVE = {"eta_s"}  # told by what is known at the moment


@dataclass
class Left:
    """A service that 0.3.0 left, with nothing of the present version done to it. `database`: None is the one in the
    data folder; `told`: the older version's `answers.json`.
    """

    folder: Path
    told: dict[str, Any]
    database: str | None = None

    @property
    def arguments(self) -> tuple[str, ...]:
        return () if self.database is None else ("--database", self.database)

    @property
    def url(self) -> str:
        return self.database or f"sqlite:///{self.folder}/data/lamina.db"

    def key(self, name: str) -> str:
        return self.told["keys"][name]

    def execute(self, statement: str, **values: Any) -> list[Any]:
        database = Database(self.url)
        try:
            return database.write_now(lambda connection: list(connection.execute(sa.text(statement), values)))
        finally:
            database.close()


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("left")
    with tarfile.open(FIXTURE) as archive:
        archive.extractall(folder, filter="data")
    return folder


def told_in(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "answers.json").read_text("utf-8"))


@pytest.fixture
def data_folder(unpacked: Path) -> Left:
    return Left(unpacked / "sqlite", told_in(unpacked / "sqlite"))


@pytest.fixture
def from_postgres(unpacked: Path, postgres: Postgres) -> Generator[Left]:
    folder = unpacked / "postgres"
    url = postgres.new_database()
    restored = subprocess.run(
        [commands_folder() / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", folder / "dump.sql", url],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert restored.returncode == 0, restored.stderr
    yield Left(folder, told_in(folder), url)
    postgres.drop_database(url)


@pytest.fixture
def from_backup(unpacked: Path, tmp_path: Path) -> Left:
    done = lamina(tmp_path, "restore", str(unpacked / "sqlite" / "backup.tar"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["missing"] == 0
    return Left(tmp_path, told_in(unpacked / "sqlite"))


@contextmanager
def receiver() -> Generator[tuple[str, "queue.Queue[str]"]]:
    """The address of a server that takes webhooks, and their paths."""
    paths: queue.Queue[str] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            paths.put(self.path)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", paths
    finally:
        server.shutdown()
        server.server_close()
        joined(thread)


def request(service: Served, left: Left, asked: dict[str, Any]) -> httpx2.Response:
    path, key = asked["path"], left.key(asked["key"])
    own = {"Authorization": f"{'Key' if path.startswith('/fal/') else 'Bearer'} {key}"}
    if path.startswith(("/qwen-image", "/v2/")):
        own = {"Ocp-Apim-Subscription-Key": key}
    body = {} if asked["body"] is None else {"json": asked["body"]}
    headers = {**own, **asked["headers"]}
    return httpx2.request(asked["method"], f"{service.url}{path}", headers=headers, timeout=60, **body)


def comparable(answer: Any, url: str = "<base>") -> Any:
    """With <base> in place of the service's address, and without the signatures, which hold a time."""
    text = json.dumps(answer).replace(url, "<base>")
    return json.loads(re.sub(r"\?expires=\d+&signature=[\w-]+", "", text))


def assert_holds(old: Any, new: Any, place: str) -> None:
    """All that was told is told still, in the same words; more may be told."""
    if isinstance(old, dict):
        assert isinstance(new, dict), place
        is_problem = "detail" in old and "code" in old
        for name, value in old.items():
            if name not in LIVE and not (is_problem and name in REWORDED):
                assert name in new, f"{place}: {name} is missing"
                assert_holds(value, new[name], f"{place}.{name}")
    elif isinstance(old, list):
        assert isinstance(new, list) and len(old) == len(new), place
        for number, (was, now) in enumerate(zip(old, new, strict=True)):
            assert_holds(was, now, f"{place}[{number}]")
    else:
        assert old == new, place


def check_answers(service: Served, left: Left) -> None:
    for asked in left.told["answers"]:
        answer = request(service, left, asked)
        assert answer.status_code == asked["status"], (asked["path"], answer.text)
        place = f"{asked['method']} {asked['path']}"
        assert_holds(comparable(asked["answer"]), comparable(answer.json(), service.url), place)


def check_downloads(service: Served, left: Left) -> None:
    """By the addresses that 0.3.0 gave out, which are signed."""
    assert len(left.told["downloads"]) > 20
    for address, digest in left.told["downloads"].items():
        answer = httpx2.get(f"{service.url}{address}", timeout=60)
        assert (answer.status_code, sha256(answer.content).hexdigest()) == (200, digest), address


def check_continued(service: Served, left: Left) -> None:
    """Everything that was open ends well, and the training begins where its checkpoint was."""
    jobs = left.told["jobs"]
    with service.as_key(left.key("metered")) as client:

        def state(job_id: str) -> str:
            return client.get(f"/v1/jobs/{job_id}").json()["state"]

        def listed() -> dict[str, str]:
            page = client.get("/v1/jobs", params={"limit": 100}).json()
            return {job["id"]: job["state"] for job in page["jobs"]}

        until(lambda: not {"queued", "running"} & set(listed().values()), "all jobs end", MAX_WORK_S, 1.0)
        ended = listed()
        not_succeeded = {job_id for job_id, state in ended.items() if state != "succeeded"}
        assert not_succeeded == {jobs["failed"], jobs["cancelled"]}, ended
        for name in ("running training", "running generation"):
            assert client.get(f"/v1/jobs/{jobs[name]}").json()["attempt"] >= 2
        training = client.get(f"/v1/jobs/{jobs['running training']}").json()
        assert training["result"]["steps_done"] == STEPS
        lora = client.get(training["result"]["lora"]["url"])
        assert len(lora.content) == training["result"]["lora"]["size"]
        wallet = client.get("/v1/wallet", params={"limit": 100}).json()
        before = next(asked["answer"] for asked in left.told["answers"] if asked["path"] == "/v1/wallet")
        assert wallet["balance_usd"] >= before["balance_usd"]  # what is held is taken, or given back
    told = Served(service.process, service.url, "", service.data, service.as_key(left.key("metered")))
    with told.client:
        events = [(event["event"], json.loads(event["data"])) for event in told.events(jobs["running training"])]
    again = max(number for number, (kind, data) in enumerate(events) if data.get("state") == "running")
    first = next(data["step"] for kind, data in events[again:] if kind == "loss")
    assert first > CHECKPOINT_STEP  # not always the next one: of losses that come quickly, only the latest is told
    for name, path in (
        ("queued fal", "/fal/queue/fal-ai/qwen-image-2512/requests/{}"),
        ("queued pixazo", "/v2/requests/status/{}"),
    ):
        asked = {"method": "GET", "path": path.format(jobs[name]), "body": None, "key": "metered", "headers": {}}
        answer = request(service, left, asked)
        assert answer.status_code == 200 and "<base>/files/" in json.dumps(comparable(answer.json(), service.url))
    poll = [{"taskType": "getResponse", "taskUUID": jobs["queued runware"]}]
    asked = {"method": "POST", "path": "/v1", "body": poll, "key": "metered", "headers": {}}
    assert request(service, left, asked).json()["data"][0]["imageURL"]


def check_upgrade(left: Left) -> None:
    with receiver() as (hook, paths):
        pending = left.execute(
            "update webhooks set url = :url, next_at = 0 where state = 'pending' returning id", url=f"{hook}/left"
        )
        assert len(pending) >= 4
        with served(left.folder, "--agents", "0", *left.arguments, LAMINA_AGENT_LOST_S="3600", **SETTINGS) as service:
            assert service.key == ""  # there are keys
            check_answers(service, left)
            check_downloads(service, left)
            assert [paths.get(timeout=60) for _ in pending] == ["/left"] * len(pending)
    with served(left.folder, "--agents", "2", *left.arguments, child=None, **SETTINGS) as service:
        check_continued(service, left)
        check_downloads(service, left)
    assert left.execute(
        "select count(*) from webhooks where url = :url and state <> 'delivered'", url=f"{hook}/left"
    ) == [(0,)]


def test_a_data_folder_opens_and_continues(data_folder: Left) -> None:
    check_upgrade(data_folder)


def test_a_postgres_database_opens_and_continues(from_postgres: Left) -> None:
    waiting = from_postgres.execute("select task_name, status from procrastinate_jobs order by status")
    assert {tuple(row) for row in waiting} == {("lamina.run", "doing"), ("lamina.run", "todo")}
    check_upgrade(from_postgres)
    assert from_postgres.execute("select count(*) from procrastinate_jobs") == [(0,)]


def test_a_backup_is_restored_and_continues(from_backup: Left) -> None:
    check_upgrade(from_backup)
