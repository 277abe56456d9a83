"""Webhooks: at least once each, leased by one at a time, later and later, dead in the end, replayed on demand."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import Failure, Job, JobState
from lamina.core.webhooks import Webhook
from lamina.fetch.fetcher import Fetcher
from lamina.jobs.end import announce, end
from lamina.jobs.follow import view
from lamina.jobs.reject import submit_refused
from lamina.jobs.submit import submit
from lamina.service.service import Service
from lamina.store import outbox
from lamina.webhooks.delivery import OutgoingRequest, deliver_due, keep_delivering, revive_refused
from lamina.webhooks.signing import MAX_ATTEMPTS
from services import Clock, Heard, new_key, request, run
from waiting import until_async

URL = "https://example.org/hook"


@dataclass
class Receiver:
    """Stands in for the fetcher: answers what it is told to, an error if that is one."""

    answers: list[int | LaminaError] = field(default_factory=list)
    got: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)
    allow_private_urls: bool = False

    def check(self, url: str) -> None: ...

    async def send(
        self, method: str, url: str, body: bytes, headers: dict[str, str], _timeout_s: float
    ) -> tuple[int, bytes]:
        assert method == "POST"
        self.got.append((url, body, dict(headers)))
        await asyncio.sleep(0)
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, LaminaError):
            raise answer
        return answer, b"an answer"


def letter(webhook: Webhook, job: Job, at: float) -> OutgoingRequest:
    return OutgoingRequest(f"{job.id} {job.state}".encode(), {"event": webhook.id, "at": str(at)})


WRITERS = {"native": letter}


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def service(service: Service, receiver: Receiver) -> Service:
    return replace(service, fetcher=receiver)


async def ended_job(service: Service, **changes: object) -> Job:
    key = await asyncio.to_thread(new_key, service)
    job = await submit(service, key, request(**{"webhook_url": URL, **changes}))
    after = await service.database.write(lambda c: end(c, service, job.id, None, JobState.CANCELLED))
    announce(service, after)
    return job


def in_state(service: Service, state: str) -> list[Webhook]:
    return service.database.write_now(lambda connection: outbox.in_state(connection, state))


def test_a_webhook_tells_of_its_job_once_it_is_taken(service: Service, receiver: Receiver) -> None:
    job = run(ended_job(service))
    assert run(deliver_due(service, WRITERS)) == 1
    assert run(deliver_due(service, WRITERS)) == 0
    [(url, body, _)] = receiver.got
    assert (url, body) == (URL, f"{job.id} cancelled".encode())
    assert [one.last_status for one in in_state(service, outbox.DELIVERED)] == [200]


@pytest.mark.parametrize("answer", [500, 404, 301, LaminaError(ErrorCode.ADDRESS_UNREACHABLE, "no answer")])
def test_what_is_not_taken_comes_again_later_with_the_same_event_id(
    service: Service, receiver: Receiver, clock: Clock, answer: int | LaminaError
) -> None:
    receiver.answers = [answer]
    run(ended_job(service))
    run(deliver_due(service, WRITERS))
    [waiting] = in_state(service, outbox.PENDING)
    assert waiting.attempts == 1
    assert "answer" in (waiting.last_error or "")
    assert waiting.next_at > clock.now
    clock.now = waiting.next_at
    run(deliver_due(service, WRITERS))
    assert len({headers["event"] for _, _, headers in receiver.got}) == 1
    assert len({headers["at"] for _, _, headers in receiver.got}) == 2  # signed anew
    assert len(in_state(service, outbox.DELIVERED)) == 1


def test_after_the_last_attempt_it_is_dead_and_can_be_replayed(
    service: Service, receiver: Receiver, clock: Clock
) -> None:
    receiver.answers = [503] * MAX_ATTEMPTS
    run(ended_job(service))
    for _ in range(MAX_ATTEMPTS):
        run(deliver_due(service, WRITERS))
        clock.now += 8 * 3600
    assert len(receiver.got) == MAX_ATTEMPTS
    [dead] = in_state(service, outbox.DEAD)
    assert (dead.attempts, dead.last_status) == (MAX_ATTEMPTS, 503)
    assert run(deliver_due(service, WRITERS)) == 0
    service.database.write_now(lambda connection: outbox.replay(connection, [dead.id], clock.now))
    assert run(deliver_due(service, WRITERS)) == 1
    assert len(in_state(service, outbox.DELIVERED)) == 1
    assert isinstance(service.observer, Heard)
    outcomes = [what for kind, what in service.observer.told if kind == "webhook"]
    assert outcomes == ["failed"] * (MAX_ATTEMPTS - 1) + ["dead", "delivered"]


def test_many_who_deliver_at_once_send_each_webhook_once(service: Service, receiver: Receiver) -> None:
    async def scenario() -> None:
        for _ in range(10):
            await ended_job(service)
        while sum(await asyncio.gather(*(deliver_due(service, WRITERS) for _ in range(4)))):
            pass

    run(scenario())
    assert len(receiver.got) == len({headers["event"] for _, _, headers in receiver.got}) == 10


def test_one_that_nobody_can_write_is_dead_and_holds_up_nobody(service: Service, receiver: Receiver) -> None:
    run(ended_job(service, dialect="unknown"))
    job = run(ended_job(service))
    run(deliver_due(service, WRITERS))
    assert [body for _, body, _ in receiver.got] == [f"{job.id} cancelled".encode()]
    assert len(in_state(service, outbox.DEAD)) == 1


def test_one_that_we_get_wrong_is_tried_again_and_holds_up_nobody(service: Service, receiver: Receiver) -> None:
    bad = run(ended_job(service, model="bad"))
    good = run(ended_job(service))

    def writer(webhook: Webhook, job: Job, at: float) -> OutgoingRequest:
        if job.id == bad.id:
            raise KeyError("missing")
        return letter(webhook, job, at)

    run(deliver_due(service, {"native": writer}))
    assert [body for _, body, _ in receiver.got] == [f"{good.id} cancelled".encode()]
    assert [one.last_error for one in in_state(service, outbox.PENDING)] == ["it could not be sent: KeyError"]


def test_a_webhook_is_sent_as_soon_as_its_job_ends(service: Service, receiver: Receiver) -> None:
    async def scenario() -> None:
        delivering = asyncio.create_task(keep_delivering(service, WRITERS))
        await asyncio.sleep(0)
        await ended_job(service)
        await until_async(lambda: receiver.got, "the webhook was sent")
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)

    run(asyncio.wait_for(scenario(), 10.0))


async def resolved(host: str, _port: int) -> list[str]:
    """Of three names; one of them is unknown until somebody registers it."""
    known = {"inside.example": ["10.0.0.7"], "both.example": ["93.184.215.14", "127.0.0.1"], **REGISTERED}
    if host not in known:
        raise OSError("no such name")
    return known[host]


REGISTERED: dict[str, list[str]] = {}


def with_reach(service: Service, allow_private: bool = False) -> Service:
    return replace(service, fetcher=Fetcher(allow_private, timeout_s=5, resolver=resolved))


@pytest.mark.parametrize("host", ["inside.example", "both.example"])
def test_a_name_that_leads_inside_is_dead_at_once(service: Service, host: str) -> None:
    real = with_reach(service)
    job = run(ended_job(real, webhook_url=f"https://{host}/hook"))
    assert run(deliver_due(real, WRITERS)) == 1
    (dead,) = in_state(real, outbox.DEAD)
    assert (dead.job_id, dead.attempts, dead.is_refused) == (job.id, 1, True)
    assert "private or reserved" in (dead.last_error or "")
    assert "10.0.0.7" not in (dead.last_error or "")
    (shown,) = run(view(real, job.key_id, job.id)).webhooks
    assert (shown.state, shown.last_error) == (outbox.DEAD, dead.last_error)


def test_a_name_that_does_not_resolve_for_now_is_tried_again(service: Service, clock: Clock) -> None:
    real = with_reach(service)
    run(ended_job(real, webhook_url="https://later.example/hook"))
    run(deliver_due(real, WRITERS))
    (waiting,) = in_state(real, outbox.PENDING)
    assert "no host named later.example" in (waiting.last_error or "")
    assert waiting.next_at > clock.now


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://127.0.0.1:8080/hook", "http://10.1.2.3/", "http://169.254.169.254/latest/",
        "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[fe80::1]/",
        "http://[fe80::1%25eth0]/", "http://[64:ff9b::7f00:1]/", "http://0.0.0.0/", "http://2130706433/",
        "http://0x7f000001/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/", "http://127.0.0.1./",
        "http://localhost/", "http://LOCALHOST:9/", "http://localhost./", "http://a.localhost/", "http://localhost../",
        "http://１２７.0.0.1/", "http://127。0。0。1/", "http://user@example.org/", "http://user:pw@example.org/",
        "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "http://example.org:0/",
        "http://example.org:65536/", "http://example.org:x/", "http://example.org:-1/", "//example.org/", "http:///x",
    ],
)  # fmt: skip
def test_an_address_that_can_never_be_allowed_is_refused_at_the_submit(service: Service, url: str) -> None:
    real = with_reach(service)
    key = new_key(real)
    for wanted in (request(webhook_url=url), request(upload_url=url)):
        with pytest.raises(LaminaError) as caught:
            run(submit(real, key, wanted))
        assert caught.value.code is ErrorCode.ADDRESS_REFUSED
    with pytest.raises(LaminaError) as caught:
        run(submit_refused(real, key, request(webhook_url=url), Failure("task_invalid", "It was wrong.")))
    assert caught.value.code is ErrorCode.ADDRESS_REFUSED


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/", "http://localhost/", "http://[fd00::1]/"])
def test_ones_own_network_is_taken_where_it_is_allowed_but_no_metadata_service(service: Service, url: str) -> None:
    real = with_reach(service, allow_private=True)
    assert run(submit(real, new_key(real), request(webhook_url=url))).request.webhook_url == url
    with pytest.raises(LaminaError):
        run(submit(real, new_key(real), request(webhook_url="http://169.254.169.254/")))


def test_what_was_refused_is_sent_once_the_setting_allows_it(
    service: Service, receiver: Receiver, clock: Clock
) -> None:
    before = with_reach(service)
    job = run(ended_job(before, webhook_url="https://inside.example/hook"))
    run(deliver_due(before, WRITERS))
    assert run(revive_refused(before)) == 0
    receiver.allow_private_urls = True
    after = replace(service, fetcher=receiver)
    assert run(revive_refused(after)) == 1
    assert run(deliver_due(after, WRITERS)) == 1
    assert [one.job_id for one in in_state(after, outbox.DELIVERED)] == [job.id]
    again = run(ended_job(before, webhook_url="https://inside.example/hook"))
    run(deliver_due(before, WRITERS))
    clock.now += 50 * 3600
    assert run(revive_refused(after)) == 0
    assert [one.job_id for one in in_state(after, outbox.DEAD)] == [again.id]
