"""Trainings over HTTP: from an archive to an adapter that later requests name, whatever is killed on the way."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from archives import data_uri, edits, given_out, layers, picture, zipped
from lamina.store import checkpoints
from lamina.store import files as file_store
from lamina.store.database import Database
from serving import NO_OP_CHILD, PROGRAM, Served, environment_of, lamina, problem, served
from stores import BOTH, Postgres
from waiting import ended, until

_PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("training")


@pytest.fixture(scope="module")
def service(folder: Path) -> Generator[Served]:
    with served(folder, LAMINA_URL_S="5") as one:
        yield one
    assert "exception" not in (folder / "log").read_text()


def trained(client: httpx2.Client, archive: bytes | None = None, wait_s: int = 30, **fields: Any) -> dict[str, Any]:
    headers = {"Prefer": f"wait={wait_s}"} if wait_s else {}
    sent = {"images": data_uri(archive or edits()), "steps": 5, **fields}
    answer = client.post("/v1/trainings", json=sent, headers=headers)
    assert answer.status_code == (200 if wait_s else 202), answer.text
    return answer.json()


@pytest.fixture
def metered(folder: Path, service: Served) -> Generator[httpx2.Client]:
    """As a key of its own, with 100 dollars."""
    with service.as_key(new_key(folder, "100")) as client:
        yield client


def new_key(folder: Path, credit: str, *where: str) -> str:
    made = lamina(folder, "keys", "create", "--json", "--credit", credit, *where)
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)["key"]


def balance(client: httpx2.Client) -> str:
    return client.get("/v1/wallet").json()["balance_usd"]


def test_an_archive_becomes_an_adapter(service: Served) -> None:
    job = trained(service.client, steps=250)
    assert (job["state"], job["kind"], job["model"]) == ("succeeded", "train", "qwen-image-edit-2511")
    result = job["result"]
    assert (result["steps_done"], result["layer_count"]) == (250, 1)
    lora = service.client.get(result["lora"]["url"])
    assert len(lora.content) == result["lora"]["size"]
    assert service.client.get(result["config"]["url"]).json() == {"steps": 250}
    assert service.client.get(result["loss_plot"]["url"]).headers["content-type"] == "image/png"
    assert result["last_checkpoint"] is None


def test_what_happens_is_told(service: Served) -> None:
    job = trained(service.client, steps=250)
    told = [(event["event"], json.loads(event["data"])) for event in service.events(job["id"])]
    kinds = Counter(kind for kind, _ in told)
    assert kinds["checkpoint"] == kinds["sample"] == 2
    assert kinds["loss"] >= 1 and kinds["log"] >= 1
    losses = [data for kind, data in told if kind == "loss"]
    assert losses[-1]["step"] == 250 and all(data["loss"] > 0 for data in losses)
    sample = next(data for kind, data in told if kind == "sample")
    assert service.client.get(sample["url"]).headers["content-type"] == "image/png"
    assert sample["step"] == 100


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a_start.png": picture()}, "a_start.png"),
        ({"a_start.png": picture(), "a_end.png": picture(), "b.exe": b"x"}, "b.exe"),
        ({}, "no examples"),
    ],
)
def test_a_bad_archive_fails_at_no_cost_and_names_the_file(
    metered: httpx2.Client, files: dict[str, bytes | str], words: str
) -> None:
    job = trained(metered, zipped(files))
    assert (job["state"], job["charged_usd"]) == ("failed", "0.00")
    assert words in job["error"]["message"]
    assert balance(metered) == "100.00"


def test_an_archive_at_a_private_address_is_not_fetched(metered: httpx2.Client) -> None:
    with given_out({"pairs.zip": edits()}) as place:
        sent = {"images": f"{place}/pairs.zip"}
        job = metered.post("/v1/trainings", json=sent, headers={"Prefer": "wait=30"}).json()
    assert (job["state"], job["error"]["code"], job["charged_usd"]) == ("failed", "address_refused", "0.00")


def test_a_training_is_held_for_as_much_as_it_may_cost_and_settled_by_what_it_did(
    metered: httpx2.Client,
) -> None:
    client = metered
    job = trained(client, steps=100)
    assert (job["price_usd"], job["charged_usd"], balance(client)) == ("0.40", "0.40", "99.60")
    layered = trained(client, layers(3), model="qwen-image-layered", steps=100)
    assert (layered["price_usd"], layered["charged_usd"]) == ("3.40", "1.275")
    assert layered["result"]["layer_count"] == 3
    assert balance(client) == "98.325"


def test_a_training_that_is_stopped_keeps_what_it_has_learnt(metered: httpx2.Client) -> None:
    client = metered
    job = trained(client, wait_s=0, steps=5000, checkpoint_every=2, default_caption="wait 0.02")
    until(
        lambda: (client.get(f"/v1/jobs/{job['id']}").json()["progress"] or {}).get("step", 0) > 3,
        "step 4 is done",
    )
    client.post(f"/v1/jobs/{job['id']}/cancel")
    until(lambda: client.get(f"/v1/jobs/{job['id']}").json()["state"] == "cancelled", "it is cancelled")
    after = client.get(f"/v1/jobs/{job['id']}").json()
    steps = after["result"]["steps_done"]
    assert 3 < steps < 5000
    assert float(after["charged_usd"]) == pytest.approx(0.004 * steps)
    kept = client.get(after["result"]["last_checkpoint"]["url"])
    assert kept.text == f"after {steps} steps"
    assert client.get(after["result"]["config"]["url"]).json() == {"steps": steps}
    used = client.post("/v1/edits", json=edit_with(f"job:{job['id']}"), headers={"Prefer": "wait=30"})
    assert used.json()["state"] == "succeeded"


def edit_with(path: str) -> dict[str, Any]:
    from base64 import b64encode

    image = f"data:image/png;base64,{b64encode(picture()).decode()}"
    return {"image": image, "prompt": "a", "loras": [{"path": path}]}


def test_an_adapter_is_named_by_its_file_its_job_or_its_address(service: Served) -> None:
    job = trained(service.client)
    lora = job["result"]["lora"]
    for path in (f"file:{lora['id']}", f"job:{job['id']}", lora["url"]):
        answer = service.client.post("/v1/edits", json=edit_with(path), headers={"Prefer": "wait=30"})
        assert answer.json()["state"] == "succeeded", (path, answer.text)


def test_an_address_that_has_expired_is_no_name_any_more_but_the_id_is(tmp_path: Path) -> None:
    with served(tmp_path, LAMINA_URL_S="1") as service:
        job = trained(service.client)
        lora = job["result"]["lora"]
        until(lambda: service.client.get(lora["url"]).status_code == 404, "the file is gone")
        answer = service.client.post("/v1/edits", json=edit_with(lora["url"]))
        assert "file:ID" in problem(answer, 404, "not_found")["hint"]
        assert service.client.post("/v1/edits", json=edit_with(f"file:{lora['id']}")).status_code == 202


def test_an_adapter_is_its_keys_alone(service: Served, metered: httpx2.Client) -> None:
    job = trained(service.client)
    lora = job["result"]["lora"]
    for path in (f"file:{lora['id']}", f"job:{job['id']}", lora["url"]):
        problem(metered.post("/v1/edits", json=edit_with(path)), 404, "not_found")


def test_a_job_that_has_no_adapter_is_none(service: Served) -> None:
    made = service.client.post("/v1/generations", json={"prompt": "a"}).json()
    problem(service.client.post("/v1/edits", json=edit_with(f"job:{made['id']}")), 422, "lora_unusable")
    failed = trained(service.client, zipped({}))
    problem(service.client.post("/v1/edits", json=edit_with(f"job:{failed['id']}")), 404, "not_found")
    slow = trained(service.client, wait_s=0, steps=1000, default_caption="wait 0.05")
    problem(service.client.post("/v1/edits", json=edit_with(f"job:{slow['id']}")), 409, "state_conflict")
    service.client.post(f"/v1/jobs/{slow['id']}/cancel")


def test_what_is_learnt_from_is_fetched_once_and_not_kept(tmp_path: Path) -> None:
    files = {"pairs.zip": edits()}
    with given_out(files) as place, served(tmp_path, LAMINA_ALLOW_PRIVATE_URLS="true") as service:
        sent = {"images": f"{place}/pairs.zip", "steps": 60, "checkpoint_every": 20, "default_caption": "wait 0.05"}
        job = service.client.post("/v1/trainings", json=sent).json()
        told = service.events(job["id"])
        next(event for event in told if event["event"] == "checkpoint")
        files.clear()
        (engine,) = engines(service.process.pid)
        subprocess.run(["kill", "-9", str(engine)], check=True, timeout=120)
        list(told)
        after = service.client.get(f"/v1/jobs/{job['id']}").json()
        assert (after["state"], after["attempt"]) == ("succeeded", 2)
    database = Database(f"sqlite:///{tmp_path}/data/lamina.db")
    kept = database.write_now(lambda connection: file_store.of_job(connection, job["id"]))
    database.close()
    assert not [file for file in kept if file.media_type == "application/zip"]


def engines(pid: int) -> list[int]:
    """The children of the process, by proc(5)."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in tasks for child in path.read_text("ascii").split()]


class Machine:
    """Agents without an API, with a folder for temporary files of their own: they share the store and nothing else."""

    def __init__(self, folder: Path, name: str, *arguments: str, **variables: str) -> None:
        own = folder / name
        own.mkdir()
        environment = environment_of(folder, TEST_ENGINE_CHILD=str(NO_OP_CHILD), TMPDIR=str(own), **variables)
        self._log = (folder / f"{name}.log").open("a")
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PROGRAM, "work", *arguments],
            cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=self._log,
        )  # fmt: skip

    def kill(self) -> None:
        self.process.kill()
        ended(self.process)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(_PATIENCE_S)
        self._log.close()


@pytest.mark.parametrize("store", BOTH)
def test_whoever_is_killed_the_training_goes_on(store: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The engine twice, its agent twice, each time another machine takes over; more often than jobs are tried."""
    every, steps = 10, 120
    url = f"sqlite:///{tmp_path}/data/lamina.db" if store == "sqlite" else _new_database(request)
    where = () if store == "sqlite" else ("--database", url)
    variables = {"LAMINA_AGENT_LOST_S": "2", "LAMINA_MAX_ATTEMPTS": "2"}
    record = tmp_path / "steps"
    with ExitStack() as stack:
        service = stack.enter_context(served(tmp_path, "--agents", "0", *where, **variables))
        client = stack.enter_context(service.as_key(new_key(tmp_path, "1", *where)))
        database = Database(url)
        stack.callback(database.close)
        job = trained(client, wait_s=0, steps=steps, checkpoint_every=every, default_caption="wait 0.03")

        def machine(name: str) -> Machine:
            one = Machine(tmp_path, name, *where, LAMINA_TEST_STEPS_DONE=str(record), **variables)
            stack.callback(one.close)
            return one

        def reached() -> int:
            last = database.write_now(lambda connection: checkpoints.latest(connection, job["id"]))
            return 0 if last is None else last.step

        working = machine("machine0")
        for number in range(4):
            before = reached()
            until(lambda before=before: reached() > before, "another step is done")
            if number % 2:
                working.kill()
                working = machine(f"machine{number + 1}")
            else:
                for pid in engines(working.process.pid):
                    subprocess.run(["kill", "-9", str(pid)], check=False, timeout=120)
        until(
            lambda: client.get(f"/v1/jobs/{job['id']}").json()["state"] not in ("queued", "running"),
            "it has ended",
            _PATIENCE_S,
        )
        after = client.get(f"/v1/jobs/{job['id']}").json()
        wallet = client.get("/v1/wallet").json()
    assert (after["state"], after["result"]["steps_done"]) == ("succeeded", steps), after
    assert after["attempt"] == 5
    done = [int(line.split()[1]) for line in record.read_text().splitlines()]
    assert set(done) == set(range(1, steps + 1))
    assert len(done) - steps <= 4 * every, Counter(done)
    assert (after["charged_usd"], wallet["balance_usd"]) == ("0.48", "0.52")
    assert sorted(entry["kind"] for entry in wallet["entries"]) == ["hold", "settle", "top_up"]


def _new_database(request: pytest.FixtureRequest) -> str:
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database()
