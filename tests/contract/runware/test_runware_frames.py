"""The framing rules, frame by frame: what SDKs trip over, and what no SDK would send."""

import asyncio
import json
import uuid
from typing import Any

import pytest
from compat import shows
from sockets import at_home, bare, generation, run, task
from websockets.exceptions import ConnectionClosed

from serving import Served
from waiting import completed

PATHS = ["/v1", "/runware/v1", "/", "/v1?sdk=js&version=1.3.2"]


@shows("Connection", "WebSocket at /v1, /runware/v1 and /", "authentication", "connectionSessionUUID")
@pytest.mark.parametrize("path", PATHS)
def test_the_socket_is_at_three_paths(lamina_server: Served, path: str) -> None:
    async def talk() -> None:
        async with bare(lamina_server.url, path) as socket:
            assert uuid.UUID(await socket.authenticate(lamina_server.key)).version == 4

    run(talk())


@shows("Connection", "HTTP POST at /v1, /runware/v1 and /", "Authorization: Bearer")
@pytest.mark.parametrize("path", PATHS[:3])
def test_posts_are_taken_at_three_paths(lamina_server: Served, path: str) -> None:
    answer = lamina_server.client.post(path, json=[generation()])
    assert answer.status_code == 200
    assert list(answer.json()) == ["data"]


@shows("Connection", "authentication as the first task of a POST")
def test_a_post_may_bring_its_key_as_its_first_task(lamina_server: Served) -> None:
    with lamina_server.as_key("") as client:
        del client.headers["Authorization"]
        greeting = {"taskType": "authentication", "apiKey": lamina_server.key}
        answer = client.post("/v1", json=[greeting, generation()])
        assert len(answer.json()["data"]) == 1
        assert client.post("/v1", json=[greeting]).json()["data"][0]["connectionSessionUUID"]
        refused = client.post("/v1", json=[generation()])
    assert refused.status_code == 401
    assert refused.json()["errors"][0]["code"] == "missingApiKey"


@shows("Connection", "ping")
def test_a_ping_is_answered_in_a_frame_of_its_own(lamina_server: Served) -> None:
    async def talk() -> None:
        async with bare(lamina_server.url) as socket:
            ping = {"taskType": "ping", "ping": True}
            assert await socket.ask(ping) == [{"taskType": "ping", "pong": True}]
            await socket.authenticate(lamina_server.key)
            await socket.say(ping, task("modelSearch"), ping)
            frames = [await socket.data() for _ in range(3)]
            assert all(len(frame) == 1 for frame in frames)
            assert sum(frame[0].get("pong") is True for frame in frames) == 2

    run(talk())


@shows("Errors", "invalidApiKey", "missingApiKey")
def test_a_bad_key_is_told_once_and_the_socket_stays(lamina_server: Served) -> None:
    async def talk() -> None:
        async with bare(lamina_server.url) as socket:
            await socket.say({"taskType": "authentication", "apiKey": "wrong"})
            error = await socket.error()
            assert (error["code"], error["taskType"]) == ("invalidApiKey", "authentication")
            assert "taskUUID" not in error
            first = task("modelSearch")
            await socket.say(first)
            assert (await socket.error())["taskUUID"] == first["taskUUID"]
            await socket.authenticate(lamina_server.key)

    run(talk())


BAD_FRAMES: dict[str, str | bytes] = {
    "not JSON": "{",
    "nothing": "",
    "not an array": '{"taskType": "ping"}',
    "an array of no tasks": "[1]",
    "no task": "[]",
    "a number that is none": '[{"taskType": "ping", "ping": NaN}]',
    "10 MiB of nesting": "[" * (10 << 20),
    "10 MiB of nested objects": '[{"a":' * (2 << 20),
    "bytes": b"[1]",
    "half a letter": '["\\ud800"]',
}


@shows("Errors", "messages that are no tasks")
@pytest.mark.parametrize("text", BAD_FRAMES.values(), ids=BAD_FRAMES)
def test_what_is_no_message_is_an_error_and_the_socket_stays(lamina_server: Served, text: str | bytes) -> None:
    async def talk() -> None:
        async with at_home(lamina_server.url, lamina_server.key) as socket:
            await socket.say_text(text)
            assert (await socket.error())["code"] in ("invalidParameter", "arrayTooSmall")
            assert await socket.ask({"taskType": "ping", "ping": True})

    run(talk())
    answer = lamina_server.client.post("/v1", content=text)
    assert answer.status_code == 400
    assert list(answer.json()) == ["errors"]


@shows("Errors", "arrayTooLarge")
def test_a_thousand_tasks_at_once_are_too_many(lamina_server: Served) -> None:
    async def talk() -> None:
        async with at_home(lamina_server.url, lamina_server.key) as socket:
            await socket.say(*[generation() for _ in range(1000)])
            error = await socket.error()
            assert (error["code"], error["max"]) == ("arrayTooLarge", 100)

    run(talk())


BAD_TASKS: dict[str, tuple[dict[str, Any], str, str]] = {
    "no type": ({"taskUUID": str(uuid.uuid4())}, "missingParameter", "taskType"),
    "a type that is none": (task("videoInference"), "unsupportedTaskType", "taskType"),
    "a type that is no text": ({"taskType": 5}, "missingParameter", "taskType"),
    "no UUID": ({"taskType": "imageInference", "model": "runware:108@1"}, "missingParameter", "taskUUID"),
    "a UUID of version 1": (generation(taskUUID=str(uuid.uuid1())), "invalidParameter", "taskUUID"),
    "a UUID that is no text": (generation(taskUUID=7), "invalidParameter", "taskUUID"),
    "a key that is unknown": (generation(lyrics="la"), "unsupportedParameter", "lyrics"),
    "a model that is unknown": (generation(model="civitai:1@1"), "invalidModel", "model"),
    "a width that is too small": (generation(width=112), "invalidWidth", "width"),
    "a task that is not there": (task("getResponse"), "taskNotFound", "taskUUID"),
    "details of what is not there": (task("getTaskDetails"), "taskNotFound", "taskUUID"),
    "a LoRA that is unknown": (generation(lora=[{"model": "a:b@c"}]), "unsupportedLoraModel", "lora.model"),
    "a picture that is unknown": (
        generation(inputs={"seedImage": str(uuid.uuid4())}), "mediaNotFound", "inputs"),
    "a picture that is none": (
        generation(inputs={"seedImage": "data:image/png;base64,AAAA"}), "invalidReferenceImage", "inputs"),
    "an upload of no picture": (task("imageUpload", image="data:image/png;base64,AAAA"), "invalidParameter", "image"),
    "media that are not there": (
        task("mediaStorage", operation="delete", media="x"), "invalidParameter", "media"),
    "an account's other operation": (
        task("accountManagement", operation="getUsageErrors"), "invalidParameter", "operation"),
    "too long a search": (task("modelSearch", limit=101), "invalidParameter", "limit"),
}  # fmt: skip


@shows("Errors", "code", "message", "parameter", "type", "taskType", "taskUUID", "min", "max", "allowedValues")
@pytest.mark.parametrize(("sent", "code", "parameter"), BAD_TASKS.values(), ids=BAD_TASKS)
def test_a_bad_task_is_an_error_of_its_own(lamina_server: Served, sent: Any, code: str, parameter: str) -> None:
    async def talk() -> None:
        async with at_home(lamina_server.url, lamina_server.key) as socket:
            await socket.say(sent)
            check(await socket.error())

    def check(error: dict[str, Any]) -> None:
        assert (error["code"], error["parameter"]) == (code, parameter)
        if isinstance(sent.get("taskUUID"), str):
            assert error["taskUUID"] == sent["taskUUID"]

    run(talk())
    if sent.get("taskType") in ("imageUpload", "mediaStorage"):
        sent = {**sent, "taskUUID": str(uuid.uuid4())}
    answer = lamina_server.client.post("/v1", json=[sent])
    assert 400 <= answer.status_code < 500
    check(answer.json()["errors"][0])


@shows("Errors", "one task a frame")
def test_two_errors_come_in_two_frames(lamina_server: Served) -> None:
    async def talk() -> None:
        async with at_home(lamina_server.url, lamina_server.key) as socket:
            await socket.say(generation(width=1), generation(height=1))
            codes = {(await socket.error())["code"] for _ in range(2)}
            assert codes == {"invalidWidth", "invalidHeight"}

    run(talk())


@shows("Errors", "conflictTaskUUID", "context")
def test_a_uuid_is_used_once_even_at_the_same_time(lamina_server: Served) -> None:
    async def talk() -> None:
        async with at_home(lamina_server.url, lamina_server.key) as socket:
            same = generation()
            await socket.say(same, same)
            frames = sorted([await socket.hear(), await socket.hear()], key=list)
            assert [list(frame) for frame in frames] == [["data"], ["errors"]]
            (error,) = frames[1]["errors"]
            assert error["code"] == "conflictTaskUUID"
            assert error["context"]["taskUUID"] == error["taskUUID"] == same["taskUUID"]
            await socket.say({**task("imageUpload", image="data:image/png;base64,AAAA"), "taskUUID": same["taskUUID"]})
            assert (await socket.error())["code"] == "conflictTaskUUID"

    run(talk())
    same = generation()
    assert lamina_server.client.post("/v1", json=[same]).status_code == 200
    again = lamina_server.client.post("/v1", json=[same])
    assert (again.status_code, again.json()["errors"][0]["code"]) == (400, "conflictTaskUUID")


@shows("imageInference", "deliveryMethod")
@shows("getResponse", "status", "progress", "imageUUID while processing")
def test_an_acknowledgement_has_nothing_of_a_result(lamina_server: Served) -> None:
    async def talk() -> None:
        async with at_home(lamina_server.url, lamina_server.key) as socket:
            sent = generation(deliveryMethod="async", positivePrompt="steps 3 0.2")
            told = {"taskType": "imageInference", "taskUUID": sent["taskUUID"]}
            assert await socket.ask(sent) == [told]
            (item,) = await socket.ask({"taskType": "getResponse", "taskUUID": sent["taskUUID"]})
            assert item.items() >= {**told, "status": "processing"}.items()
            assert "imageURL" not in item

    run(talk())


@shows("imageInference", "numberResults", "seed")
def test_results_come_one_by_one_as_they_are_ready(lamina_server: Served) -> None:
    async def talk() -> None:
        async with at_home(lamina_server.url, lamina_server.key) as socket:
            await socket.say(generation(numberResults=3, seed=5))
            frames = [await socket.data() for _ in range(3)]
            assert sorted(item["seed"] for frame in frames for item in frame) == [5, 6, 7]
            assert len({frame[0]["imageUUID"] for frame in frames}) == 3

    run(talk())


@shows("Connection", "resume by connectionSessionUUID")
def test_what_a_lost_connection_missed_comes_to_the_next(lamina_server: Served) -> None:
    sent = generation(positivePrompt="steps 2 0.3")

    async def talk() -> None:
        async with bare(lamina_server.url) as lost:
            session = await lost.authenticate(lamina_server.key)
            await lost.say(sent)
            await lost.say({"taskType": "ping", "ping": True})
            await lost.data()  # so that the task has been read
            lost.connection.transport.abort()
        async with bare(lamina_server.url) as socket:
            again = await socket.authenticate(lamina_server.key, connectionSessionUUID=session)
            assert again == session
            (item,) = await socket.data()
            assert item["taskUUID"] == sent["taskUUID"]
            assert item["imageURL"]

    run(talk())


def test_a_session_is_nobody_elses(lamina_server: Served) -> None:
    async def talk() -> None:
        async with bare(lamina_server.url) as socket:
            other = str(uuid.uuid4())
            assert await socket.authenticate(lamina_server.key, connectionSessionUUID=other) != other

    run(talk())


@shows("imageInference", "a task goes on when its connection is lost")
def test_a_task_goes_on_without_its_client(lamina_server: Served) -> None:
    sent = generation(positivePrompt="steps 2 0.2")

    async def talk() -> None:
        async with at_home(lamina_server.url, lamina_server.key) as socket:
            await socket.say(sent)
            await socket.ask({"taskType": "ping", "ping": True})
        while True:
            body = [{"taskType": "getResponse", "taskUUID": sent["taskUUID"]}]
            answer = await asyncio.to_thread(lamina_server.client.post, "/v1", json=body)
            if answer.status_code == 200 and answer.json()["data"][0]["status"] == "success":
                return
            assert answer.status_code == 200 or answer.json()["errors"][0]["code"] == "taskNotFound"

    completed(asyncio.wait_for(talk(), 30))


def test_http_tells_what_went_well_beside_what_did_not(lamina_server: Served) -> None:
    answer = lamina_server.client.post("/v1", json=[generation(), generation(width=1)])
    assert answer.status_code == 200
    assert (len(answer.json()["data"]), len(answer.json()["errors"])) == (1, 1)


@shows("Connection", "X-Runware-Dry-Run")
def test_a_dry_run_tells_the_price_and_does_nothing(lamina_server: Served) -> None:
    sent = generation(numberResults=2)
    dry = lamina_server.client.post("/v1", json=[sent], headers={"X-Runware-Dry-Run": "1"}).json()["data"]
    assert dry[0]["cost"] == pytest.approx(0.09)
    assert lamina_server.client.post("/v1", json=[sent]).status_code == 200  # its UUID was not used


def test_a_large_message_is_taken_and_too_large_a_one_is_not(lamina_server: Served) -> None:
    async def talk() -> None:
        async with at_home(lamina_server.url, lamina_server.key) as socket:
            await socket.say(task("modelSearch", search="x" * (20 << 20)))
            assert (await socket.error())["parameter"] == "search"
            with pytest.raises(ConnectionClosed):
                await socket.say_text(json.dumps("x" * (160 << 20)))
                await socket.hear()

    run(talk())
