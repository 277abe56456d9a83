"""What the service has done, as the native JSON tells it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from lamina.api.native.rendering import (
    render_event,
    render_job,
    render_stack,
    render_wallet,
    render_webhook_body,
)
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.job_results import LayerFile, LayerGroup, ResultFile, StackResult
from lamina.core.jobs import AbsentTask, Failure, Job, JobEvent, JobRequest, JobState, Progress
from lamina.core.keys import ApiKey
from lamina.core.tasks import TaskKind
from lamina.core.text_styles import TextShadow, TextStyle
from lamina.core.wallets import LedgerEntry
from lamina.jobs.follow import JobView
from lamina.stacks.revisions.sources import stack_file

ID = "0199a2f0-1c2d-7e3f-8a4b-5c6d7e8f9a0b"
LAYER = LayerFile(
    file="l0",
    content_type="image/png",
    size=9,
    width=4,
    height=3,
    name="Background",
    kind="background",
    bbox=(0, 0, 4, 3),
)
STACK = StackResult(
    engine="classic",
    width=4,
    height=3,
    layers=(LAYER,),
    flat=ResultFile(file="f", content_type="image/png", size=9, width=4, height=3),
    stack=ResultFile(file="s", content_type="application/zip", size=9, width=4, height=3),
)


def job(state: JobState = JobState.SUCCEEDED, kind: TaskKind = TaskKind.DECOMPOSE, **fields: Any) -> Job:
    request = JobRequest(task=AbsentTask(kind), model="qwen-image-layered")
    times = {"created_at": 1000.0, "queued_at": 1000.0}
    return Job(id=ID, key_id="key", request=request, state=state, attempt=1, price_micros=50_000, **times, **fields)


def address(file_id: str, media_type: str) -> str:
    return f"http://here/files/{file_id}?of={media_type}"


def test_a_queued_job_tells_its_place() -> None:
    shown = render_job(JobView(job(JobState.QUEUED), 3, 12.3456), address)
    assert (shown.position, shown.eta_s, shown.progress, shown.result) == (3, 12.346, None, None)
    assert (shown.created_at, shown.price_usd, shown.charged_usd) == ("1970-01-01T00:16:40.000Z", "0.05", "0.00")
    assert shown.links.stack is None


def test_a_running_job_tells_where_it_is() -> None:
    running = job(
        JobState.RUNNING,
        started_at=1001.5,
        progress=Progress(stage="step 2 of 4", share=0.5, step=2, steps=4, eta_s=1.0),
    )
    shown = render_job(JobView(running, None, 1.0), address)
    assert shown.progress is not None
    assert (shown.progress.stage, shown.progress.step, shown.progress.steps, shown.waited_s) == (
        "step 2 of 4",
        2,
        4,
        1.5,
    )


def test_a_failure_is_told_with_what_to_do() -> None:
    failed = job(JobState.FAILED, failure=Failure("input_corrupt", "It is damaged.", "Get another."))
    error = render_job(JobView(failed), address).error
    assert error is not None
    assert (error.code, error.message, error.hint) == ("input_corrupt", "It is damaged.", "Get another.")


def test_a_stack_has_an_address_a_layer_and_a_file_a_format() -> None:
    done = job(result=STACK)
    shown = render_stack(done, STACK, address)
    assert shown.layers[0].url == "http://here/files/l0?of=image/png"
    assert (shown.layers[0].id, shown.layers[0].bbox) == ("l0", [0, 0, 4, 3])
    assert shown.files["psd"] == f"/v1/stacks/{ID}.psd"
    assert set(shown.files) == {"psd", "ora", "pptx", "svg", "tiff", "webp", "zip"}
    assert stack_file(done) == "s"
    assert render_job(JobView(done), address).links.stack == f"/v1/stacks/{ID}"


def test_a_text_layer_tells_how_it_is_set() -> None:
    shadow = TextShadow(colour=(0, 0, 0), offset_px=(4.0, 5.0), blur_px=2.0, opacity=0.5)
    style = TextStyle(size_px=88.0, colour=(250, 16, 3), shadow=shadow, script="Latn")
    stack = replace(STACK, layers=(LAYER, replace(LAYER, text="SALE", style=style)))
    ground, text = json.loads(render_stack(job(result=stack), stack, address).model_dump_json())["layers"]
    assert ground["style"] is None
    assert (text["style"]["size_px"], text["style"]["colour"]) == (88.0, [250, 16, 3])
    assert text["style"]["alignment"] == "left"
    assert text["style"]["shadow"]["offset_px"] == [4.0, 5.0]


def test_groups_are_listed_and_named_by_their_layers() -> None:
    groups = (LayerGroup(name="Card", kind="panel", is_locked=True), LayerGroup(name="Text", kind="text", parent=0))
    stack = replace(STACK, layers=(LAYER, replace(LAYER, group=1)), groups=groups)
    body = json.loads(render_stack(job(result=stack), stack, address).model_dump_json())
    assert [layer["group"] for layer in body["layers"]] == [None, 1]
    assert body["groups"] == [
        {"name": "Card", "kind": "panel", "is_hidden": False, "is_locked": True, "parent": None},
        {"name": "Text", "kind": "text", "is_hidden": False, "is_locked": False, "parent": 0},
    ]


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (job(JobState.RUNNING), ErrorCode.STATE_CONFLICT),
        (job(JobState.FAILED), ErrorCode.STATE_CONFLICT),
        (job(), ErrorCode.NOT_FOUND),  # its pictures were removed
        (job(kind=TaskKind.EDIT), ErrorCode.NOT_FOUND),
    ],
)
def test_there_may_be_no_stack(one: Job, code: ErrorCode) -> None:
    with pytest.raises(LaminaError) as caught:
        stack_file(one)
    assert caught.value.code is code


def test_an_event_is_one_line_however_many_its_words_have() -> None:
    told = render_event(JobEvent(ID, 7, 1000.0, "log", {"line": "one\n\ndata: two\r"}), address)
    head, data, *rest = told.decode().split("\ndata: ")
    assert head == "id: 7\nevent: log"
    assert rest == []
    assert json.loads(data)["line"] == "one\n\ndata: two\r"
    assert told.endswith(b"\n\n")
    assert told.count(b"\n") == 4


def test_a_letter_is_the_job_with_the_event_around_it() -> None:
    body = json.loads(render_webhook_body("event", job(result=STACK), 2000.0, address))
    assert (body["id"], body["type"], body["timestamp"]) == ("event", "job.succeeded", "1970-01-01T00:33:20.000Z")
    assert body["data"]["id"] == ID
    assert body["data"]["result"]["layers"][0]["name"] == "Background"


def test_a_wallet_is_in_dollars() -> None:
    entry = LedgerEntry(id=2, key_id="k", job_id=ID, kind="hold", amount_micros=-45_000, at=5.0, note="nano")
    shown = render_wallet(ApiKey(id="k", prefix="lam_", name="", created_at=0.0), 955_000, [entry])
    assert (shown.balance_usd, shown.entries[0].amount_usd, shown.entries[0].job) == ("0.955", "-0.045", ID)
