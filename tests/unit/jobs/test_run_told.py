"""What an engine says of a run is kept to its last word, however the run ends."""

from collections.abc import Callable
from typing import Any

import pytest

from lamina.core.errors import ErrorCode
from lamina.core.jobs import Failure, JobState
from lamina.core.keys import ApiKey
from lamina.core.log_context import LINE_FIELDS
from lamina.core.tasks import GenerateTask
from lamina.jobs.run.agent import Agent
from lamina.jobs.submit import submit
from lamina.service.service import Service
from lamina.store import events
from lamina.worker.host import EngineLost
from lamina.worker.protocol import LogLine, Loss, RunOrder, RunOutcome
from services import PRICE, balance, job_now, new_key, request, run

REFUSED = RunOutcome(failure=Failure(ErrorCode.TASK_INVALID, "It cannot be done.", "Ask for something else."))


class TalkativeEngine:
    """Says two things and is gone at once, so that nobody had time to write them down."""

    def __init__(self, outcome: RunOutcome | Exception) -> None:
        self.outcome = outcome

    async def start(self) -> None:
        pass

    async def run(self, _order: RunOrder, hear: Callable[[Any], None]) -> RunOutcome:
        hear(Loss(1, 0.5))
        hear(LogLine("last words"))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def ran(service: Service, key: ApiKey, outcome: RunOutcome | Exception) -> str:
    """The id of a job that an agent has given to such an engine."""
    engine: Any = TalkativeEngine(outcome)

    async def whole() -> str:
        job = await submit(service, key, request(task=GenerateTask("a tree")))
        agent = Agent(service, engine)
        await agent.register()
        await agent.run(job.id, lambda: None)
        return job.id

    return run(whole())


@pytest.mark.parametrize("outcome", [REFUSED, EngineLost("killed", ())], ids=["ended", "lost"])
def test_the_last_words_are_kept(service: Service, outcome: RunOutcome | Exception) -> None:
    job_id = ran(service, new_key(service), outcome)
    told = service.database.write_now(lambda connection: events.after(connection, job_id, 0))
    kinds = [event.kind for event in told]
    assert kinds.count("loss") == kinds.count("log") == 1
    if outcome is REFUSED:
        assert job_now(service, job_id).state is JobState.FAILED
        assert kinds[-1] == "state"


def test_an_engines_own_fault_ends_the_job_at_once_and_costs_nothing(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    failure = Failure(
        ErrorCode.ENGINE_FAILED, "The engine failed (TypeError). Fault 1a2b3c4d.", "Ask for another size."
    )
    facts, traceback = {"fault_id": "1a2b3c4d"}, "Traceback (most recent call last):\nTypeError: secret"
    key = new_key(service, credit_micros=PRICE)
    job_id = ran(service, key, RunOutcome(failure=failure, traceback=traceback, **facts))
    after = job_now(service, job_id)
    assert (after.state, after.attempt, after.failure) == (JobState.ERRORED, 1, failure)
    assert balance(service, key) == PRICE
    line, _end = (record for record in caplog.records if record.levelname == "ERROR")
    assert getattr(line, LINE_FIELDS) == {"error_code": "engine_failed", "exception": traceback, **facts}
    told = service.database.write_now(lambda connection: events.after(connection, job_id, 0))
    assert "secret" not in str(told)
