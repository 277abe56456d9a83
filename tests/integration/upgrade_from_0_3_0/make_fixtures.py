"""Makes the fixtures of tests/integration/test_upgrade.py: runs an older Lamina and keeps what it leaves behind.

    .venv/bin/python tests/integration/upgrade_from_0_3_0/make_fixtures.py CHECKOUT [FOLDER]

CHECKOUT is a working tree of that older version with a `.venv` of its own. The script runs its `lamina serve` on
SQLite and on a Postgres of its own, with the nano and the classic engine, kills it while it works, and writes to FOLDER
(default: the script's own) an archive with, for each of the two, the data folder, the database or a dump of it, and the
answers that the older version gave; of the first a backup, too.
"""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import uuid
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parents[1]))

from archives import data_uri, edits, given_out  # noqa: E402
from serving import poster  # noqa: E402
from stores import Postgres, commands_folder  # noqa: E402
from waiting import ended, next_line, until  # noqa: E402

FOREVER_S = str(100 * 365 * 86_400)  # longer than the fixture is used
SETTINGS = {
    "LAMINA_ALLOW_PRIVATE_URLS": "true",
    "LAMINA_SAFETY": "off",
    "LAMINA_URL_S": FOREVER_S,
    "LAMINA_RUN_S": FOREVER_S,
    "LAMINA_TRAINING_RUN_S": FOREVER_S,
    "LAMINA_UPLOAD_DAYS": "0",
}
NOWHERE = "http://127.0.0.1:9/hook"  # the discard port: nobody takes a webhook there
TIMEOUT_S = 300.0
SIZE = {"width": 64, "height": 64}
GENERATION = {"engine": "nano", "prompt": "a green star", "steps": 2, "seed": 4, **SIZE}
TRAINING = {"engine": "nano", "model": "nano", "images": data_uri(edits()), "rank": 1, "seed": 3, "learning_rate": 0.01}
FAL, FAL_EDIT, FAL_LAYERED = "fal-ai/qwen-image-2512", "fal-ai/qwen-image-edit-2511", "fal-ai/qwen-image-layered"
PIXAZO_EDIT = "/qwen-image-max-edit/v1/qwen-image-max-edit-request"
PIXAZO_LAYERED = "/qwen-image-layered/v1/qwen-image-layered-request"


@dataclass
class Service:
    """A `lamina serve` of the older version. `arguments`: of each command; `keys`: secrets by name."""

    lamina: Path
    folder: Path
    arguments: tuple[str, ...]
    url: str = ""
    process: "subprocess.Popen[str] | None" = None
    keys: dict[str, str] = field(default_factory=dict)

    def command(self, *arguments: str, **settings: str) -> str:
        done = subprocess.run(
            [self.lamina, *arguments, *self.arguments],
            cwd=self.folder, env=self._environment(settings), capture_output=True, text=True, timeout=TIMEOUT_S,
            check=True,
        )  # fmt: skip
        return done.stdout

    @contextmanager
    def running(self, *, agents: int, is_killed: bool = False, **settings: str) -> Generator["Service"]:
        """`is_killed`: it ends as by a power cut."""
        command = [self.lamina, "serve", "--port", "0", "--agents", str(agents), *self.arguments]
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=self._environment(settings), stdout=subprocess.PIPE, stderr=log, text=True
            )
        text = ""
        while "Engine" not in text:
            line = next_line(self.process, TIMEOUT_S)
            assert line, text + (self.folder / "log").read_text()
            text += line
        address = re.search(r"API +(\S+)/v1", text)
        assert address is not None, text
        self.url = address[1]
        if (key := re.search(r"Key +(\S+)", text)) is not None:
            self.keys["first"] = key[1]
        try:
            yield self
        finally:
            self.process.send_signal(signal.SIGKILL if is_killed else signal.SIGTERM)
            ended(self.process)

    def request(self, method: str, path: str, key: str = "metered", **options: Any) -> httpx2.Response:
        headers = {**headers_of(path, self.keys[key]), **options.pop("headers", {})}
        return httpx2.request(method, f"{self.url}{path}", headers=headers, timeout=TIMEOUT_S, **options)

    def json(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        answer = self.request(method, path, **({} if body is None else {"json": body}), **options)
        assert answer.status_code < 400, (path, answer.status_code, answer.text)
        return answer.json()

    def _environment(self, settings: dict[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LAMINA_")}
        return {**kept, **SETTINGS, "LAMINA_DATA": str(self.folder / "data"), **settings}


@dataclass
class Recording:
    """The older version's answers, as JSON. `answers`: those that the newer one must give, too; `downloads`: by address
    the hash of what is there; `jobs`: ids by what they are for.
    """

    service: Service
    jobs: dict[str, str] = field(default_factory=dict)
    answers: list[dict[str, Any]] = field(default_factory=list)
    downloads: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: Any = None, key: str = "metered", **headers: str) -> None:
        answer = self.service.request(method, path, key, headers=headers, **({} if body is None else {"json": body}))
        text = answer.text.replace(self.service.url, "<base>")
        asked = {"method": method, "path": path, "body": body, "key": key, "headers": headers}
        self.answers.append({**asked, "status": answer.status_code, "answer": json.loads(text)})
        for address in sorted(set(re.findall(r'<base>(/files/[^"\s]+)', text))):
            file = httpx2.get(f"{self.service.url}{address}", timeout=TIMEOUT_S)
            assert file.status_code == 200, address
            self.downloads[address] = sha256(file.content).hexdigest()

    def write(self, path: Path) -> None:
        kept = {"keys": self.service.keys, "jobs": self.jobs, **self.facts}
        kept |= {"answers": self.answers, "downloads": self.downloads}
        path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")


def headers_of(path: str, key: str) -> dict[str, str]:
    """Those by which each API takes a key."""
    if path.startswith("/fal/"):
        return {"Authorization": f"Key {key}"}
    if path.startswith(("/qwen-image", "/v2/")):
        return {"Ocp-Apim-Subscription-Key": key}
    return {"Authorization": f"Bearer {key}"}


@contextmanager
def webhook_receiver() -> Generator[str]:
    """The address of a server that takes every webhook."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hook"
        server.shutdown()


def small_poster() -> bytes:
    return poster(96, 64)


def image_uri() -> str:
    return f"data:image/png;base64,{base64.b64encode(small_poster()).decode()}"


def runware_task(kind: str, **fields: Any) -> dict[str, Any]:
    return {"taskType": kind, "taskUUID": str(uuid.uuid4()), **fields}


def make_keys(service: Service) -> None:
    def create(name: str, *options: str) -> None:
        service.keys[name] = json.loads(service.command("keys", "create", "--json", "--name", name, *options))["key"]

    create("metered", "--credit", "50")
    create("reading", "--scope", "read")
    create("limited", "--model", "nano", "--at-once", "3", "--per-minute", "100", "--credit", "0.10")
    create("revoked")
    service.command("keys", "revoke", "revoked")
    service.command("wallet", "add", "metered", "1.5", "--note", "a gift")


def finish_native_jobs(service: Service, record: Recording, hook: str) -> None:
    def job(name: str, path: str, **fields: Any) -> dict[str, Any]:
        record.jobs[name] = service.json("POST", path, fields, headers={"Idempotency-Key": name})["id"]
        shown = f"/v1/jobs/{record.jobs[name]}"
        until(lambda: service.json("GET", shown)["ended_at"], name, TIMEOUT_S)
        return service.json("GET", shown)

    file = service.json("POST", "/v1/files", files={"file": ("poster.png", small_poster())})
    drawn = job("generation", "/v1/generations", engine="nano", prompt="a red circle on a white background", seed=1,
                steps=2, webhook_url=NOWHERE, **SIZE)  # fmt: skip
    job(
        "delivered", "/v1/generations", engine="nano", prompt="a blue square", seed=2, steps=2, webhook_url=hook, **SIZE
    )
    image = f"file:{drawn['result']['pictures'][0]['id']}"
    job("edit", "/v1/edits", engine="nano", image=image, prompt="make the circle green", steps=2)
    job("decomposition", "/v1/decompositions", engine="classic", image=file["reference"], layers=4)
    job("layers of nano", "/v1/decompositions", engine="nano", image=image, layers=2, steps=2)
    trained = job("training", "/v1/trainings", **TRAINING, steps=4)
    lora = trained["result"]["lora"]
    loras = [{"path": f"job:{trained['id']}", "scale": 0.5}]
    job("edit with a LoRA", "/v1/edits", engine="nano", image=image, prompt="make it blue", steps=1, loras=loras)
    content = service.request("GET", lora["url"].removeprefix(service.url)).content
    uploaded = service.json("POST", "/v1/files", files={"file": ("style.safetensors", content)})
    record.facts["lora"] = uploaded["id"]
    record.facts["upload"] = file["id"]
    job("failed", "/v1/trainings", **{**TRAINING, "images": data_uri(b"PK no archive")})
    for name in list(record.jobs):
        record.ask("GET", f"/v1/jobs/{record.jobs[name]}")
    record.ask("GET", f"/v1/stacks/{record.jobs['decomposition']}")
    for file_id in (file["id"], uploaded["id"]):
        record.ask("GET", f"/v1/files/{file_id}")
    with given_out({"style.safetensors": content}) as place:
        upload_runware_lora(service, record, place)


def finish_fal_jobs(service: Service, record: Recording, hook: str) -> None:
    bodies = {
        FAL: {"prompt": "a red circle", "image_size": SIZE, "num_inference_steps": 2, "seed": 1},
        FAL_EDIT: {"prompt": "make it green", "image_urls": [image_uri()], "num_inference_steps": 2},
        FAL_LAYERED: {"image_url": image_uri(), "num_layers": 3, "num_inference_steps": 2},
    }
    for endpoint, body in bodies.items():
        target = NOWHERE if endpoint == FAL else hook
        request = service.json("POST", f"/fal/queue/{endpoint}?fal_webhook={target}", body)
        record.jobs[f"fal {endpoint}"] = request["request_id"]
        path = f"/fal/queue/{endpoint}/requests/{request['request_id']}"
        until(lambda path=path: service.json("GET", f"{path}/status")["status"] == "COMPLETED", endpoint, TIMEOUT_S)
        record.ask("GET", path)
        record.ask("GET", f"{path}/status?logs=1")


def finish_pixazo_jobs(service: Service, record: Recording) -> None:
    bodies = {
        PIXAZO_EDIT: {"prompt": "make it green", "image_urls": [image_uri()], "output_format": "jpeg"},
        PIXAZO_LAYERED: {"image_url": image_uri(), "num_layers": 3},
    }
    for path, body in bodies.items():
        request = service.json("POST", path, body, headers={"X-Webhook-URL": NOWHERE})
        record.jobs[f"pixazo {path}"] = request["request_id"]
        status = f"/v2/requests/status/{request['request_id']}"
        until(
            lambda status=status: service.json("GET", status)["status"] not in ("QUEUED", "PROCESSING"), path, TIMEOUT_S
        )
        record.ask("GET", status)
    record.ask("POST", f"{PIXAZO_LAYERED}-result", {"request_id": record.jobs[f"pixazo {PIXAZO_LAYERED}"]})


def upload_runware_lora(service: Service, record: Recording, place: str) -> None:
    upload = runware_task(
        "modelUpload", category="lora", architecture="qwen_image", format="safetensors", name="style", version="1",
        downloadURL=f"{place}/style.safetensors", air="test:style@1", uniqueIdentifier="style", private=True,
    )  # fmt: skip
    service.json("POST", "/v1", [upload])
    record.jobs["runware LoRA"] = upload["taskUUID"]

    def states() -> list[str]:
        found = service.json("POST", "/v1", [{"taskType": "getResponse", "taskUUID": upload["taskUUID"]}])
        return [item.get("status", "") for item in [*found.get("data", ()), *found.get("errors", ())]]

    until(lambda: {"ready", "error", "success"} & set(states()), "the LoRA is there", TIMEOUT_S)


def finish_runware_jobs(service: Service, record: Recording) -> None:
    common = {"positivePrompt": "a red circle", "deliveryMethod": "async", "webhookURL": NOWHERE, "steps": 2}
    size = {"width": 128, "height": 128}
    tasks = {
        "runware generation": {"model": "runware:108@1", **size, "outputFormat": "PNG", "includeCost": True},
        "runware with a LoRA": {"model": "runware:108@1", **size, "lora": [{"model": "test:style@1", "weight": 0.5}]},
        "runware layers": {
            "model": "alibaba:qwen-image@layered",
            "inputs": {"referenceImages": [base64.b64encode(small_poster()).decode()]},
            "settings": {"layers": 3},
        },
    }
    for name, fields in tasks.items():
        task = runware_task("imageInference", **common, **fields)
        service.json("POST", "/v1", [task])
        record.jobs[name] = task["taskUUID"]
        poll = [{"taskType": "getResponse", "taskUUID": task["taskUUID"]}]

        def is_done(poll: Any = poll) -> bool:
            found = service.json("POST", "/v1", poll)
            return "processing" not in json.dumps(found) and bool(found.get("data") or found.get("errors"))

        until(is_done, name, TIMEOUT_S)
        record.ask("POST", "/v1", poll)
        record.ask("POST", "/v1", [{"taskType": "getTaskDetails", "taskUUID": task["taskUUID"]}])
    search = runware_task("modelSearch", search="style", category="lora", visibility="private")
    record.ask("POST", "/v1", [search])


def submit_work(service: Service, record: Recording) -> None:
    """What runs when the service is killed: a training that has a checkpoint, and a generation."""
    training = service.json("POST", "/v1/trainings", {**TRAINING, "steps": 30, "checkpoint_every": 10})
    record.jobs["running training"] = training["id"]
    path = f"/v1/jobs/{training['id']}"
    with httpx2.stream(
        "GET", f"{service.url}{path}/events", headers=headers_of(path, service.keys["metered"]), timeout=TIMEOUT_S
    ) as answer:
        next(line for line in answer.iter_lines() if line == "event: checkpoint")
    drawing = {"engine": "nano", "prompt": "a red circle", "steps": 20, **SIZE}
    generation = service.json("POST", "/v1/generations", drawing)
    record.jobs["running generation"] = generation["id"]
    until(lambda: service.json("GET", f"/v1/jobs/{generation['id']}")["state"] == "running", "it runs", TIMEOUT_S)
    assert service.json("GET", path)["state"] == "running"


def queue_jobs(service: Service, record: Recording) -> None:
    """Through each API; one of the jobs is cancelled."""

    def job(name: str, path: str, **fields: Any) -> None:
        record.jobs[name] = service.json("POST", path, fields, headers={"Idempotency-Key": name})["id"]

    job("queued generation", "/v1/generations", **GENERATION, priority=3, webhook_url=NOWHERE)
    job("queued edit", "/v1/edits", engine="nano", image=image_uri(), prompt="make it red", steps=2,
        loras=[{"path": f"file:{record.facts['lora']}"}])  # fmt: skip
    job("queued decomposition", "/v1/decompositions", engine="classic", image=image_uri())
    job("queued training", "/v1/trainings", **TRAINING, steps=3)
    job("cancelled", "/v1/generations", **GENERATION)
    service.json("POST", f"/v1/jobs/{record.jobs['cancelled']}/cancel")
    body = {"prompt": "a red circle", "image_size": SIZE, "num_inference_steps": 2}
    record.jobs["queued fal"] = service.json("POST", f"/fal/queue/{FAL}", body)["request_id"]
    body = {"image_url": image_uri(), "num_layers": 2}
    record.jobs["queued pixazo"] = service.json("POST", PIXAZO_LAYERED, body)["request_id"]
    task = runware_task(
        "imageInference", model="runware:108@1", positivePrompt="a circle", width=128, height=128, steps=2,
        deliveryMethod="async",
    )  # fmt: skip
    service.json("POST", "/v1", [task])
    record.jobs["queued runware"] = task["taskUUID"]


def record_accounts(record: Recording) -> None:
    """After everything else that changes them. The first request is as the last job's: it makes no other."""
    record.ask("POST", "/v1/generations", GENERATION, **{"Idempotency-Key": "cancelled"})
    record.ask("GET", f"/v1/jobs/{record.jobs['cancelled']}")
    record.ask("GET", f"/v1/jobs/{record.jobs['queued generation']}")
    record.ask("GET", "/v1/wallet")
    record.ask("GET", "/v1/wallet", key="limited")
    record.ask("GET", "/v1/wallet", key="revoked")
    record.ask("POST", "/v1/generations", {"prompt": "a"}, key="reading")
    record.ask("POST", "/v1/generations", {"prompt": "a", "model": "qwen-image"}, key="limited")
    record.ask("GET", "/.well-known/jwks.json")


def fill(service: Service) -> Recording:
    record = Recording(service)
    with webhook_receiver() as hook, service.running(agents=1):
        make_keys(service)
        finish_native_jobs(service, record, hook)
        finish_fal_jobs(service, record, hook)
        finish_pixazo_jobs(service, record)
        finish_runware_jobs(service, record)
    with service.running(agents=2, is_killed=True):
        submit_work(service, record)
    still_there = {"LAMINA_AGENT_LOST_S": "3600"}  # the killed agents are not missed yet
    with service.running(agents=0, **still_there):
        queue_jobs(service, record)
    with service.running(agents=0, is_killed=True, **still_there):  # SQLite's log is left as it is
        last = service.json("POST", "/v1/generations", {**GENERATION, "seed": 5})
        record.jobs["queued last"] = last["id"]
        record_accounts(record)
    return record


def dump(url: str) -> str:
    """Without what only some versions of psql read."""
    command = [commands_folder() / "pg_dump", "--no-owner", "--no-privileges", url]
    text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIMEOUT_S).stdout
    return re.sub(r"(?m)^(\\(un)?restrict .*|SET transaction_timeout = 0;)\n", "", text)


def pack(folder: Path, target: Path) -> None:
    """In one archive, for most contents are in it three times."""

    def anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        return None if member.name.endswith(("/log", "/cache")) else member

    with tarfile.open(target, "w:xz", preset=9) as file:
        for name in ("sqlite", "postgres"):
            file.add(folder / name, name, filter=anonymous)


def main(checkout: Path, target: Path) -> None:
    lamina = checkout.resolve() / ".venv" / "bin" / "lamina"
    target.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = Postgres()
        stack.callback(postgres.remove)
        url = postgres.new_database()
        for name, arguments in (("sqlite", ()), ("postgres", ("--database", url))):
            (folder / name).mkdir()
            service = Service(lamina, folder / name, arguments)
            fill(service).write(folder / name / "answers.json")
            if name == "sqlite":
                shutil.copytree(folder / name / "data", folder / "left")
                service.command("backup", str(folder / name / "backup.tar"))
                shutil.rmtree(folder / name / "data")  # to back it up has tidied it up
                (folder / "left").rename(folder / name / "data")
        (folder / "postgres" / "dump.sql").write_text(dump(url), "utf-8")
        pack(folder, target / "left_by_0_3_0.tar.xz")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else FOLDER)
