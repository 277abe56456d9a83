"""A backup made while others write brings back every row and every content, or nothing at all."""

import io
import json
import os
import sqlite3
import stat
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from audits import wrong_balances
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.ids import new_id
from lamina.core.job_results import StackResult
from lamina.core.jobs import Failure, Job, JobRequest, JobState
from lamina.core.tasks import DecomposeTask
from lamina.jobs.sweep import sweep
from lamina.service.backup import BackedUp, back_up, restore
from lamina.store import agents, checkpoints, events, files, jobs, outbox, secrets, wallets
from lamina.store.blobs import Blobs, open_blobs
from lamina.store.checkpoints import CheckpointRecord
from lamina.store.database import Database
from lamina.store.migrations import migrate
from lamina.store.tables import jobs as jobs_table
from lamina.store.tables import metadata
from waiting import completed, happened, joined

if TYPE_CHECKING:
    from stores import Postgres

NOW = 1_790_000_000.0
PRICE_MICROS = 40_000
MOST_GROWTH_BYTES = 64 << 20
LARGE_BYTES = 200 << 20
WRITES = 200


class Place:
    """A database and a blob store."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.database = Database(url or f"sqlite:///{folder / 'lamina.db'}")
        self.blobs: Blobs = open_blobs(str(folder / "blobs"))

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Of every table, but for what no other queue would understand."""
        with self.database.engine.connect() as connection:
            return {
                table.name: [
                    {name: value for name, value in row.items() if name != "dispatch_ref"}
                    for row in connection.execute(sa.select(table).order_by(*table.primary_key)).mappings()
                ]
                for table in metadata.sorted_tables
            }

    def contents(self) -> dict[str, bytes]:
        async def read() -> dict[str, bytes]:
            return {blob.sha256: await self.blobs.get(blob.sha256) async for blob in self.blobs.list()}

        return completed(read())

    def back_up(self, target: Path) -> BackedUp:
        return completed(back_up(self.database, self.blobs, target))

    def restore(self, source: Path) -> BackedUp:
        return completed(restore(self.database, self.blobs, source))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path / "from")
    migrate(place.database.engine)
    fill(place)
    yield place
    place.database.close()


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Place]:
    target = Place(tmp_path / "to")
    yield target
    target.database.close()


@pytest.fixture
def backup(place: Place, tmp_path: Path) -> Path:
    path = tmp_path / "lamina.backup"
    place.back_up(path)
    return path


def fill(place: Place) -> None:
    """Two keys, a job in every state, files with contents, events, webhooks, secrets, an agent."""
    place.database.write_now(fill_keys)
    for number, state in enumerate(JobState):
        content = os.urandom(70_000 + number)
        stored = completed(place.blobs.put(content))
        place.database.write_now(lambda connection: fill_job(connection, "key-1", state, stored.sha256, stored.size))  # noqa: B023


def fill_keys(connection: sa.Connection) -> None:
    for number in (1, 2):
        connection.execute(
            metadata.tables["keys"].insert(),
            {
                "id": f"key-{number}",
                "prefix": f"lk_{number}",
                "secret_hash": str(number) * 64,
                "name": "Häuschen ✓ \" '",
                "scopes": "jobs:write files:write",
                "is_metered": number == 1,
                "created_at": NOW + 0.123456789,
                "per_minute": 5 * number,
            },
        )
        wallets.open_wallet(connection, f"key-{number}")
    wallets.add(connection, "key-1", wallets.TOP_UP, 50_000_000, NOW)
    agent = agents.AgentRecord(id="agent-1", host="host", process=4711, device="cpu", started_at=NOW, seen_at=NOW)
    agents.insert(connection, agent)
    secrets.secret(connection, "files", lambda: bytes(range(256)))


def fill_job(connection: sa.Connection, key_id: str, state: JobState, sha256: str, size: int) -> str:
    job_id = new_id()
    request = JobRequest(task=DecomposeTask(layers=4), webhook_url="http://127.0.0.1:1/", extra={"ä": [1, None]})
    job = Job(
        id=job_id,
        key_id=key_id,
        request=request,
        state=JobState.QUEUED,
        attempt=0,
        created_at=NOW,
        queued_at=NOW,
        price_micros=PRICE_MICROS,
    )
    jobs.insert(connection, job, None, f"once-{job_id}", "b" * 64)
    wallets.add(connection, key_id, wallets.HOLD, -PRICE_MICROS, NOW, job_id)
    events.append(connection, job_id, "state", {"state": "queued"}, NOW)
    file = files.FileRecord(
        id=new_id(),
        key_id=key_id,
        job_id=job_id,
        sha256=sha256,
        size=size,
        media_type="image/png",
        name="ä b.png",
        created_at=NOW,
        expires_at=NOW + 9,
    )
    files.insert(connection, file)
    if state is not JobState.QUEUED:
        jobs.claim(connection, job_id, "agent-1", NOW + 1)
    if state is JobState.RUNNING:  # a training's, whose content is no file's
        checkpoint = CheckpointRecord(
            job_id=job_id,
            step=3,
            attempt=1,
            layers=1,
            name="checkpoint-3",
            sha256=sha256,
            size=size,
            created_at=NOW + 2,
        )
        checkpoints.insert(connection, checkpoint)
        files.remove(connection, [file.id for file in files.of_job(connection, job_id)])
    if not state.is_open:
        is_good = state is JobState.SUCCEEDED
        failure = None if is_good else Failure("input_corrupt", "It is cut.", "Send all of it.")
        jobs.end(
            connection, job_id, 1, state, NOW + 2, PRICE_MICROS * is_good, failure, StackResult() if is_good else None
        )
        kind = wallets.SETTLE if is_good else wallets.RELEASE
        wallets.add(connection, key_id, kind, PRICE_MICROS * (not is_good), NOW + 2, job_id)
        events.append(connection, job_id, "state", {"state": state}, NOW + 2)
        outbox.insert(connection, new_id(), job_id, key_id, "completed", "http://127.0.0.1:1/", NOW + 2)
    return job_id


def kept(there: Place, source: Place) -> dict[str, list[dict[str, Any]]]:
    """Its rows without those that a restore changes: the agents, and what was running in `source`."""
    running = {row["id"] for row in source.rows()["jobs"] if row["state"] == "running"}
    rows = there.rows()
    del rows["agents"]
    rows["jobs"] = [row for row in rows["jobs"] if row["id"] not in running]
    rows["job_events"] = [row for row in rows["job_events"] if row["job_id"] not in running]
    return rows


def test_every_row_and_content_comes_back(place: Place, target: Place, backup: Path) -> None:
    told = target.restore(backup)
    assert kept(target, place) == kept(place, place)
    assert target.contents() == place.contents()
    assert (told.blobs, told.missing) == (len(JobState), 0)
    assert told.rows == sum(len(rows) for rows in place.rows().values())
    assert target.database.write_now(wrong_balances) == []


def test_only_its_owner_can_read_it(backup: Path) -> None:
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600


def test_open_jobs_go_on(place: Place, target: Place, backup: Path) -> None:
    target.restore(backup)
    service: Any = SimpleNamespace(
        database=target.database,
        clock=lambda: NOW + 3600,
        limits=SimpleNamespace(agent_lost_s=15.0, max_attempts=3),
        dispatcher=SimpleNamespace(reconcile=lambda _: None, enqueue=lambda *_, **_again: None, wake=lambda: None),
        observer=SimpleNamespace(),
        signals=SimpleNamespace(changed=lambda _: None),
    )
    completed(sweep(service))
    waiting = target.database.write_now(lambda connection: jobs.next_queued(connection, 10))
    still_open = [row["id"] for row in place.rows()["jobs"] if row["state"] in ("queued", "running")]
    assert sorted(waiting) == sorted(still_open)


def test_what_was_running_is_queued_and_has_its_attempts_still(place: Place, target: Place, backup: Path) -> None:
    (before,) = (row for row in place.rows()["jobs"] if row["state"] == "running")
    target.restore(backup)
    (after,) = (row for row in target.rows()["jobs"] if row["id"] == before["id"])
    assert (after["state"], after["attempt"], after["agent_id"], after["progress"]) == ("queued", 1, None, {})
    assert target.database.write_now(lambda connection: jobs.counted_attempts(connection, before["id"])) == 0
    last = target.database.write_now(lambda connection: events.states(connection, before["id"]))[-1]
    assert last.data == {"state": "queued", "attempt": 1, "why": "restored from a backup"}
    kept = target.database.write_now(lambda connection: checkpoints.latest(connection, before["id"]))
    assert kept is not None and kept.step == 3


def test_what_is_written_meanwhile_is_in_it_whole_or_not_at_all(place: Place, target: Place, tmp_path: Path) -> None:
    is_writing, is_enough = threading.Event(), threading.Event()

    def write() -> None:
        number = 0
        while not is_enough.is_set() or number < WRITES:
            stored = completed(place.blobs.put(os.urandom(500)))
            place.database.write_now(
                lambda connection: fill_job(connection, "key-1", JobState.SUCCEEDED, stored.sha256, stored.size)  # noqa: B023
            )
            number += 1
            is_writing.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        happened(is_writing, "the first job is written")
        told = place.back_up(tmp_path / "backup")
    finally:
        is_enough.set()
        joined(writer)
    target.restore(tmp_path / "backup")
    rows = target.rows()
    assert told.missing == 0
    assert target.database.write_now(wrong_balances) == []
    for table, per_job in (("files", 1), ("ledger", 2), ("job_events", 2), ("webhooks", 1)):
        of_jobs = [row["job_id"] for row in rows[table] if row["job_id"] is not None]
        ended = {row["id"] for row in rows["jobs"] if row["state"] == "succeeded"}
        assert all(of_jobs.count(job_id) == per_job for job_id in ended)
    assert {row["sha256"] for table in ("files", "checkpoints") for row in rows[table]} == set(target.contents())


def test_it_comes_back_into_postgres_and_from_there_again(
    place: Place, target: Place, backup: Path, tmp_path: Path, postgres: "Postgres"
) -> None:
    middle = Place(tmp_path / "middle", postgres.new_database())
    try:
        middle.restore(backup)
        assert kept(middle, place) == kept(place, place)
        serial = middle.database.write_now(next_ledger_id)
        assert serial > max(row["id"] for row in place.rows()["ledger"])
        before = middle.rows()
        middle.back_up(tmp_path / "again")
        target.restore(tmp_path / "again")
    finally:
        middle.database.close()
    assert target.rows() == before
    assert target.contents() == place.contents()


def next_ledger_id(connection: sa.Connection) -> int:
    wallets.add(connection, "key-1", wallets.TOP_UP, 1_000_000, NOW)
    return wallets.entries(connection, "key-1", 1)[0].id


def test_content_that_is_gone_is_counted_and_the_rest_is_there(place: Place, target: Place, tmp_path: Path) -> None:
    gone = min(place.contents())
    completed(place.blobs.delete(gone))
    assert place.back_up(tmp_path / "backup").missing == 1
    target.restore(tmp_path / "backup")
    assert set(target.contents()) == set(place.contents())


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.9, 0.99])
def test_a_backup_that_was_cut_restores_nothing(target: Place, backup: Path, share: float) -> None:
    with tarfile.open(backup) as archive:
        last = archive.getmembers()[-1]  # only zeros follow, and those may go
    os.truncate(backup, int((last.offset_data + last.size) * share))
    assert_refused(target, backup, ErrorCode.INPUT_CORRUPT, "complete backup")


@pytest.mark.parametrize("name", ["rows.jsonl", "blobs/", "manifest.json"])
def test_a_backup_with_a_flipped_bit_restores_nothing(target: Place, backup: Path, name: str) -> None:
    with tarfile.open(backup) as archive:
        member = next(member for member in archive if member.name.startswith(name))
    content = bytearray(backup.read_bytes())
    content[member.offset_data + 3] ^= 0x80
    backup.write_bytes(content)
    assert_refused(target, backup, ErrorCode.INPUT_CORRUPT, "complete backup")


def test_a_backup_that_lacks_a_content_restores_nothing(target: Place, backup: Path, tmp_path: Path) -> None:
    with tarfile.open(backup) as archive:
        lost = next(name for name in archive.getnames() if name.startswith("blobs/"))
    path = rewritten(backup, tmp_path, lambda name, data: None if name == lost else data)
    assert_refused(target, path, ErrorCode.INPUT_CORRUPT, "files are there")


@pytest.mark.parametrize(
    "changed", [{"revision": "9999_from_the_future"}, {"format": 2, "rows_sha256": None}], ids=["schema", "format"]
)
def test_a_backup_of_a_newer_lamina_says_so(
    target: Place, backup: Path, tmp_path: Path, changed: dict[str, Any]
) -> None:
    def change(name: str, data: bytes) -> bytes:
        return json.dumps(json.loads(data) | changed).encode() if name == "manifest.json" else data

    assert_refused(target, rewritten(backup, tmp_path, change), ErrorCode.STORE_UNAVAILABLE, "newer Lamina")


def test_a_file_of_another_kind_is_no_backup(target: Place, tmp_path: Path) -> None:
    picture, archive = tmp_path / "picture", tmp_path / "archive"
    picture.write_bytes(os.urandom(4096))
    with tarfile.open(archive, "w") as tar:
        tar.addfile(tarfile.TarInfo("readme"), io.BytesIO())
    assert_refused(target, picture, ErrorCode.INPUT_CORRUPT, "complete backup")
    assert_refused(target, archive, ErrorCode.INPUT_CORRUPT, "complete backup")
    assert_refused(target, tmp_path / "nothing", ErrorCode.INPUT_NOT_FOUND, "no file")
    assert_refused(target, tmp_path, ErrorCode.INPUT_UNREADABLE, "cannot be read")


def test_a_service_that_has_rows_is_left_as_it_is(place: Place, backup: Path) -> None:
    before = place.rows(), place.contents()
    with pytest.raises(LaminaError, match="not empty") as raised:
        place.restore(backup)
    assert raised.value.code is ErrorCode.STATE_CONFLICT
    assert (place.rows(), place.contents()) == before


def test_a_row_that_is_refused_takes_all_others_back(target: Place, backup: Path) -> None:
    migrate(target.database.engine)
    with closing(sqlite3.connect(target.folder / "lamina.db")) as connection:
        connection.execute("create trigger refuse before insert on webhooks begin select raise(abort, 'no room'); end")
        connection.commit()
    with pytest.raises(LaminaError, match="no room") as raised:
        target.restore(backup)
    assert raised.value.code is ErrorCode.STORE_UNAVAILABLE
    assert all(rows == [] for rows in target.rows().values())


def test_a_place_that_cannot_be_written_is_told(place: Place, tmp_path: Path) -> None:
    with pytest.raises(LaminaError) as raised:
        place.back_up(tmp_path)
    assert raised.value.code is ErrorCode.OUTPUT_IN_THE_WAY
    assert [path.name for path in tmp_path.iterdir()] == ["from"]


def test_large_contents_do_not_go_through_memory(tmp_path: Path) -> None:
    """In a process of its own, for memory that was once taken counts for ever."""
    program = Path(__file__).with_name("backing_up_much.py")
    environment = os.environ | {"PYTHONPATH": str(program.parents[1])}
    command = [sys.executable, program, tmp_path]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) * 1024 < MOST_GROWTH_BYTES


def assert_refused(target: Place, source: Path, code: ErrorCode, words: str) -> None:
    with pytest.raises(LaminaError, match=words) as raised:
        target.restore(source)
    assert raised.value.code is code
    assert target.contents() == {}
    tables = sa.inspect(target.database.engine).get_table_names()
    assert jobs_table.name not in tables


def rewritten(backup: Path, folder: Path, change: Any) -> Path:
    """A backup of which every member went through `change(name, data)`; None leaves it out."""
    path = folder / "rewritten"
    with tarfile.open(backup) as old, tarfile.open(path, "w") as new:
        for member in old:
            file = old.extractfile(member)
            assert file is not None
            data = change(member.name, file.read())
            if data is not None:
                member.size = len(data)
                new.addfile(member, io.BytesIO(data))
    return path


def test_the_commands_move_a_service_from_one_folder_to_another(place: Place, tmp_path: Path) -> None:
    def lamina(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "lamina", *map(str, arguments)]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)

    old = ("--data", place.folder, "--storage", place.folder / "blobs")
    assert lamina("backup", "one.tar", *old).returncode == 0
    told = lamina("restore", "one.tar", "--data", "new")
    assert json.loads(told.stdout) == {
        "file": "one.tar",
        "rows": sum(len(rows) for rows in place.rows().values()),
        "blobs": len(JobState),
        "bytes": sum(map(len, place.contents().values())),
        "missing": 0,
    }
    again = lamina("restore", "one.tar", "--data", "new")
    assert (again.returncode, "not empty" in again.stderr) == (1, True)
    nothing = lamina("backup", "two.tar", "--data", "nowhere")
    assert (nothing.returncode, "no service" in nothing.stderr) == (1, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["from", "new", "one.tar"]
