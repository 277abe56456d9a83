"""Webhooks: at least once each, leased by one at a time, later and later, dead in the end, replayed on demand."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import Job, JobState
from lamina.service.delivering import Letter, deliver_due, keep_delivering
from lamina.service.ending import announce, end
from lamina.service.service import Service
from lamina.service.signing import MAX_ATTEMPTS
from lamina.service.submitting import submit
from lamina.store import outbox
from lamina.store.outbox import Webhook
from services import Clock, Heard, new_key, request, run

URL = "https://example.org/hook"


@dataclass
class Receiver:
    """Stands in for the fetcher: answers what it is told to, an error if that is one."""

    answers: list[int | LaminaError] = field(default_factory=list)
    got: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)

    async def post(self, url: str, body: bytes, headers: dict[str, str], _timeout_s: float) -> tuple[int, bytes]:
        self.got.append((url, body, dict(headers)))
        await asyncio.sleep(0)
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, LaminaError):
            raise answer
        return answer, b"an answer"


def letter(webhook: Webhook, job: Job, at: float) -> Letter:
    return Letter(f"{job.id} {job.state}".encode(), {"event": webhook.id, "at": str(at)})


WRITERS = {"native": letter}


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def service(service: Service, receiver: Receiver) -> Service:
    return replace(service, fetcher=receiver)


async def ended_job(service: Service, **changes: object) -> Job:
    key = await asyncio.to_thread(new_key, service)
    job = await submit(service, key, request(webhook_url=URL, **changes))
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

    def writer(webhook: Webhook, job: Job, at: float) -> Letter:
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
        while not receiver.got:
            await asyncio.sleep(0.01)
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)

    run(asyncio.wait_for(scenario(), 10.0))
