"""fal's Python client, unmodified, behind the proxy that `lamina connect fal --proxy` runs."""

from typing import Any

from compat import shows
from fal_clients import PYTHON, Python

OUTPUT = {"images", "timings", "seed", "has_nsfw_concepts", "prompt"}


def check_output(output: dict[str, Any], count: int = 1) -> None:
    assert set(output) == OUTPUT
    assert len(output["images"]) == len(output["has_nsfw_concepts"]) == count
    for image in output["images"]:
        assert set(image) == {"url", "content_type", "file_name", "file_size", "width", "height"}
        assert image["file_name"].endswith(".png")
        assert image["content_type"] == "image/png"
        assert min(image["file_size"], image["width"], image["height"]) > 0
    assert 0 <= output["seed"] < 2**53
    assert output["timings"]["inference"] >= 0


@shows("Calls", "run", by=PYTHON)
def test_run(python: Python) -> None:
    told = python.run('tell(output=fal_client.run("fal-ai/qwen-image", arguments={"prompt": "a disc", "seed": 7}))')
    check_output(told["output"])
    assert (told["output"]["seed"], told["output"]["prompt"]) == (7, "a disc")


@shows("Calls", "subscribe with logs (polling)", "upload of a file", by=PYTHON)
def test_subscribe_with_logs_to_a_picture_that_was_uploaded(python: Python, picture: str) -> None:
    told = python.run(
        """
seen, queued = [], []
def hear(update):
    if isinstance(update, fal_client.InProgress):
        seen.extend(log["message"] for log in update.logs)
    queued.append(type(update).__name__)
url = fal_client.upload_file(os.environ["PICTURE"])
output = fal_client.subscribe(
    "fal-ai/qwen-image-layered", arguments={"image_url": url, "prompt": "steps 4 0.3"}, with_logs=True,
    on_queue_update=hear,
)
tell(output=output, seen=seen, queued=queued)
""",
        PICTURE=picture,
    )
    check_output(told["output"], 2)
    assert any(line.startswith("step ") for line in told["seen"])
    assert "InProgress" in told["queued"]
    assert told["queued"][-1] == "Completed"


@shows("Calls", "submit, iter_events and get", "status by id", "result by id", by=PYTHON)
def test_submit_and_what_becomes_of_it(python: Python) -> None:
    told = python.run(
        """
handle = fal_client.submit("fal-ai/qwen-image-2512/lora", arguments={"prompt": "steps 3 0.2"}, priority="low",
                           hint="lion", start_timeout=60, headers={"X-Fal-Store-IO": "0", "X-Fal-Tags": "a"})
events = [type(event).__name__ for event in handle.iter_events(with_logs=True)]
app = "fal-ai/qwen-image-2512/lora"
tell(events=events, output=handle.get(), status=type(fal_client.status(app, handle.request_id)).__name__,
     again=fal_client.result(app, handle.request_id), urls=[handle.response_url, handle.status_url, handle.cancel_url],
     id=handle.request_id, seconds=fal_client.status(app, handle.request_id).metrics["inference_time"])
"""
    )
    check_output(told["output"])
    assert told["events"][-1] == told["status"] == "Completed"
    assert set(told["events"]) <= {"Queued", "InProgress", "Completed"}
    assert told["again"]["seed"] == told["output"]["seed"]
    assert told["seconds"] >= 0.6
    root = f"https://queue.fal.run/fal-ai/qwen-image-2512/requests/{told['id']}"
    assert told["urls"] == [root, f"{root}/status", f"{root}/cancel"]


@shows("Calls", "cancel of a running request", "cancel of a queued request", "cancel after the end", by=PYTHON)
def test_cancel_running_and_queued_and_ended(python: Python) -> None:
    told = python.run(
        """
app = "fal-ai/qwen-image"
running = fal_client.submit(app, arguments={"prompt": "steps 600 0.1"})
while isinstance(running.status(), fal_client.Queued): pass
queued = fal_client.submit(app, arguments={"prompt": "steps 600 0.1"})
position = queued.status().position
queued.cancel()
fal_client.cancel(app, running.request_id)
tell(queued=wrong(queued.get), running=wrong(running.get), again=wrong(queued.cancel), position=position,
     ended=running.status().error_type)
"""
    )
    for ended in (told["queued"], told["running"]):
        assert ended["class"] == "FalClientHTTPError"
        assert (ended["status"], ended["type"]) == (499, "client_cancelled")
    assert told["ended"] == "client_cancelled"
    assert told["position"] == 0
    assert told["again"]["status"] == 400
    assert "ALREADY_COMPLETED" in told["again"]["message"]


@shows("Calls", "upload of bytes", "upload of more than 100 MiB in parts", "upload with a lifetime", by=PYTHON)
def test_uploads(python: Python) -> None:
    told = python.run(
        """
import hashlib, urllib.request
def fetched(url):
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url) as answer:
        return hashlib.sha256(answer.read()).hexdigest()
def hashed(content): return hashlib.sha256(content).hexdigest()
small, large = b"some bytes" * 1000, os.urandom(1 << 20) * 101
urls = [fal_client.upload(small, "text/plain", file_name="a file.txt"), fal_client.upload(large, "image/x-big"),
        fal_client.upload(small, "text/plain", lifecycle=fal_client.client.StorageSettings(expires_in=3600)),
        fal_client.upload(small, "text/plain", repository="fal")]
sent = [hashed(content) for content in (small, large, small, small)]
tell(urls=urls, fetched=[fetched(url) for url in urls], sent=sent)
"""
    )
    assert told["fetched"] == told["sent"]
    assert told["urls"][0].endswith("/a_file.txt")


@shows("Calls", "stream", by=PYTHON)
def test_stream_ends_with_the_output(python: Python) -> None:
    program = 'tell(events=list(fal_client.stream("fal-ai/qwen-image", arguments={"prompt": "steps 2 0.1"})))'
    check_output(python.run(program)["events"][-1])


@shows("Calls", "the asynchronous client", by=PYTHON)
def test_the_asynchronous_client(python: Python, picture: str) -> None:
    told = python.run(
        """
async def main():
    client = fal_client.AsyncClient()
    url = await client.upload_file(os.environ["PICTURE"])
    runs = [client.run("fal-ai/qwen-image-edit", arguments={"prompt": "brighter", "image_url": url}) for _ in range(3)]
    made = await asyncio.gather(*runs)
    output = await client.subscribe("fal-ai/qwen-image", arguments={"prompt": "x"}, with_logs=True)
    handle = await client.submit("fal-ai/qwen-image", arguments={"prompt": "steps 600 0.1"})
    await handle.cancel()
    streamed = [event async for event in client.stream("fal-ai/qwen-image", arguments={"prompt": "x"})]
    tell(made=made, output=output, id=handle.request_id, streamed=streamed)
asyncio.run(main())
""",
        PICTURE=picture,
    )
    for output in (*told["made"], told["output"], told["streamed"][-1]):
        check_output(output)


@shows("Calls", "data: URIs in the input, by encode_file", "sync_mode", by=PYTHON)
def test_pictures_that_are_sent_in_the_answer_leave_the_history(python: Python, picture: str) -> None:
    told = python.run(
        """
app = "fal-ai/qwen-image-edit"
uri = fal_client.encode_file(os.environ["PICTURE"])
run = fal_client.run(app, arguments={"prompt": "x", "image_url": uri, "sync_mode": True})
handle = fal_client.submit(app, arguments={"prompt": "x", "image_url": uri, "sync_mode": True})
first = handle.get()
until = time.monotonic() + 10
while not (gone := wrong(handle.get)) and time.monotonic() < until: pass
tell(run=run["images"][0]["url"][:30], first=first["images"][0]["url"][:30], gone=gone["status"],
     status=type(handle.status()).__name__)
""",
        PICTURE=picture,
    )
    assert told["run"].startswith("data:image/png;base64,")
    assert told["first"].startswith("data:image/png;base64,")
    assert (told["gone"], told["status"]) == (404, "Completed")


@shows("Errors", "an input that is wrong", "an unknown application", "an unknown request", "a wrong key", by=PYTHON)
def test_errors_are_the_clients_own(python: Python) -> None:
    told = python.run(
        """
app = "fal-ai/qwen-image"
handle = fal_client.submit(app, arguments={"prompt": "x", "num_images": 9})
tell(run=wrong(fal_client.run, app, arguments={"prompt": "x", "num_images": 9}), submitted=wrong(handle.get),
     status=handle.status().error, unknown=wrong(fal_client.run, "fal-ai/no-such-thing", arguments={}),
     request=wrong(fal_client.status, app, "019e1951-c778-7120-9c82-16efcf40ec82"),
     key=wrong(fal_client.SyncClient(key="id:nobody").run, app, arguments={"prompt": "x"}))
"""
    )
    for error in (told["run"], told["submitted"]):
        assert (error["class"], error["status"]) == ("FalClientHTTPError", 422)
        (detail,) = error["message"]
        assert detail["loc"] == ["body", "num_images"]
        assert (detail["type"], detail["ctx"]) == ("less_than_equal", {"le": 4})
        assert detail["url"] == "https://docs.fal.ai/errors#less_than_equal"
    assert told["status"] == "Invalid status code: 422"
    assert (told["unknown"]["status"], told["unknown"]["message"]) == (404, 'Application "no-such-thing" not found')
    assert told["request"]["status"] == 404
    assert (told["key"]["status"], told["key"]["message"]) == (401, "No user found for Key ID and Secret")


@shows("Refused", "realtime: none of fal's Qwen models has it", by=PYTHON)
def test_realtime_is_refused_in_words(python: Python) -> None:
    told = python.run(
        """
def talk():
    with fal_client.realtime("fal-ai/qwen-image") as connection:
        connection.send({"prompt": "x"})
        connection.recv()
tell(error=wrong(talk))
"""
    )
    assert told["error"]["class"] == "RealtimeError"
    assert "Realtime is not offered by fal-ai/qwen-image" in told["error"]["message"]
