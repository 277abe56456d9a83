"""Each API signs its webhooks as its receivers check them, or not at all."""

from collections.abc import Mapping

import pytest

from lamina.api.fal.webhooks import fal_writer
from lamina.api.native.webhooks import native_writer
from lamina.api.pixazo.webhooks import pixazo_writer
from lamina.api.runware.webhooks import runware_writer
from lamina.core.jobs import Job, JobState
from lamina.core.webhooks import PENDING, Webhook
from lamina.service.service import Service
from lamina.webhooks.delivery import OutgoingRequest
from lamina.webhooks.signing import new_key
from services import request, run

EXTRA = {"model_id": "qwen-image", "task_uuid": "1e7f7b8e-8d3c-4d0e-9c1b-0a5a4f0c1d2e"}
WEBHOOK = Webhook(
    id="event-1",
    job_id="job-1",
    key_id="key-1",
    event="completed",
    url="https://example.org/hook",
    state=PENDING,
    attempts=1,
    next_at=0.0,
    last_status=None,
    last_error=None,
    created_at=0.0,
    ended_at=None,
)


def headers_of(service: Service, dialect: str) -> Mapping[str, str]:
    key = new_key()
    writers = {
        "native": native_writer(service, key),
        "fal": fal_writer(service, key),
        "pixazo": pixazo_writer(service),
        "runware": runware_writer(service),
    }
    job = Job(
        id="job-1",
        key_id="key-1",
        request=request(dialect=dialect, extra=EXTRA),
        state=JobState.CANCELLED,
        attempt=0,
        created_at=0.0,
        queued_at=0.0,
        price_micros=0,
    )
    letter = writers[dialect](WEBHOOK, job, 1_760_000_000.0)
    return (letter if isinstance(letter, OutgoingRequest) else run(letter)).headers


@pytest.mark.parametrize("dialect", ["pixazo", "runware"])
def test_vendors_that_sign_nothing_get_no_headers(service: Service, dialect: str) -> None:
    assert headers_of(service, dialect) == {"Content-Type": "application/json"}


@pytest.mark.parametrize(("dialect", "name"), [("native", "webhook-signature"), ("fal", "X-Fal-Webhook-Signature")])
def test_the_others_are_signed(service: Service, dialect: str, name: str) -> None:
    headers = headers_of(service, dialect)
    assert headers["Content-Type"] == "application/json"
    assert headers[name]
