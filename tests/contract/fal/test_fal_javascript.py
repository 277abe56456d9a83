"""fal's JavaScript client, two versions, unmodified: 1.10 through `proxyUrl`, 1.8 through `requestMiddleware`."""

import pytest
from compat import shows
from fal_clients import JAVASCRIPT, OLDER_JAVASCRIPT, JavaScript
from test_fal_python import check_output

BOTH = f"{JAVASCRIPT} and 1.8.5"
assert OLDER_JAVASCRIPT.endswith("1.8.5")


@shows("Calls", "run", "a Blob anywhere in the input", by=BOTH)
def test_run_with_a_blob_in_the_input(javascript: JavaScript, picture: str) -> None:
    told = javascript.run(
        """
const blob = new Blob([readFileSync(process.env.PICTURE)], { type: "image/png" });
const made = await fal.run("fal-ai/qwen-image", { input: { prompt: "a disc", seed: 7 } });
const edited = await fal.run("fal-ai/qwen-image-edit-2511", { input: { prompt: "x", image_urls: [blob, blob] } });
tell({ made, edited });
""",
        PICTURE=picture,
    )
    for result in (told["made"], told["edited"]):
        check_output(result["data"])
        assert len(result["requestId"]) == 36
    assert told["made"]["data"]["seed"] == 7


@pytest.mark.parametrize("mode", ["polling", "streaming"])
@shows("Calls", "subscribe with logs (polling)", "subscribe with logs (streaming)", by=BOTH)
def test_subscribe_with_logs(javascript: JavaScript, picture: str, mode: str) -> None:
    told = javascript.run(
        """
const updates = [];
const result = await fal.subscribe("fal-ai/qwen-image-layered", {
  input: { image_url: new Blob([readFileSync(process.env.PICTURE)], { type: "image/png" }), prompt: "steps 4 0.6" },
  logs: true,
  mode: process.env.MODE,
  onQueueUpdate: (update) => updates.push([update.status, (update.logs ?? []).map((log) => log.message)]),
});
tell({ result, updates });
""",
        PICTURE=picture,
        MODE=mode,
    )
    check_output(told["result"]["data"], 2)
    states = [status for status, _ in told["updates"]]
    assert "IN_PROGRESS" in states
    assert states[-1] == "COMPLETED"
    last = told["updates"][-1][1]
    assert len(last) == len(set(last)), "a line came twice"
    assert any(line.startswith("step ") for line in last)


@shows("Calls", "submit", "status by id", "result by id", "cancel of a running request", by=BOTH)
@shows("Calls", "cancel of a queued request", "cancel after the end", "a result that is not there yet", by=BOTH)
def test_the_queue(javascript: JavaScript) -> None:
    told = javascript.run(
        """
const app = "fal-ai/qwen-image-2512/lora";
const input = { prompt: "steps 600 0.1" };
const of = ({ request_id }) => ({ requestId: request_id });
const running = await fal.queue.submit(app, { input, storageSettings: { expiresIn: "1h" } });
let status;
do status = await fal.queue.status(app, { ...of(running), logs: true }); while (status.status === "IN_QUEUE");
const queued = await fal.queue.submit(app, { input, priority: "low", hint: "lion" });
const waiting = await fal.queue.status(app, of(queued));
const early = await wrong(() => fal.queue.result(app, of(queued)));
await fal.queue.cancel(app, of(queued));
await fal.queue.cancel(app, of(running));
const ended = await fal.queue.subscribeToStatus(app, { ...of(running), mode: "streaming" });
const results = [];
for (const one of [queued, running]) results.push(await wrong(() => fal.queue.result(app, of(one))));
const again = await wrong(() => fal.queue.cancel(app, of(queued)));
const done = await fal.queue.submit(app, { input: { prompt: "x" } });
await fal.queue.subscribeToStatus(app, { ...of(done), logs: true });
const first = await fal.queue.result(app, of(done));
tell({ running, status, waiting, early, ended, results, again, first });
"""
    )
    assert told["running"]["status"] == "IN_QUEUE"
    assert told["status"]["status"] == "IN_PROGRESS"
    assert (told["waiting"]["status"], told["waiting"]["queue_position"]) == ("IN_QUEUE", 0)
    assert told["early"]["status"] == 400
    assert told["early"]["body"]["detail"] == "Request is still in progress"
    assert (told["ended"]["status"], told["ended"]["error_type"]) == ("COMPLETED", "client_cancelled")
    for error in told["results"]:
        assert (error["status"], error["body"]["error_type"]) == (499, "client_cancelled")
    assert (told["again"]["status"], told["again"]["body"]) == (400, {"status": "ALREADY_COMPLETED"})
    check_output(told["first"]["data"])


@shows("Calls", "upload", "upload of more than 90 MiB in parts", by=BOTH)
def test_uploads(javascript: JavaScript) -> None:
    told = javascript.run(
        """
const big = new Uint8Array(101 * 1024 * 1024).map((_, index) => index % 251);
const sent = [new File([new Uint8Array([1, 2, 3])], "a.bin"), new Blob([big])];
const urls = [];
for (const one of sent) urls.push(await fal.storage.upload(one, { lifecycle: { expiresIn: "1d" } }));
const fetched = await Promise.all(urls.map(async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer())));
tell({ sizes: fetched.map((one) => one.length), same: fetched[1].every((byte, index) => byte === big[index]), urls });
"""
    )
    assert told["sizes"] == [3, 101 * 1024 * 1024]
    assert told["same"] is True
    assert told["urls"][0].endswith("/a.bin")


@shows("Calls", "stream", by=BOTH)
def test_stream_ends_with_the_output(javascript: JavaScript) -> None:
    told = javascript.run(
        """
const stream = await fal.stream("fal-ai/qwen-image", { input: { prompt: "steps 2 0.1" } });
const events = [];
for await (const event of stream) events.push(event);
const bad = await wrong(async () => (await fal.stream("fal-ai/qwen-image", { input: { num_images: 9 } })).done());
tell({ events, done: await stream.done(), id: stream.requestId, bad });
"""
    )
    check_output(told["done"])
    assert told["events"][-1] == told["done"]
    assert len(told["id"]) == 36
    assert (told["bad"]["name"], told["bad"]["status"]) == ("ValidationError", 422)


@shows("Calls", "sync_mode", by=BOTH)
@shows("Errors", "an input that is wrong", "an unknown application", "an unknown request", "a wrong key", by=BOTH)
@shows("Errors", "a picture that cannot be fetched", by=BOTH)
def test_errors_are_the_clients_own(javascript: JavaScript) -> None:
    told = javascript.run(
        """
const app = "fal-ai/qwen-image";
const bad = { prompt: "x", num_images: 9 };
const edit = { prompt: "x", image_url: "http://127.0.0.1:1/none.png" };
tell({
  run: await wrong(() => fal.run(app, { input: bad })),
  subscribed: await wrong(() => fal.subscribe(app, { input: bad })),
  fetched: await wrong(() => fal.subscribe("fal-ai/qwen-image-edit", { input: edit })),
  unknown: await wrong(() => fal.run("fal-ai/no-such-thing", { input: {} })),
  request: await wrong(() => fal.queue.status(app, { requestId: "019e1951-c778-7120-9c82-16efcf40ec82" })),
  sync: (await fal.run(app, { input: { prompt: "x", sync_mode: true } })).data.images[0].url.slice(0, 22),
});
"""
    )
    for name in ("run", "subscribed"):
        error = told[name]
        assert (error["name"], error["status"]) == ("ValidationError", 422)
        assert error["fields"][0]["loc"] == ["body", "num_images"]
        assert error["requestId"]
    assert (told["fetched"]["status"], told["fetched"]["fields"][0]["type"]) == (422, "file_download_error")
    assert told["fetched"]["fields"][0]["loc"] == ["body", "image_url"]
    assert (told["unknown"]["status"], told["unknown"]["body"]["detail"]) == (
        404,
        'Application "no-such-thing" not found',
    )
    assert (told["request"]["status"], told["request"]["body"]) == (404, {"status": "NOT_FOUND"})
    assert told["sync"] == "data:image/png;base64,"


def test_a_wrong_key_is_told(javascript: JavaScript) -> None:
    told = javascript.run(
        'tell({ key: await wrong(() => fal.run("fal-ai/qwen-image", { input: { prompt: "x" } })) });',
        FAL_KEY="id:nobody",
    )
    assert (told["key"]["name"], told["key"]["status"]) == ("ApiError", 401)
    assert told["key"]["body"] == {"detail": "No user found for Key ID and Secret"}
