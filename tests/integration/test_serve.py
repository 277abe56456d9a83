"""`lamina serve` as its users meet it: a real process, a real store, real HTTP."""

import json
import signal
import socket
import threading
from collections.abc import Generator
from pathlib import Path

import httpx2
import pytest

from lamina import load
from serving import NO_OP_CHILD, Served, lamina, poster, problem, served
from waiting import joined, until

NO_SUCH = "019d0000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("serve")


@pytest.fixture(scope="module")
def service(folder: Path) -> Generator[Served]:
    with served(folder) as one:
        yield one
    assert one.process.returncode == 0
    assert "exception" not in (folder / "log").read_text()


def new_key(folder: Path, *options: str) -> str:
    made = lamina(folder, "keys", "create", "--json", *options)
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)["key"]


def submitted(service: Served, prompt: str = "a circle", wait_s: int = 30) -> dict[str, object]:
    headers = {"Prefer": f"wait={wait_s}"} if wait_s else {}
    answer = service.client.post("/v1/generations", json={"prompt": prompt}, headers=headers)
    assert answer.status_code == (200 if wait_s else 202), answer.text
    return answer.json()


def until_running(service: Served, job_id: str) -> None:
    assert any('"running"' in event["data"] for event in service.events(job_id))


def test_a_picture_that_is_sent_comes_back_as_a_psd(tmp_path: Path) -> None:
    with served(tmp_path, child=None) as service:
        upload = service.client.post("/v1/files", files={"file": ("poster.png", poster())})
        assert upload.status_code == 201
        assert (upload.json()["content_type"], upload.json()["name"]) == ("image/png", "poster.png")
        job = service.client.post(
            "/v1/decompositions", json={"image": upload.json()["reference"]}, headers={"Prefer": "wait=60"}
        )
        assert (job.status_code, job.json()["state"]) == (200, "succeeded")
        assert job.headers["preference-applied"] == "wait=60"
        disc = {"box": [28, 58, 84, 84], "name": "Disc"}
        fields = {"image": upload.json()["reference"], "layers": 2, "flat": True, "select": [disc]}
        selected = service.client.post("/v1/decompositions", json=fields, headers={"Prefer": "wait=60"}).json()
        assert [layer["name"] for layer in selected["result"]["layers"]] == ["Background", "Disc"]
        outside = fields | {"select": [{"point": [300, 20]}]}
        failed = service.client.post("/v1/decompositions", json=outside, headers={"Prefer": "wait=60"}).json()
        assert (failed["state"], failed["error"]["code"]) == ("failed", "task_invalid")
        assert "outside the picture of 240 x 160 pixels" in failed["error"]["message"]
        psd = service.client.get(f"/v1/stacks/{job.json()['id']}.psd")
        assert psd.headers["content-type"] == "image/vnd.adobe.photoshop"
    (tmp_path / "poster.psd").write_bytes(psd.content)
    stack = load(tmp_path / "poster.psd")
    assert [layer.name for layer in stack] == [layer["name"] for layer in job.json()["result"]["layers"]]
    assert len(stack) >= 2
    assert job.json()["result"]["recomposition"]["max_abs_error"] == 0


@pytest.mark.parametrize(
    ("ending", "magic"),
    [
        ("psd", b"8BPS"),
        ("ora", b"PK"),
        ("pptx", b"PK"),
        ("svg", b"<"),
        ("tiff", b"II"),
        ("webp", b"RIFF"),
        ("zip", b"PK"),
    ],
)
def test_a_stack_is_given_out_in_every_format(service: Served, ending: str, magic: bytes) -> None:
    answer = service.client.get(f"/v1/stacks/{decomposed(service)}.{ending}")
    assert answer.status_code == 200
    assert answer.content.startswith(magic)
    assert len(answer.content) == int(answer.headers["content-length"])
    assert f".{ending}" in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    ("query", "has_shapes"),
    [("", False), ("?live_text=true", False), ("?live_shapes=true", True), ("?editable=true", True)],
)
def test_a_stack_is_given_out_with_shapes(service: Served, query: str, has_shapes: bool) -> None:
    text = service.client.get(f"/v1/stacks/{decomposed(service)}.svg{query}").text
    assert ("<rect " in text) == has_shapes


def decomposed(service: Served) -> str:
    given = {"image": f"data:image/png;base64,{_base64(poster())}"}
    headers = {"Prefer": "wait=30", "Idempotency-Key": "the stack of these tests"}
    answer = service.client.post("/v1/decompositions", json=given, headers=headers)
    assert answer.json()["state"] == "succeeded", answer.text
    return answer.json()["id"]


def _base64(content: bytes) -> str:
    import base64

    return base64.b64encode(content).decode()


def test_layers_have_addresses_that_need_no_key(service: Served) -> None:
    stack = service.client.get(f"/v1/stacks/{decomposed(service)}").json()
    assert [layer["name"] for layer in stack["layers"]] == ["Background", "Object"]
    address = stack["layers"][0]["url"]
    whole = httpx2.get(address)
    assert (whole.status_code, whole.headers["content-type"]) == (200, "image/png")
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in whole.headers["content-security-policy"]
    part = httpx2.get(address, headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, b"PNG")
    assert part.headers["content-range"] == f"bytes 1-3/{len(whole.content)}"
    assert httpx2.get(address, headers={"Range": "bytes=9999999-"}).status_code == 416
    assert httpx2.get(address, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    assert httpx2.head(address).headers["content-length"] == str(len(whole.content))
    problem(httpx2.get(address[:-2]), 404, "not_found")
    problem(httpx2.get(address.split("?")[0]), 404, "not_found")


def test_a_result_can_be_given_to_the_next_job_by_its_address_or_its_id(service: Served) -> None:
    made = submitted(service)["result"]["pictures"][0]  # pyright: ignore[reportIndexIssue]
    for image in (made["url"], f"file:{made['id']}"):
        fields = {"image": image, "prompt": "make it green"}
        answer = service.client.post("/v1/edits", json=fields, headers={"Prefer": "wait=30"})
        assert answer.json()["state"] == "succeeded", answer.text


def test_without_a_wish_to_wait_the_answer_comes_at_once(service: Served) -> None:
    answer = service.client.post("/v1/generations", json={"prompt": "steps 2 0.05"})
    assert answer.status_code == 202
    assert "preference-applied" not in answer.headers
    job_id = answer.json()["id"]
    assert answer.headers["location"] == f"/v1/jobs/{job_id}"
    kinds = [json.loads(event["data"])["state"] for event in service.events(job_id) if event["event"] == "state"]
    assert kinds == ["queued", "running", "succeeded"]
    shown = service.client.get(answer.headers["location"]).json()
    assert shown["result"]["pictures"][0]["content_type"] == "image/png"


def test_a_wait_that_is_over_before_the_job_gives_the_job_as_it_is(service: Served) -> None:
    answer = service.client.post("/v1/generations", json={"prompt": "steps 100 0.05"}, headers={"Prefer": "wait=0"})
    assert answer.status_code == 202
    service.client.post(f"/v1/jobs/{answer.json()['id']}/cancel")


def test_events_resume_after_the_one_that_came_last(service: Served) -> None:
    job_id = str(submitted(service, "steps 3 0.3")["id"])
    every = list(service.events(job_id))
    assert [event["id"] for event in every] == [str(number + 1) for number in range(len(every))]
    assert {event["event"] for event in every} == {"state", "progress"}
    assert list(service.events(job_id, after=2)) == every[2:]
    by_query = service.client.get(f"/v1/jobs/{job_id}/events", params={"after": len(every) - 1}).text
    assert by_query.count("\nevent: ") == 1


def test_a_running_job_is_cancelled_and_costs_nothing(service: Served, folder: Path) -> None:
    key = new_key(folder, "--credit", "1")
    with service.as_key(key) as client:
        job_id = client.post("/v1/generations", json={"prompt": "steps 600 0.05"}).json()["id"]
        paying = Served(service.process, service.url, key, service.data, client)
        until_running(paying, job_id)
        assert client.get("/v1/wallet").json()["balance_usd"] == "0.955"
        asked = client.post(f"/v1/jobs/{job_id}/cancel")
        assert (asked.status_code, asked.json()["is_cancel_requested"]) == (200, True)
        last = list(paying.events(job_id))[-1]
        assert json.loads(last["data"])["state"] == "cancelled"
        wallet = client.get("/v1/wallet").json()
        assert (wallet["balance_usd"], [entry["kind"] for entry in wallet["entries"]]) == (
            "1.00",
            ["release", "hold", "top_up"],
        )
        problem(client.post(f"/v1/jobs/{job_id}/cancel"), 409, "state_conflict")


def test_a_job_that_succeeds_is_paid_for(service: Served, folder: Path) -> None:
    with service.as_key(new_key(folder, "--credit", "0.10")) as client:
        job = client.post("/v1/generations", json={"prompt": "a"}, headers={"Prefer": "wait=30"}).json()
        assert (job["price_usd"], job["charged_usd"]) == ("0.045", "0.045")
        assert client.get("/v1/wallet").json()["balance_usd"] == "0.055"
        problem(client.post("/v1/generations", json={"prompt": "a", "count": 2}), 402, "funds_insufficient")


def test_a_job_that_is_removed_is_without_pictures(service: Served) -> None:
    job = submitted(service)
    address = job["result"]["pictures"][0]["url"]  # pyright: ignore[reportIndexIssue]
    assert service.client.delete(f"/v1/jobs/{job['id']}").status_code == 204
    problem(httpx2.get(address), 404, "not_found")
    shown = service.client.get(f"/v1/jobs/{job['id']}").json()
    assert (shown["state"], shown["result"], shown["price_usd"]) == ("succeeded", None, job["price_usd"])


def test_another_key_sees_nothing_of_a_key(service: Served, folder: Path) -> None:
    job_id, stack_id = submitted(service)["id"], decomposed(service)
    upload = service.client.post("/v1/files", files={"file": ("a.png", poster())}).json()
    with service.as_key(new_key(folder)) as other:
        for path in (f"/v1/jobs/{job_id}", f"/v1/jobs/{job_id}/events", f"/v1/stacks/{stack_id}",
                     f"/v1/stacks/{stack_id}.psd", f"/v1/files/{upload['id']}"):  # fmt: skip
            problem(other.get(path), 404, "not_found")
        problem(other.post(f"/v1/jobs/{job_id}/cancel"), 404, "not_found")
        problem(other.delete(f"/v1/jobs/{job_id}"), 404, "not_found")
        problem(other.post("/v1/decompositions", json={"image": upload["reference"]}), 404, "not_found")
        assert other.get("/v1/jobs").json() == {"jobs": [], "next": None}


def test_keys_that_are_not_good_and_scopes_that_do_not_reach(service: Served, folder: Path) -> None:
    answer = httpx2.get(f"{service.url}/v1/jobs")
    problem(answer, 401, "key_invalid")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    with service.as_key("lam_wrong") as wrong:
        problem(wrong.get("/v1/jobs"), 401, "key_invalid")
    with service.as_key(new_key(folder, "--name", "reads", "--scope", "read")) as reading:
        assert reading.get("/v1/jobs").status_code == 200
        problem(reading.post("/v1/generations", json={"prompt": "a"}), 403, "key_forbidden")
        assert lamina(folder, "keys", "revoke", "reads").returncode == 0
        problem(reading.get("/v1/jobs"), 401, "key_invalid")


def test_a_body_is_not_read_from_somebody_without_a_key(service: Served) -> None:
    for path in ("decompositions", "generations", "edits", "trainings"):
        problem(httpx2.post(f"{service.url}/v1/{path}", content=b"{"), 401, "key_invalid")


def test_limits_of_a_key(service: Served, folder: Path) -> None:
    with service.as_key(new_key(folder, "--at-once", "1")) as client:
        first = client.post("/v1/generations", json={"prompt": "steps 600 0.05"}).json()["id"]
        answer = client.post("/v1/generations", json={"prompt": "a"})
        problem(answer, 429, "limit_reached")
        assert int(answer.headers["retry-after"]) > 0
        assert client.post(f"/v1/jobs/{first}/cancel").status_code == 200


def test_the_same_request_is_taken_once(service: Served) -> None:
    headers = {"Idempotency-Key": "once"}
    fields = {"prompt": "a", "seed": 3}
    first = service.client.post("/v1/generations", json=fields, headers=headers)
    otherwise = {**headers, "Content-Type": "application/json"}
    written = '{ "seed": 3, "count": 1, "prompt": "a" }'
    again = service.client.post("/v1/generations", content=written, headers=otherwise)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["id"] == again.json()["id"]
    other = service.client.post("/v1/generations", json={**fields, "seed": 4}, headers=headers)
    problem(other, 409, "idempotency_conflict")


@pytest.mark.parametrize(
    ("path", "fields", "place"),
    [
        ("decompositions", {"image": "file:x", "layers": 101}, ["body", "layers"]),
        ("decompositions", {"layers": 4}, ["body", "image"]),
        ("generations", {"prompt": ""}, ["body", "prompt"]),
        ("generations", {"prompt": "a", "stepz": 5}, ["body", "stepz"]),
        ("edits", {"prompt": "a", "image": "file:x", "priority": 11}, ["body", "priority"]),
        ("trainings", {"images": "file:x", "steps": 0}, ["body", "steps"]),
    ],
)
def test_fields_that_are_wrong_are_named(
    service: Served, path: str, fields: dict[str, object], place: list[str]
) -> None:
    body = problem(service.client.post(f"/v1/{path}", json=fields), 422, "task_invalid")
    assert [error["loc"] for error in body["errors"]] == [place]


@pytest.mark.parametrize(
    ("path", "fields", "status", "code"),
    [
        ("decompositions", {"image": "poster.png"}, 422, "task_invalid"),
        ("decompositions", {"image": "data:image/png;base64,aGVsbG8="}, 422, "input_not_an_image"),
        ("decompositions", {"image": "ftp://example.org/a.png"}, 422, "task_invalid"),
        ("decompositions", {"image": "http://user@example.org/a.png"}, 422, "address_refused"),
        ("generations", {"prompt": "a", "width": 100, "height": 64}, 422, "task_invalid"),
        ("generations", {"prompt": "a", "model": "qwen-imag"}, 404, "model_unknown"),
        ("generations", {"prompt": "a", "model": "qwen-image-layered"}, 422, "task_invalid"),
        ("generations", {"prompt": "a", "loras": [{"path": "/etc/passwd"}]}, 422, "lora_unusable"),
        ("generations", {"prompt": "a", "webhook_url": "gopher://x"}, 422, "address_refused"),
        ("trainings", {"images": "https://example.org/a.zip", "model": "qwen-image"}, 422, "task_invalid"),
        ("trainings", {"images": "data:application/zip;base64,aGVsbG8="}, 422, "input_corrupt"),
        ("generations", {"prompt": "a", "loras": [{"path": f"job:{NO_SUCH}"}]}, 404, "not_found"),
        ("generations", {"prompt": "a", "loras": [{"path": f"file:{NO_SUCH}"}]}, 404, "not_found"),
    ],
)
def test_requests_that_cannot_be_done(
    service: Served, path: str, fields: dict[str, object], status: int, code: str
) -> None:
    problem(service.client.post(f"/v1/{path}", json=fields), status, code)


def test_uploads_that_cannot_be_taken(service: Served) -> None:
    client = service.client
    problem(client.post("/v1/files", content=b"x"), 422, "task_invalid")
    problem(client.post("/v1/files", data={"file": "words"}), 422, "task_invalid")
    problem(client.post("/v1/files", files={"picture": ("a.png", poster())}), 422, "task_invalid")
    problem(client.post("/v1/files", json={}), 422, "task_invalid")
    problem(client.post("/v1/files", json={"url": "http://127.0.0.1:1/a.png"}), 422, "address_refused")
    headers = {"Content-Type": "multipart/form-data"}
    problem(client.post("/v1/files", content=b"x", headers=headers), 400, "bad_request")


def test_what_looks_like_a_page_is_not_shown_as_one(service: Served) -> None:
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    for name, content, media_type in (
        ("a.svg", drawing, "image/svg+xml"),
        ("a.html", b"<html><script>", "application/octet-stream"),
    ):
        upload = service.client.post("/v1/files", files={"file": (name, content, "text/html")}).json()
        assert upload["content_type"] == media_type
        answer = httpx2.get(upload["url"])
        assert answer.headers["content-disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["content-security-policy"]


def test_it_is_ready_when_its_engines_are(tmp_path: Path) -> None:
    start = tmp_path / "start"
    child = tmp_path / "child.py"
    child.write_text(
        "import pathlib, runpy, sys, time\n"
        f"sys.path.insert(0, {str(NO_OP_CHILD.parent)!r})\n"
        f"while not pathlib.Path({str(start)!r}).exists(): time.sleep(0.01)\n"
        f"runpy.run_path({str(NO_OP_CHILD)!r}, run_name='__main__')\n"
    )
    with served(tmp_path, child=child) as service:
        problem(service.client.get("/ready"), 503, "engine_unavailable")
        assert httpx2.get(f"{service.url}/health").status_code == 200
        start.touch()
        until(lambda: httpx2.get(f"{service.url}/ready").status_code == 200, "the service is ready")
    with served(tmp_path, "--agents", "0") as gateway:
        until(lambda: httpx2.get(f"{gateway.url}/ready").status_code == 200, "a gateway without agents is ready")


def test_pages_for_everybody(service: Served) -> None:
    assert httpx2.get(f"{service.url}/health").json()["status"] == "ok"
    assert httpx2.get(f"{service.url}/").headers["location"] == "/docs"
    until(lambda: httpx2.get(f"{service.url}/ready").status_code == 200, "the service is ready")
    assert httpx2.get(f"{service.url}/ready").json()["status"] == "ready"
    assert "lamina_jobs_submitted" in httpx2.get(f"{service.url}/metrics").text
    assert httpx2.get(f"{service.url}/.well-known/jwks.json").json()["keys"][0]["crv"] == "Ed25519"
    docs = httpx2.get(f"{service.url}/docs").text
    assert "/v1/decompositions" in docs
    assert "<script" not in docs
    problem(httpx2.get(f"{service.url}/nothing"), 404, "not_found")
    answer = httpx2.put(f"{service.url}/v1/jobs")
    problem(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["allow"]


def test_models_and_lists(service: Served, folder: Path) -> None:
    models = {model["name"]: model for model in service.client.get("/v1/models").json()["models"]}
    assert models["nano"]["is_here"]
    assert models["nano"]["defaults"]["edit"] == {"steps": 4, "guidance": 1.0}
    assert models["qwen-image"]["prices_usd"] == {"generate": "0.045"}
    with service.as_key(new_key(folder)) as client:
        for _ in range(3):
            client.post("/v1/generations", json={"prompt": "a"}, headers={"Prefer": "wait=30"})
        newest = client.get("/v1/jobs", params={"limit": 2}).json()
        rest = client.get("/v1/jobs", params={"limit": 2, "before": newest["next"]}).json()
        assert (len(newest["jobs"]), len(rest["jobs"]), rest["next"]) == (2, 1, None)
        assert client.get("/v1/jobs", params={"state": "queued"}).json()["jobs"] == []


def test_sigterm_lets_a_running_job_end_and_a_new_start_goes_on(tmp_path: Path) -> None:
    with served(tmp_path) as service:
        running = str(submitted(service, "steps 10 0.1", wait_s=0)["id"])
        waiting = str(submitted(service, "steps 1 0.01", wait_s=0)["id"])
        until_running(service, running)
        following = threading.Thread(target=lambda: list(service.events(waiting)))
        following.start()  # a client on a stream must not keep the process from ending
        assert service.end() == 0
        joined(following)
    with served(tmp_path) as again:
        assert again.key == ""
        with again.as_key(service.key) as client:
            assert client.get(f"/v1/jobs/{running}").json()["attempt"] == 1
            again.client = client
            for job_id in (running, waiting):
                assert json.loads(list(again.events(job_id))[-1]["data"])["state"] == "succeeded"


def test_a_second_signal_ends_at_once_and_the_job_is_done_by_the_next_start(tmp_path: Path) -> None:
    with served(tmp_path) as service:
        job_id = str(submitted(service, "steps 40 0.05", wait_s=0)["id"])
        until_running(service, job_id)
        for number in (signal.SIGINT, signal.SIGTERM):  # two of a kind at once would be one
            service.process.send_signal(number)
        assert service.process.wait(10) == 130
    with served(tmp_path, LAMINA_AGENT_LOST_S="5") as again, again.as_key(service.key) as client:
        again.client = client
        assert json.loads(list(again.events(job_id))[-1]["data"])["state"] == "succeeded"


def test_a_terminal_that_goes_away_ends_a_server_in_good_order(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whatever the tests were started under
    try:
        with served(tmp_path) as service:
            service.process.send_signal(signal.SIGHUP)
            assert service.process.wait(30) == 0
    finally:
        signal.signal(signal.SIGHUP, before)
    assert "exception" not in (tmp_path / "log").read_text()


def test_an_engine_that_does_not_come_up_does_not_keep_a_server_from_ending(tmp_path: Path) -> None:
    child = tmp_path / "child.py"
    child.write_text("import sys\nsys.stdin.read()\n")  # to the end of its agent
    with served(tmp_path, child=child) as service:
        assert submitted(service, "a", wait_s=0)["state"] == "queued"
        assert service.end() == 0
    assert "exception" not in (tmp_path / "log").read_text()


def test_a_busy_port_is_one_clear_line_and_exit_3(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = lamina(tmp_path, "serve", "--port", str(port))
    assert (run.returncode, run.stdout) == (3, "")
    assert run.stderr == (
        f"lamina: Another program listens on 127.0.0.1:{port}. Give another --port, or stop that program.\n"
    )
    assert not (tmp_path / "data").exists()


def test_stores_that_cannot_be_had_are_one_clear_line_and_exit_3(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for arguments in (
        ("--data", str(tmp_path / "file" / "data")),
        ("--database", "postgresql://127.0.0.1:1/lamina"),
        ("--database", "mysql://127.0.0.1/lamina"),
        ("--storage", str(tmp_path / "file" / "files")),
    ):
        run = lamina(tmp_path, "serve", "--port", "0", *arguments)
        assert run.returncode == 3, arguments
        assert run.stderr.startswith("lamina: ")
        assert run.stderr.count("\n") == 1


def test_a_mistyped_folder_is_told_and_not_made(tmp_path: Path) -> None:
    for command in (("keys", "list"), ("wallet", "show", "a"), ("webhooks", "list"), ("work",)):
        run = lamina(tmp_path, *command, "--data", "typo")
        assert run.returncode == 1, command
        assert "There is no service in" in run.stderr
    assert not (tmp_path / "typo").exists()


def test_keys_and_wallets_from_the_command_line(tmp_path: Path) -> None:
    key = json.loads(lamina(tmp_path, "keys", "create", "--json", "--name", "studio", "--credit", "2").stdout)
    assert key["key"].startswith("lam_")
    listed = json.loads(lamina(tmp_path, "keys", "list", "--json").stdout)["keys"]
    assert [(one["name"], one["balance"], one["state"]) for one in listed] == [("studio", "2.00", "good")]
    assert key["key"] not in json.dumps(listed)
    assert lamina(tmp_path, "wallet", "add", "studio", "0.5", "--note", "a gift").stdout == "2.50 USD\n"
    shown = json.loads(lamina(tmp_path, "wallet", "show", "studio").stdout)
    assert [entry["usd"] for entry in shown["entries"]] == ["0.50", "2.00"]
    assert lamina(tmp_path, "wallet", "add", "studio", "-9").returncode == 1
    assert lamina(tmp_path, "wallet", "show", "nobody").returncode == 1
    assert json.loads(lamina(tmp_path, "webhooks", "list").stdout) == {"webhooks": []}
